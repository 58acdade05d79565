"""Sessions as pyVmomi sees them."""

import datetime

import pytest
from pyVim.connect import SmartStubAdapter
from pyVmomi import vim

from harness import unverified


@pytest.fixture
def anonymous(server):
    """A function: a service instance that never logged in."""

    def make(to=server):
        stub = SmartStubAdapter(host=to.host, port=to.port, path="/sdk", sslContext=unverified())
        return vim.ServiceInstance("ServiceInstance", stub)

    return make


def session_keys(si):
    return {session.key for session in si.content.sessionManager.sessionList}


def test_login_gives_the_session_of_the_user(connect):
    si = connect(user="alice", password="secret")
    session = si.content.sessionManager.currentSession
    assert session.userName.lower().endswith("alice")
    assert session.key
    assert session.callCount >= 0
    assert session.loginTime <= si.CurrentTime()


def test_logout_ends_the_session(anonymous):
    si = anonymous()
    manager = si.content.sessionManager
    manager.Login("user", "pass")
    assert manager.currentSession is not None
    manager.Logout()
    with pytest.raises(vim.fault.NotAuthenticated):
        si.content.rootFolder.name


def test_before_login_only_what_the_api_marks_anonymous_answers(anonymous):
    si = anonymous()
    assert si.content.about.apiType == "VirtualCenter"
    with pytest.raises(vim.fault.NotAuthenticated) as refused:
        si.content.rootFolder.childEntity
    assert refused.value.privilegeId
    with pytest.raises(vim.fault.NotAuthenticated):
        si.content.viewManager.CreateContainerView(si.content.rootFolder, [vim.VirtualMachine], True)


def test_a_second_login_in_one_session_is_refused(si):
    with pytest.raises(vim.fault.InvalidLogin):
        si.content.sessionManager.Login("user", "pass")


@pytest.mark.parametrize("user,password", [("", "pass"), ("user", ""), ("", "")])
def test_empty_credentials_are_refused(anonymous, user, password):
    with pytest.raises(vim.fault.InvalidLogin):
        anonymous().content.sessionManager.Login(user, password)


def test_with_credentials_on_the_command_line_only_those_log_in(fresh_server, anonymous):
    guarded = fresh_server("--username", "operator", "--password", "s3cret")
    si = anonymous(guarded)
    for user, password in [("operator", "wrong"), ("other", "s3cret"), ("user", "pass")]:
        with pytest.raises(vim.fault.InvalidLogin):
            si.content.sessionManager.Login(user, password)
    assert si.content.sessionManager.Login("operator", "s3cret").userName.lower().endswith("operator")


def test_every_login_is_a_session_of_its_own(connect):
    first, second = connect(), connect()
    keys = [si.content.sessionManager.currentSession.key for si in (first, second)]
    assert keys[0] != keys[1]
    assert set(keys) <= session_keys(first)


def test_session_is_active_tells_living_from_ended_sessions(connect):
    watcher, other = connect(), connect()
    manager = watcher.content.sessionManager
    session = other.content.sessionManager.currentSession
    assert manager.SessionIsActive(session.key, session.userName) is True
    other.content.sessionManager.Logout()
    assert manager.SessionIsActive(session.key, session.userName) is False


def test_terminating_a_session_ends_it_and_no_other(connect):
    admin, victim, third = connect(), connect(), connect()
    key = victim.content.sessionManager.currentSession.key
    admin.content.sessionManager.TerminateSession([key])
    with pytest.raises(vim.fault.NotAuthenticated):
        victim.content.rootFolder.name
    assert third.content.rootFolder.name
    assert key not in session_keys(admin)


def test_terminating_an_unknown_session_is_not_found(si):
    with pytest.raises(vim.fault.NotFound):
        si.content.sessionManager.TerminateSession(["no-such-session"])


def test_a_clone_ticket_makes_a_second_session_of_the_same_user_and_works_once(connect, anonymous):
    si = connect(user="alice", password="secret")
    ticket = si.content.sessionManager.AcquireCloneTicket()
    clone = anonymous()
    session = clone.content.sessionManager.CloneSession(ticket)
    original = si.content.sessionManager.currentSession
    assert session.userName == original.userName
    assert session.key != original.key
    assert clone.content.rootFolder.name
    with pytest.raises(vim.fault.InvalidLogin):
        anonymous().content.sessionManager.CloneSession(ticket)


def test_current_time_is_now_in_utc(si):
    now = si.CurrentTime()
    assert now.tzinfo is not None
    assert abs(now - datetime.datetime.now(datetime.timezone.utc)) < datetime.timedelta(minutes=1)


def test_the_locale_of_the_login_is_kept_in_the_session(anonymous):
    manager = anonymous().content.sessionManager
    assert manager.Login("user", "pass", "en_US").locale == "en_US"
    assert manager.currentSession.locale == "en_US"


def test_about_names_a_vcenter_8_0_3(si):
    about = si.content.about
    assert (about.productLineId, about.apiType) == ("vpx", "VirtualCenter")
    assert about.version == "8.0.3"
    assert about.apiVersion == "8.0.3.0"

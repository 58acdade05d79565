"""Distributed switches: made, joined by hosts, divided into port groups, with ports that follow what is plugged in."""

import pytest
from pyVmomi import vim, vmodl

from harness import Govc
from vsphere import add, all_of, create_vm, devices, done, edit, one

Switch = vim.dvs.VmwareDistributedVirtualSwitch
Portgroup = vim.dvs.DistributedVirtualPortgroup
Setting = Switch.VmwarePortConfigPolicy
PortSpec = vim.dvs.DistributedVirtualPort.ConfigSpec
Criteria = vim.dvs.PortCriteria


@pytest.fixture
def si(fresh_server, connect):
    """A world without a switch: the second adapter of every host is free."""
    return connect(fresh_server("--pg", "0", "--vm", "1"))


@pytest.fixture
def datacenter(si):
    [found] = all_of(si, vim.Datacenter).values()
    return found


def hosts_of(si, count=2):
    cluster = one(si, vim.ClusterComputeResource, "DC0_C0")
    return list(cluster.host)[:count]


def member(host, *nics, operation="add"):
    specs = [vim.dvs.HostMember.PnicSpec(pnicDevice=nic) for nic in nics]
    backing = vim.dvs.HostMember.PnicBacking(pnicSpec=specs)
    return vim.dvs.HostMember.ConfigSpec(operation=operation, host=host, backing=backing)


def create_switch(datacenter, name="switch", hosts=(), version=None, nic="vmnic1"):
    config = Switch.ConfigSpec(name=name, host=[member(host, nic) for host in hosts])
    spec = vim.DistributedVirtualSwitch.CreateSpec(configSpec=config)
    if version:
        spec.productInfo = vim.dvs.ProductSpec(version=version)
    return done(datacenter.networkFolder.CreateDVS_Task(spec))


def create_portgroup(switch, name, kind="earlyBinding", **more):
    return done(switch.CreateDVPortgroup_Task(Portgroup.ConfigSpec(name=name, type=kind, **more)))


def card_on(portgroup, key=-1, port=None):
    switch = portgroup.config.distributedVirtualSwitch
    connection = vim.dvs.PortConnection(switchUuid=switch.uuid, portgroupKey=portgroup.key, portKey=port)
    backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=connection)
    return vim.vm.device.VirtualVmxnet3(key=key, backing=backing)


def card_of(vm):
    [card] = devices(vm, vim.vm.device.VirtualEthernetCard)
    return card


def vm_on(si, portgroup, name="plugged", host=None):
    cluster = one(si, vim.ClusterComputeResource, "DC0_C0")
    [datacenter] = all_of(si, vim.Datacenter).values()
    host = host or portgroup.host[0]
    spec = vim.vm.ConfigSpec(
        name=name,
        guestId="otherGuest64",
        numCPUs=1,
        memoryMB=64,
        files=vim.vm.FileInfo(vmPathName="[LocalDS_0]"),
        deviceChange=[add(card_on(portgroup))],
    )
    return done(datacenter.vmFolder.CreateVM_Task(spec, cluster.resourcePool, host))


def port_of(switch, vm):
    key = card_of(vm).backing.port.portKey
    [port] = switch.FetchDVPorts(Criteria(portKey=[key]))
    return port


def flag(value):
    return vim.BoolPolicy(inherited=False, value=value)


def events_of(si, kind):
    spec = vim.event.EventFilterSpec(type=[kind])
    return si.content.eventManager.QueryEvents(spec)


def test_a_switch_is_created_with_its_uplinks_and_members(si, datacenter):
    hosts = hosts_of(si)
    switch = create_switch(datacenter, hosts=hosts)
    assert switch.config.productInfo.version == "8.0.3" and switch.summary.uuid == switch.uuid
    [uplinks] = switch.config.uplinkPortgroup
    assert uplinks.config.uplink and uplinks.config.numPorts == 4 * len(hosts) == switch.summary.numPorts
    assert list(switch.summary.hostMember) == hosts == list(uplinks.host)
    for host in hosts:
        [proxy] = [p for p in host.config.network.proxySwitch if p.dvsUuid == switch.uuid]
        [pnic] = proxy.spec.backing.pnicSpec
        assert pnic.pnicDevice == "vmnic1" and pnic.uplinkPortKey == proxy.uplinkPort[0].key
        assert uplinks in host.network and uplinks in host.parent.network and uplinks in datacenter.network
    ports = switch.FetchDVPorts(Criteria(uplinkPort=True, connected=True))
    assert [(p.connectee.type, p.connectee.nicKey, p.proxyHost) for p in ports] == [
        ("pnic", "vmnic1", host) for host in hosts
    ]
    assert all(p.state.runtimeInfo.linkUp for p in ports)
    assert len(events_of(si, vim.event.DvsHostJoinedEvent)) == len(hosts)
    [created] = events_of(si, vim.event.DvsCreatedEvent)
    assert created.dvs.dvs == switch and created.parent.folder == datacenter.networkFolder


@pytest.mark.parametrize("version, passthrough, mirrors", [("4.0", False, False), ("4.1.0", True, False), ("7.0.3", True, True)])
def test_a_version_brings_its_features(si, datacenter, version, passthrough, mirrors):
    switch = create_switch(datacenter, version=version)
    features = switch.capability.featuresSupported
    assert (features.vmDirectPathGen2Supported, features.vspanSupported) == (passthrough, mirrors)
    manager = si.content.dvSwitchManager
    spec = vim.dvs.ProductSpec(version=version)
    assert manager.QueryDvsFeatureCapability(spec).vspanSupported == mirrors
    assert version in [s.version for s in manager.QueryAvailableDvsSpec()]


def test_what_cannot_be_created(si, datacenter):
    create_switch(datacenter)
    with pytest.raises(vim.fault.DuplicateName):
        create_switch(datacenter)
    with pytest.raises(vim.fault.InvalidName):
        create_switch(datacenter, name="")
    with pytest.raises(vmodl.fault.InvalidArgument):
        create_switch(datacenter, name="other", version="3.5")
    with pytest.raises(vim.fault.NotFound):
        create_switch(datacenter, name="other", hosts=hosts_of(si), nic="vmnic9")
    with pytest.raises(vim.fault.ResourceInUse):
        create_switch(datacenter, name="other", hosts=hosts_of(si), nic="vmnic0")
    assert sorted(all_of(si, vim.DistributedVirtualSwitch)) == ["switch"]


def test_hosts_leave_and_come_back(si, datacenter):
    hosts = hosts_of(si)
    switch = create_switch(datacenter, hosts=hosts)
    group = create_portgroup(switch, "web")
    vm = vm_on(si, group, host=hosts[0])

    def change(spec):
        config = Switch.ConfigSpec(configVersion=switch.config.configVersion, host=[spec])
        return done(switch.ReconfigureDvs_Task(config))

    with pytest.raises(vim.fault.ResourceInUse):
        change(member(hosts[0], operation="remove"))
    change(member(hosts[1], operation="remove"))
    assert list(switch.summary.hostMember) == [hosts[0]] and group not in hosts[1].network
    assert not [p for p in hosts[1].config.network.proxySwitch if p.dvsUuid == switch.uuid]
    assert len(switch.FetchDVPortKeys(Criteria(uplinkPort=True))) == 4
    with pytest.raises(vim.fault.AlreadyExists):
        change(member(hosts[0], "vmnic1"))
    with pytest.raises(vim.fault.NotFound):
        change(member(hosts[1], operation="remove"))
    change(member(hosts[1], "vmnic1"))
    change(member(hosts[1], operation="edit"))
    [port] = switch.FetchDVPorts(Criteria(uplinkPort=True, connected=True))
    assert port.proxyHost == hosts[0]
    done(vm.Destroy_Task())
    done(switch.Destroy_Task())
    assert not all_of(si, vim.DistributedVirtualSwitch) and not all_of(si, Portgroup)
    assert not [p for host in hosts for p in host.config.network.proxySwitch]


def test_regression_proxy_switches_of_a_host_have_different_keys(si, datacenter):
    [host] = hosts_of(si, 1)

    def join(name):
        switch = create_switch(datacenter, name)
        spec = Switch.ConfigSpec(configVersion=switch.config.configVersion, host=[member(host)])
        done(switch.ReconfigureDvs_Task(spec))
        return switch

    first, _ = join("first"), join("second")
    leave = Switch.ConfigSpec(configVersion=first.config.configVersion, host=[member(host, operation="remove")])
    done(first.ReconfigureDvs_Task(leave))
    join("third")
    keys = [proxy.key for proxy in host.config.network.proxySwitch]
    assert len(keys) == len(set(keys)) == 2, keys


def test_a_stale_version_is_refused_and_nothing_changes(si, datacenter):
    switch = create_switch(datacenter)
    stale = switch.config.configVersion
    done(switch.ReconfigureDvs_Task(Switch.ConfigSpec(configVersion=stale, maxMtu=9000, description="big")))
    assert (switch.config.maxMtu, switch.config.description) == (9000, "big")
    with pytest.raises(vim.fault.ConcurrentAccess):
        done(switch.ReconfigureDvs_Task(Switch.ConfigSpec(configVersion=stale, maxMtu=1500)))
    with pytest.raises(vmodl.fault.InvalidArgument):
        done(switch.ReconfigureDvs_Task(Switch.ConfigSpec(description="small", maxMtu=1)))
    assert (switch.config.maxMtu, switch.config.description) == (9000, "big")


def test_early_binding_holds_its_port(si, datacenter):
    hosts = hosts_of(si)
    switch = create_switch(datacenter, hosts=hosts)
    group = create_portgroup(switch, "early", numPorts=2)
    vm = vm_on(si, group)
    port = port_of(switch, vm)
    assert (port.connectee.connectedEntity, port.connectee.nicKey, port.connectee.type) == (vm, "4000", "vmVnic")
    assert port.proxyHost == vm.runtime.host and not port.state.runtimeInfo.linkUp
    done(vm.PowerOnVM_Task())
    port = port_of(switch, vm)
    status = port.state.runtimeInfo
    assert status.linkUp and status.macAddress == card_of(vm).macAddress and status.linkPeer == vm.name
    done(vm.PowerOffVM_Task())
    assert port_of(switch, vm).key == port.key
    kinds = [vim.event.DvsPortConnectedEvent, vim.event.DvsPortLinkUpEvent, vim.event.DvsPortLinkDownEvent]
    assert [[e.portKey for e in events_of(si, kind) if e.portKey == port.key] for kind in kinds] == [[port.key]] * 3
    done(vm.Destroy_Task())
    [gone] = events_of(si, vim.event.DvsPortDisconnectedEvent)
    assert gone.portKey == port.key and gone.dvs.dvs == switch


def test_a_full_group_expands_or_refuses(si, datacenter):
    switch = create_switch(datacenter, hosts=hosts_of(si))
    fixed = create_portgroup(switch, "fixed", numPorts=1, autoExpand=False)
    host = hosts_of(si)[0]
    vm_on(si, fixed, "first", host)
    with pytest.raises(vim.fault.InvalidDeviceBacking) as full:
        vm_on(si, fixed, "second", host)
    assert "no free port" in full.value.msg
    done(fixed.ReconfigureDVPortgroup_Task(Portgroup.ConfigSpec(autoExpand=True)))
    vm = vm_on(si, fixed, "second", host)
    assert port_of(switch, vm).connectee.connectedEntity == vm
    assert fixed.config.numPorts == len(fixed.portKeys) == 9


def test_late_binding_takes_a_port_at_power_on(si, datacenter):
    switch = create_switch(datacenter, hosts=hosts_of(si))
    group = create_portgroup(switch, "late", "lateBinding")
    vm = vm_on(si, group)
    assert card_of(vm).backing.port.portKey is None
    done(vm.PowerOnVM_Task())
    assert port_of(switch, vm).connectee.connectedEntity == vm
    done(vm.PowerOffVM_Task())
    assert card_of(vm).backing.port.portKey is None
    assert not switch.FetchDVPortKeys(Criteria(portgroupKey=[group.key], inside=True, connected=True))


def test_ephemeral_ports_come_and_go(si, datacenter):
    switch = create_switch(datacenter, hosts=hosts_of(si))
    group = create_portgroup(switch, "ephemeral", "ephemeral")
    vm = vm_on(si, group)
    assert not group.portKeys and group.config.numPorts == 0
    done(vm.PowerOnVM_Task())
    assert list(group.portKeys) == [port_of(switch, vm).key]
    done(vm.PowerOffVM_Task())
    assert not group.portKeys
    [deleted] = events_of(si, vim.event.DvsPortDeletedEvent)
    assert len(deleted.portKey) == 1


def test_ports_are_fetched_by_each_criterion(si, datacenter):
    hosts = hosts_of(si)
    switch = create_switch(datacenter, hosts=hosts)
    web, db = create_portgroup(switch, "web"), create_portgroup(switch, "db", scope=[datacenter.hostFolder])
    first, second = vm_on(si, web, "first", hosts[0]), vm_on(si, db, "second", hosts[1])
    done(first.PowerOnVM_Task())
    mine, other = card_of(first).backing.port.portKey, card_of(second).backing.port.portKey

    def keys(**criteria):
        found = switch.FetchDVPortKeys(Criteria(**criteria))
        assert [p.key for p in switch.FetchDVPorts(Criteria(**criteria))] == list(found)
        return set(found)

    everything = keys()
    assert len(everything) == 8 + 8 + 8
    assert keys(connected=True, uplinkPort=False) == {mine, other}
    assert keys(active=True, uplinkPort=False) == {mine}
    assert keys(uplinkPort=True) == set(switch.config.uplinkPortgroup[0].portKeys)
    assert keys(portgroupKey=[web.key], inside=True) == set(web.portKeys)
    assert keys(portgroupKey=[web.key], inside=False) == everything - set(web.portKeys)
    assert keys(portKey=[mine, "4711"]) == {mine}
    assert keys(host=[hosts[1]], uplinkPort=False) == {other}
    assert keys(nsxPort=True) == set()
    assert keys(scope=hosts[0]) == everything and keys(scope=first) == everything - set(db.portKeys)


def test_a_machine_moves_to_another_port_group(si, datacenter):
    switch = create_switch(datacenter, hosts=hosts_of(si))
    web, db = create_portgroup(switch, "web"), create_portgroup(switch, "db")
    vm = vm_on(si, web)
    done(vm.PowerOnVM_Task())
    old = port_of(switch, vm)
    card = card_of(vm)
    card.backing = card_on(db).backing
    done(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[edit(card)])))
    new = port_of(switch, vm)
    assert new.portgroupKey == db.key and new.state.runtimeInfo.linkUp
    [left] = switch.FetchDVPorts(Criteria(portKey=[old.key]))
    assert left.connectee is None and left.state is None
    assert list(vm.network) == [db] and not web.vm and list(switch.summary.vm) == [vm]
    done(web.Destroy_Task())
    with pytest.raises(vim.fault.ResourceInUse):
        done(db.Destroy_Task())


def test_a_port_overrides_its_group_and_the_rest_is_inherited(si, datacenter):
    switch = create_switch(datacenter, hosts=hosts_of(si))
    vlan = Switch.VlanIdSpec(inherited=False, vlanId=42)
    group = create_portgroup(switch, "web", defaultPortConfig=Setting(vlan=vlan))
    vm = vm_on(si, group)
    done(vm.PowerOnVM_Task())
    key = port_of(switch, vm).key
    setting = Setting(blocked=flag(True), vmDirectPathGen2Allowed=flag(False))
    spec = PortSpec(operation="edit", key=key, name="mine", setting=setting, configVersion="0")
    done(switch.ReconfigureDVPort_Task([spec]))
    port = port_of(switch, vm)
    own = port.config.setting
    assert (own.blocked.inherited, own.blocked.value, port.state.runtimeInfo.blocked) == (False, True, True)
    assert (own.vmDirectPathGen2Allowed.inherited, own.vmDirectPathGen2Allowed.value) == (False, False)
    assert (own.vlan.inherited, own.vlan.vlanId) == (True, 42) and own.uplinkTeamingPolicy.inherited
    assert (port.config.name, port.config.configVersion) == ("mine", "1")
    assert [(r.start, r.end) for r in port.state.runtimeInfo.vlanIds] == [(42, 42)]
    assert list(switch.QueryUsedVlanIdInDvs()) == [42]
    with pytest.raises(vim.fault.ConcurrentAccess):
        done(switch.ReconfigureDVPort_Task([spec]))
    with pytest.raises(vim.fault.DvsFault):
        done(switch.ReconfigureDVPort_Task([PortSpec(operation="edit", key=key, setting=Setting(vlan=vlan))]))
    with pytest.raises(vim.fault.NotFound):
        done(switch.ReconfigureDVPort_Task([PortSpec(operation="edit", key="4711", name="x")]))
    assert [e.portKey for e in events_of(si, vim.event.DvsPortBlockedEvent)] == [key]
    back = Setting(blocked=vim.BoolPolicy(inherited=True, value=False))
    done(switch.ReconfigureDVPort_Task([PortSpec(operation="edit", key=key, setting=back)]))
    blocked = port_of(switch, vm).config.setting.blocked
    assert (blocked.inherited, blocked.value) == (True, False)
    assert [e.portKey for e in events_of(si, vim.event.DvsPortUnblockedEvent)] == [key]


def test_a_group_follows_its_switch_where_it_says_nothing(si, datacenter):
    switch = create_switch(datacenter)
    group = create_portgroup(switch, "web", defaultPortConfig=Setting(blocked=flag(True)))
    change = Setting(blocked=flag(False), vmDirectPathGen2Allowed=flag(False))
    done(switch.ReconfigureDvs_Task(Switch.ConfigSpec(defaultPortConfig=change)))
    setting = group.config.defaultPortConfig
    assert (setting.blocked.inherited, setting.blocked.value) == (False, True)
    assert (setting.vmDirectPathGen2Allowed.inherited, setting.vmDirectPathGen2Allowed.value) == (True, False)
    names = vim.DistributedVirtualSwitch.NameArrayUplinkPortPolicy(uplinkPortName=["left", "right"])
    done(switch.ReconfigureDvs_Task(Switch.ConfigSpec(uplinkPortPolicy=names)))
    order = group.config.defaultPortConfig.uplinkTeamingPolicy.uplinkPortOrder
    assert list(order.activeUplinkPort) == ["left", "right"]
    wrong = Switch.UplinkPortTeamingPolicy(uplinkPortOrder=Switch.UplinkPortOrderPolicy(activeUplinkPort=["up"]))
    with pytest.raises(vmodl.fault.InvalidArgument):
        spec = Portgroup.ConfigSpec(defaultPortConfig=Setting(uplinkTeamingPolicy=wrong))
        done(group.ReconfigureDVPortgroup_Task(spec))


def test_uplinks_are_renamed_added_and_removed(si, datacenter):
    hosts = hosts_of(si)
    switch = create_switch(datacenter, hosts=hosts)
    [uplinks] = switch.config.uplinkPortgroup

    def rename(*names):
        policy = vim.DistributedVirtualSwitch.NameArrayUplinkPortPolicy(uplinkPortName=list(names))
        done(switch.ReconfigureDvs_Task(Switch.ConfigSpec(uplinkPortPolicy=policy)))
        assert len(uplinks.portKeys) == len(names) * len(hosts) == uplinks.config.numPorts
        for host in hosts:
            [proxy] = host.config.network.proxySwitch
            assert [pair.value for pair in proxy.uplinkPort] == list(names)
            assert proxy.spec.backing.pnicSpec[0].uplinkPortKey == proxy.uplinkPort[0].key

    rename("left", "right")
    rename("left", "right", "third")
    with pytest.raises(vmodl.fault.InvalidArgument):
        rename("twice", "twice")
    two = member(hosts[0], "vmnic1", operation="edit")
    two.backing.pnicSpec[0].uplinkPortKey = hosts[0].config.network.proxySwitch[0].uplinkPort[2].key
    done(switch.ReconfigureDvs_Task(Switch.ConfigSpec(host=[two])))
    with pytest.raises(vim.fault.ResourceInUse):
        rename("left", "right")
    [port] = switch.FetchDVPorts(Criteria(uplinkPort=True, connected=True, host=[hosts[0]]))
    assert port.key == two.backing.pnicSpec[0].uplinkPortKey


def test_a_switch_is_upgraded_as_far_as_its_hosts_go(fresh_server, connect):
    si = connect(fresh_server("--pg", "0", "--vm", "0", "--host-profile", "esxi-7.0"))
    [datacenter] = all_of(si, vim.Datacenter).values()
    with pytest.raises(vim.fault.DvsFault):
        create_switch(datacenter, hosts=hosts_of(si))
    switch = create_switch(datacenter, hosts=hosts_of(si), version="6.5.0")

    def upgrade(version):
        done(switch.PerformDvsProductSpecOperation_Task("upgrade", vim.dvs.ProductSpec(version=version)))

    upgrade("7.0.0")
    assert switch.config.productInfo.version == switch.summary.productInfo.version == "7.0.0"
    assert switch.capability.featuresSupported.macLearningSupported
    for wrong in ["8.0.0", "6.0.0"]:
        with pytest.raises(vim.fault.DvsFault):
            upgrade(wrong)
    manager = si.content.dvSwitchManager
    container = type(manager).HostContainer(container=datacenter, recursive=True)
    product = type(manager).DvsProductSpec(newSwitchProductSpec=vim.dvs.ProductSpec(version="8.0.0"))
    only = type(manager).HostArrayFilter(inclusive=True, host=hosts_of(si))
    results = manager.QueryDvsCheckCompatibility(container, product, [only])
    assert [r.host for r in results] == hosts_of(si) and all(r.error for r in results)
    members = type(manager).HostDvsMembershipFilter(inclusive=False, distributedVirtualSwitch=switch)
    others = manager.QueryDvsCheckCompatibility(container, None, [members])
    assert others and not {r.host for r in others} & set(hosts_of(si))


def test_port_groups_are_renamed_resized_and_refused(si, datacenter):
    switch = create_switch(datacenter, hosts=hosts_of(si))
    group = create_portgroup(switch, "web", numPorts=4)
    vm_on(si, group)

    def change(**more):
        return done(group.ReconfigureDVPortgroup_Task(Portgroup.ConfigSpec(**more)))

    change(configVersion=group.config.configVersion, name="shop", numPorts=16)
    assert (group.name, group.config.name, group.config.numPorts, len(group.portKeys)) == ("shop", "shop", 16, 16)
    assert "shop" in switch.summary.portgroupName and switch.summary.numPorts == 8 + 16
    change(numPorts=1)
    for wrong, fault in [
        ({"numPorts": 0}, vim.fault.ResourceInUse),
        ({"numPorts": -1}, vmodl.fault.InvalidArgument),
        ({"type": "lateBinding"}, vim.fault.ResourceInUse),
        ({"type": "sideways"}, vmodl.fault.InvalidArgument),
        ({"configVersion": "0"}, vim.fault.ConcurrentAccess),
    ]:
        with pytest.raises(fault):
            change(**wrong)
    with pytest.raises(vim.fault.DuplicateName):
        create_portgroup(switch, "shop")
    with pytest.raises(vim.fault.DvsFault):
        done(switch.config.uplinkPortgroup[0].Destroy_Task())
    done(switch.Rename_Task("backbone"))
    [renamed] = events_of(si, vim.event.DvsRenamedEvent)
    assert (renamed.oldName, renamed.newName) == ("switch", "backbone")
    assert (switch.config.name, switch.summary.name) == ("backbone", "backbone")
    [proxy] = hosts_of(si)[0].config.network.proxySwitch
    assert proxy.dvsName == "backbone"


def test_ports_are_mirrored_and_passthrough_is_a_matter_of_the_switch(si, datacenter):
    switch = create_switch(datacenter, hosts=hosts_of(si))
    group = create_portgroup(switch, "web")
    source, target = list(group.portKeys)[:2]
    session = Switch.VspanSession(
        name="tap",
        enabled=True,
        stripOriginalVlan=False,
        normalTrafficAllowed=True,
        sessionType="dvPortMirror",
        sourcePortReceived=Switch.VspanPorts(portKey=[source]),
        destinationPort=Switch.VspanPorts(portKey=[target]),
    )
    spec = Switch.VspanConfigSpec(operation="add", vspanSession=session)
    done(switch.ReconfigureDvs_Task(Switch.ConfigSpec(vspanConfigSpec=[spec])))
    [made] = switch.config.vspanSession
    assert made.key and list(made.sourcePortReceived.portKey) == [source]
    session.sourcePortReceived.portKey = ["4711"]
    with pytest.raises(vim.fault.NotFound):
        done(switch.ReconfigureDvs_Task(Switch.ConfigSpec(vspanConfigSpec=[spec])))
    capability = switch.capability
    capability.featuresSupported.vmDirectPathGen2Supported = False
    switch.UpdateDvsCapability(capability)
    assert switch.capability.featuresSupported.vmDirectPathGen2Supported is False


def test_ports_move_to_another_group(si, datacenter):
    switch = create_switch(datacenter, hosts=hosts_of(si))
    web, db = create_portgroup(switch, "web"), create_portgroup(switch, "db")
    vm = vm_on(si, web)
    key = port_of(switch, vm).key
    with pytest.raises(vim.fault.DvsFault):
        done(switch.MoveDVPort_Task([key], db.key))
    policy = web.config.policy
    policy.livePortMovingAllowed = True
    done(web.ReconfigureDVPortgroup_Task(Portgroup.ConfigSpec(policy=policy)))
    done(switch.MoveDVPort_Task([key, web.portKeys[-1]], db.key))
    assert (len(web.portKeys), len(db.portKeys)) == (6, 10) and list(vm.network) == [db]
    port = port_of(switch, vm)
    assert (port.key, port.portgroupKey, port.connectee.connectedEntity) == (key, db.key, vm)
    with pytest.raises(vim.fault.NotFound):
        done(switch.MoveDVPort_Task([key], "dvportgroup-4711"))
    with pytest.raises(vim.fault.DvsFault):
        done(switch.MoveDVPort_Task([key], switch.config.uplinkPortgroup[0].key))


def test_the_manager_knows_switches_and_hosts(si, datacenter):
    manager = si.content.dvSwitchManager
    hosts = hosts_of(si)
    switch = create_switch(datacenter, hosts=hosts[:1])
    assert manager.QueryDvsByUuid(switch.uuid) == switch
    with pytest.raises(vim.fault.NotFound):
        manager.QueryDvsByUuid("50 2f 00")
    free = manager.QueryCompatibleHostForExistingDvs(datacenter, True, switch)
    assert hosts[0] not in free and hosts[1] in free
    assert hosts[0] in manager.QueryCompatibleHostForNewDvs(datacenter, True)
    spec = vim.dvs.ProductSpec(version="8.0.3")
    assert "NVIDIA BlueField" in [s.id for s in manager.QuerySupportedNetworkOffloadSpec(spec)]
    [nics] = manager.QueryCompatibleVmnicsFromHosts(hosts[:1], switch)
    assert nics.host == hosts[0] and "vmnic1" in [nic.device for nic in nics.physicalNics]
    key = switch.config.uplinkPortgroup[0].key
    assert switch.LookupDvPortGroup(key) == switch.config.uplinkPortgroup[0]
    target = manager.QueryDvsConfigTarget(hosts[0])
    assert [s.distributedVirtualSwitch for s in target.distributedVirtualSwitch] == [switch]
    assert not manager.QueryDvsConfigTarget(hosts[1]).distributedVirtualSwitch


def test_the_default_world_tells_one_truth(connect):
    si = connect()
    switch = one(si, vim.DistributedVirtualSwitch, "DVS0")
    keys = [key for group in switch.portgroup for key in group.portKeys]
    assert sorted(keys) == sorted(switch.FetchDVPortKeys())
    assert switch.config.numPorts == switch.summary.numPorts == len(keys)
    assert switch.config.defaultPortConfig.vmDirectPathGen2Allowed.value is True
    connected = {p.key: p for p in switch.FetchDVPorts(Criteria(connected=True))}
    for vm in switch.summary.vm:
        backing = card_of(vm).backing.port
        port = connected[backing.portKey]
        assert (port.connectee.connectedEntity, port.connectionCookie) == (vm, backing.connectionCookie)
    for host in switch.summary.hostMember:
        [proxy] = host.config.network.proxySwitch
        [pnic] = proxy.spec.backing.pnicSpec
        assert connected[pnic.uplinkPortKey].connectee.connectedEntity == host
        assert [pair.value for pair in proxy.uplinkPort] == list(switch.config.uplinkPortPolicy.uplinkPortName)


def test_govc_makes_and_changes_switches(fresh_server, tmp_path, connect):
    server = fresh_server("--pg", "0", "--vm", "1")
    govc = Govc(server, tmp_path)
    govc("dvs.create", "-product-version", "7.0.3", "-mtu", "9000", "-num-uplinks", "2", "backbone")
    govc("dvs.add", "-dvs", "backbone", "-pnic", "vmnic1", "/DC0/host/DC0_C0/DC0_C0_H0")
    govc("dvs.portgroup.add", "-dvs", "backbone", "-type", "earlyBinding", "-nports", "16", "web")
    govc("dvs.portgroup.change", "-vlan", "42", "-nports", "24", "web")
    told = govc("dvs.portgroup.info", "-pg", "web", "backbone").split()
    assert told.count("VlanId:") == 24 and "42" in told
    switch = one(connect(server), vim.DistributedVirtualSwitch, "backbone")
    assert (switch.config.maxMtu, switch.config.productInfo.version) == (9000, "7.0.3")
    assert [len(group.portKeys) for group in switch.portgroup] == [2, 24]


def test_rest_of_the_world_is_as_it_was(si, datacenter):
    before = sorted(all_of(si, vim.Network))
    switch = create_switch(datacenter, hosts=hosts_of(si))
    create_vm(si, "standard")
    done(switch.Destroy_Task())
    assert sorted(all_of(si, vim.Network)) == before == ["VM Network"]

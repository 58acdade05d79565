//! `Login` and `Logout`.

use std::sync::Arc;

use inventory::Tx;
use vim25::{
    DataType, Obj, Str, args, mo,
    types::{BadUsernameSessionEvent, InvalidLogin, UserLoginSessionEvent, UserLogoutSessionEvent, UserSession},
};

use crate::{
    dispatch::{Call, Grant},
    fault::Fault,
    session::{Applicant, Session},
};

/// `Login`: opens a session for a name and password.
pub fn login(call: &Call, args: args::Login) -> Result<Obj<UserSession>, Fault> {
    check_locale(args.locale.as_deref())?;
    if call.caller.session.is_some() {
        return Err(Fault::new(InvalidLogin::default(), "This session is logged in already: log out first."));
    }
    if !call.core.sessions.accepts(&args.user_name, &args.password) {
        post_refusal(call, &args.user_name)?;
        let message = "Cannot complete login due to an incorrect user name or password.";
        return Err(Fault::new(InvalidLogin::default(), message));
    }
    open(call, args.user_name, args.locale)
}

/// Opens a session, announces it, and has the reply carry its secret.
pub fn open(call: &Call, user: Str, locale: Option<Str>) -> Result<Obj<UserSession>, Fault> {
    let Call { core, caller, .. } = call;
    let key = call.commit(|tx| Ok(tx.uuid()))?;
    let applicant = Applicant { key, user, locale, address: caller.address, user_agent: caller.user_agent.clone() };
    let Some((secret, session)) = core.sessions.open(applicant, core.now()) else {
        // A call asks for a session once, so the cell is empty.
        let _ = caller.granted.set(Grant::Full);
        return Err(Fault::system_error("There are as many sessions as there may be."));
    };
    let info = session.info();
    let announced = call.commit(|tx| {
        tx.post(login_event(call, &session).into());
        list_sessions(call, tx);
        Ok(())
    });
    if let Err(fault) = announced {
        core.sessions.close(&session.key);
        return Err(fault);
    }
    // A call makes at most one session, so the cell is empty.
    let _ = caller.granted.set(Grant::Session(secret));
    Ok(info.into())
}

/// `Logout`: ends the caller's session.
pub fn logout(call: &Call, _: args::Logout) -> Result<(), Fault> {
    let session = call.session()?.clone();
    call.core.sessions.close(&session.key);
    call.commit(|tx| {
        tx.post(logout_event(&session).into());
        list_sessions(call, tx);
        Ok(())
    })
}

/// Languages are accepted by form (`en`, `en_US`, `pt-BR`): every text is in English.
pub fn check_locale(locale: Option<&str>) -> Result<(), Fault> {
    let well_formed = |text: &str| {
        (2..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    match locale {
        Some(text) if !text.is_empty() && !well_formed(text) => {
            Err(Fault::new(vim25::types::InvalidLocale::default(), format!("The locale '{text}' is not valid.")))
        }
        _ => Ok(()),
    }
}

/// Brings `SessionManager.sessionList` in line with the sessions that are open.
pub fn list_sessions(call: &Call, tx: &mut Tx<'_>) {
    if let Some(manager) = tx.edit::<mo::SessionManager>(&call.this) {
        manager.session_list = Some(call.core.sessions.all().iter().map(|s| s.info().into()).collect());
    }
}

fn login_event(call: &Call, session: &Arc<Session>) -> UserLoginSessionEvent {
    let info = session.info();
    UserLoginSessionEvent::with(|event| {
        event.user_name = info.user_name.clone();
        event.ip_address = info.ip_address.clone();
        event.user_agent = Some(info.user_agent.clone());
        event.locale = info.locale.clone();
        event.session_id = info.key.clone();
        let text = format!("User {}@{} logged in as {}", info.user_name, call.caller.address, info.user_agent);
        event.full_formatted_message = Some(text.into());
    })
}

fn logout_event(session: &Arc<Session>) -> UserLogoutSessionEvent {
    let info = session.info();
    UserLogoutSessionEvent::with(|event| {
        event.user_name = info.user_name.clone();
        event.ip_address = Some(info.ip_address.clone());
        event.user_agent = Some(info.user_agent.clone());
        event.call_count = Some(info.call_count);
        event.session_id = Some(info.key.clone());
        event.login_time = Some(info.login_time);
        let text = format!("User {}@{} logged out", info.user_name, info.ip_address);
        event.full_formatted_message = Some(text.into());
    })
}

fn post_refusal(call: &Call, user: &Str) -> Result<(), Fault> {
    let address = call.caller.address.to_string();
    call.commit(|tx| {
        let event = BadUsernameSessionEvent::with(|event| {
            event.user_name = user.clone();
            event.ip_address = address.as_str().into();
            event.full_formatted_message = Some(format!("Cannot login {user}@{address}").into());
        });
        tx.post(event.into());
        Ok(())
    })
}

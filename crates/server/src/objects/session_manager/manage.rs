//! What is asked of sessions, one's own and those of others.

use vim25::{
    Str, args, mo,
    types::{InvalidArgument, NotFound},
};

use super::login::{check_locale, list_sessions};
use crate::{dispatch::Call, fault::Fault};

/// `SessionIsActive`: whether a session of this key and user is open.
pub fn is_active(call: &Call, args: args::SessionIsActive) -> Result<bool, Fault> {
    let all = call.core.sessions.all();
    Ok(all.iter().any(|s| s.key == args.session_id && s.user == args.user_name))
}

/// `TerminateSession`: ends sessions of others. One that is not open faults, after the rest have ended.
pub fn terminate(call: &Call, args: args::TerminateSession) -> Result<(), Fault> {
    let own = &call.session()?.key;
    if args.session_id.contains(own) {
        let fault = InvalidArgument { invalid_property: Some("sessionId".into()), ..Default::default() };
        return Err(Fault::new(fault, "A session cannot terminate itself: use Logout."));
    }
    let missing: Vec<&Str> = args.session_id.iter().filter(|key| !call.core.sessions.close(key)).collect();
    call.commit(|tx| {
        list_sessions(call, tx);
        Ok(())
    })?;
    match missing.first() {
        None => Ok(()),
        Some(key) => Err(Fault::new(NotFound::default(), format!("The session '{key}' does not exist."))),
    }
}

/// `SetLocale`: sets the session's language.
pub fn set_locale(call: &Call, args: args::SetLocale) -> Result<(), Fault> {
    check_locale(Some(&args.locale))?;
    call.session()?.set_locale(args.locale);
    Ok(())
}

/// `UpdateServiceMessage`: sets the message of the day.
pub fn update_message(call: &Call, args: args::UpdateServiceMessage) -> Result<(), Fault> {
    call.commit(|tx| {
        let manager = tx.edit::<mo::SessionManager>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
        manager.message = Some(args.message);
        Ok(())
    })
}

//! `SessionManager`: logging in and out, and what an administrator does with the sessions of others.

mod login;
mod manage;
mod ticket;

use vim25::{args, mo};

use crate::dispatch::{Registry, RegistryError};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::SessionManager, args::Login>(login::login)?;
    registry.on::<mo::SessionManager, args::Logout>(login::logout)?;
    registry.on::<mo::SessionManager, args::SessionIsActive>(manage::is_active)?;
    registry.on::<mo::SessionManager, args::TerminateSession>(manage::terminate)?;
    registry.on::<mo::SessionManager, args::SetLocale>(manage::set_locale)?;
    registry.on::<mo::SessionManager, args::UpdateServiceMessage>(manage::update_message)?;
    registry.on::<mo::SessionManager, args::AcquireCloneTicket>(ticket::acquire)?;
    registry.on::<mo::SessionManager, args::CloneSession>(ticket::clone)
}

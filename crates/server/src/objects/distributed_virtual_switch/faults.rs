//! Faults of distributed switches.

use vim25::types::{ConcurrentAccess, DvsFault, NotFound, ResourceInUse};

use crate::fault::Fault;

/// The switch cannot be as asked for.
pub fn dvs(message: impl Into<String>) -> Fault {
    Fault::new(DvsFault::default(), message)
}

/// Nothing is called so.
pub fn not_found(message: impl Into<String>) -> Fault {
    Fault::new(NotFound::default(), message)
}

/// Somebody uses it.
pub fn in_use(kind: &'static str, name: &str, by: &str) -> Fault {
    let fault = ResourceInUse { type_: Some(kind.into()), name: Some(name.into()), ..Default::default() };
    Fault::new(fault, format!("The resource '{name}' is in use: {by}."))
}

/// The caller saw an older version of the configuration.
pub fn concurrent(seen: Option<&str>, current: &str) -> Result<(), Fault> {
    match seen.filter(|seen| !seen.is_empty() && *seen != current) {
        Some(seen) => {
            let message = format!("The configuration has changed from version {seen} to {current}; read it again.");
            Err(Fault::new(ConcurrentAccess::default(), message))
        }
        None => Ok(()),
    }
}

/// The version after this one.
pub fn next_version(current: &str) -> String {
    current.parse::<u64>().map_or(1, |number| number + 1).to_string()
}

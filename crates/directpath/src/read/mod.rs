//! The facts of API objects: for a server, which has all of them, and for a client, which sees what a property collector
//! shows.

mod adapter;
mod host;
mod machine;
mod port;

pub use adapter::{Card, cards, connection};
pub use host::{gen2, product_version};
pub use machine::{Beside, vm};
pub use port::{Chain, Mirrored};

use vim25::{
    Any,
    types::{OptionValue, VirtualMachineConfigInfo},
};

/// The text of an option of the machine.
fn extra<'c>(config: &'c VirtualMachineConfigInfo, key: &str) -> Option<&'c str> {
    config
        .extra_config
        .iter()
        .flatten()
        .find(|option| option.key.eq_ignore_ascii_case(key))
        .and_then(|option| text(option))
}

fn text(option: &OptionValue) -> Option<&str> {
    option.value.as_ref().and_then(Any::as_str)
}

#[cfg(test)]
mod tests;

//! Who may talk to whom, before any rule of the firewall is asked.
//!
//! Up to release 5.0 a VM is restricted unless `allowUnrestrictedCommunication` says otherwise: it reaches the hypervisor
//! and trusted endpoints of the host only. Unrestricted VMs reach every endpoint of the host, and each other within one
//! `vmci0.domain`. From 5.1 on every VM is restricted, whatever the switch says, and no VM reaches another.

use crate::refusal::Refusal;

/// What a host makes of VMCI, by its release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Generation {
    /// Up to 5.0: VMs can talk to each other.
    BetweenVms,
    /// From 5.1 on: VMs talk to the host only.
    #[default]
    HostOnly,
}

/// One side of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party<'a> {
    /// The hypervisor, context 0.
    Hypervisor,
    /// An endpoint of the host, context 2.
    Host {
        /// Whether it is trusted.
        trusted: bool,
    },
    /// A VM.
    Vm {
        /// `allowUnrestrictedCommunication`, as it was when the VM started.
        unrestricted: bool,
        /// `vmci0.domain`; empty for none.
        domain: &'a str,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Restricted,
    None,
    Trusted,
}

/// Whether two sides may talk.
///
/// # Errors
/// [`Refusal::Unreachable`] if there is no way, [`Refusal::Restricted`] if there is one but not for them.
pub fn reach(host: Generation, from: Party<'_>, to: Party<'_>) -> Result<(), Refusal> {
    if let (Party::Vm { domain: a, .. }, Party::Vm { domain: b, .. }) = (from, to) {
        if host == Generation::HostOnly {
            return Err(Refusal::Unreachable);
        }
        if a != b {
            return Err(Refusal::Restricted);
        }
    }
    let (a, b) = (trust(host, from), trust(host, to));
    let refused = |one: Trust, other: Trust| one == Trust::Restricted && other != Trust::Trusted;
    if refused(a, b) || refused(b, a) { Err(Refusal::Restricted) } else { Ok(()) }
}

fn trust(host: Generation, party: Party<'_>) -> Trust {
    match party {
        Party::Hypervisor | Party::Host { trusted: true } => Trust::Trusted,
        Party::Host { trusted: false } => Trust::None,
        Party::Vm { unrestricted: true, .. } if host == Generation::BetweenVms => Trust::None,
        Party::Vm { .. } => Trust::Restricted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Generation::{BetweenVms, HostOnly};

    const OPEN: Party<'_> = Party::Vm { unrestricted: true, domain: "" };
    const CLOSED: Party<'_> = Party::Vm { unrestricted: false, domain: "" };
    const TRUSTED: Party<'_> = Party::Host { trusted: true };
    const UNTRUSTED: Party<'_> = Party::Host { trusted: false };

    fn both(host: Generation, a: Party<'_>, b: Party<'_>) -> Result<(), Refusal> {
        let there = reach(host, a, b);
        assert_eq!(there, reach(host, b, a), "{a:?} and {b:?} do not agree");
        there
    }

    #[test]
    fn every_vm_reaches_the_hypervisor_and_trusted_endpoints() {
        for host in [BetweenVms, HostOnly] {
            for vm in [OPEN, CLOSED] {
                assert_eq!(both(host, vm, Party::Hypervisor), Ok(()));
                assert_eq!(both(host, vm, TRUSTED), Ok(()));
            }
        }
    }

    #[test]
    fn only_an_unrestricted_vm_of_an_old_host_reaches_untrusted_endpoints() {
        assert_eq!(both(BetweenVms, OPEN, UNTRUSTED), Ok(()));
        assert_eq!(both(BetweenVms, CLOSED, UNTRUSTED), Err(Refusal::Restricted));
        assert_eq!(both(HostOnly, OPEN, UNTRUSTED), Err(Refusal::Restricted));
    }

    #[test]
    fn vms_of_an_old_host_talk_if_both_are_unrestricted() {
        assert_eq!(both(BetweenVms, OPEN, OPEN), Ok(()));
        assert_eq!(both(BetweenVms, OPEN, CLOSED), Err(Refusal::Restricted));
        assert_eq!(both(BetweenVms, CLOSED, CLOSED), Err(Refusal::Restricted));
    }

    #[test]
    fn vms_of_a_newer_host_never_talk() {
        assert_eq!(both(HostOnly, OPEN, OPEN), Err(Refusal::Unreachable));
    }

    #[test]
    fn a_domain_keeps_vms_apart() {
        let of = |domain| Party::Vm { unrestricted: true, domain };
        assert_eq!(both(BetweenVms, of("red"), of("red")), Ok(()));
        assert_eq!(both(BetweenVms, of("red"), of("blue")), Err(Refusal::Restricted));
        assert_eq!(both(BetweenVms, of("red"), OPEN), Err(Refusal::Restricted));
    }
}

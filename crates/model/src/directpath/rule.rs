//! The rule.

use std::sync::{Mutex, PoisonError};

use inventory::{Derive, Tx};
use vim25::MoRef;

use super::{
    concern::Concerned,
    judged::{self, Judged},
    known::Known,
    round::Round,
    said::Adapter,
    write::Writer,
};

/// Keeps `runtime.device` of machines true, and tells what changes.
#[derive(Default)]
pub struct DirectPath {
    tell: Option<Teller>,
    known: Mutex<Known>,
    judged: Judged,
}

/// Hears of changes, inside the commit and when all of them are written.
pub type Teller = fn(&mut Tx<'_>, &[Transition]);

/// Something else is said of an adapter than before.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The machine.
    pub vm: MoRef,
    /// Device key of the adapter.
    pub key: i32,
    /// What was said; none if the adapter is new.
    pub before: Option<Adapter>,
    /// What is said now; none if the adapter is gone.
    pub after: Option<Adapter>,
}

impl DirectPath {
    /// The rule, with somebody to tell.
    pub fn telling(tell: Teller) -> DirectPath {
        DirectPath { tell: Some(tell), ..DirectPath::default() }
    }

    /// The rule, with nobody to tell.
    pub fn silent() -> DirectPath {
        DirectPath::default()
    }
}

impl Derive for DirectPath {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "VirtualMachine",
            "HostSystem",
            "DistributedVirtualPortgroup",
            "VmwareDistributedVirtualSwitch",
            "DistributedVirtualSwitch",
        ])
    }

    /// Who waits is served in the same run.
    fn follows_itself(&self) -> bool {
        false
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        let concerned = Concerned::by(tx, touched, &self.judged);
        if concerned.is_empty() {
            return;
        }
        let outcome = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.trim();
            Round::run(tx, &concerned, &known)
        };
        for (host, pools) in outcome.pools {
            tx.set_private(&host, pools);
        }
        let mut writer = Writer::default();
        outcome.news.iter().for_each(|news| writer.write(tx, news));
        let mut judged = self.judged.in_this(tx);
        concerned.changed().for_each(|vm| judged::remember(&mut judged, tx, vm));
        drop(judged);
        if let Some(tell) = self.tell.filter(|_| !tx.before().is_empty() && !writer.transitions.is_empty()) {
            tell(tx, &writer.transitions);
        }
    }
}

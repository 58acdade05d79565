//! The driver that runs nothing: it keeps the state of each machine and answers at once.

use std::{collections::HashMap, future::ready};

use parking_lot::Mutex;
use vim25::Str;

use crate::{Answer, AtOnce, Driver, Order, Refusal, Report, Running};

/// Machines that run only in name. A machine it has not heard of is off, unless [`Simulated::adopt`] said otherwise.
#[derive(Default)]
pub struct Simulated {
    machines: Mutex<HashMap<Str, Running>>,
}

impl Simulated {
    /// Takes over a machine that runs already, at the start of a world.
    pub fn adopt(&self, vm: impl Into<Str>, state: Running) {
        self.machines.lock().insert(vm.into(), state);
    }
}

impl AtOnce for Simulated {
    fn act(&self, order: &Order) -> Result<Report, Refusal> {
        let mut machines = self.machines.lock();
        let state = machines.get(&order.vm.id).copied().unwrap_or(Running::Off);
        let next = order.action.leads_to(state).ok_or(Refusal::State { state, action: order.action })?;
        match next {
            Running::Off | Running::Gone => machines.remove(&order.vm.id),
            _ => machines.insert(order.vm.id.clone(), next),
        };
        Ok(Report { state: next })
    }
}

impl Driver for Simulated {
    fn name(&self) -> &'static str {
        "simulated"
    }

    fn carry_out(&self, order: Order) -> Answer {
        Box::pin(ready(self.act(&order)))
    }

    fn at_once(&self) -> Option<&dyn AtOnce> {
        Some(self)
    }
}

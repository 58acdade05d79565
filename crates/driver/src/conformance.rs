//! What every driver does, as a suite that each of them runs in its own tests.

use vim25::{MoRef, Obj};

use crate::{Action, Driver, Order, Refusal, Running};

/// Every path through a machine's life: what is asked, and whether it is done.
const LIFE: [(Action, Option<Running>); 28] = [
    (Action::PowerOff, None),
    (Action::Reset, None),
    (Action::Suspend, None),
    (Action::Reconfigure, Some(Running::Off)),
    (Action::PowerOn, Some(Running::On)),
    (Action::PowerOn, None),
    (Action::Destroy, None),
    (SNAPSHOT, Some(Running::On)),
    (back(Running::On), Some(Running::On)),
    (back(Running::Suspended), Some(Running::Suspended)),
    (SNAPSHOT, Some(Running::Suspended)),
    (Action::Move, Some(Running::Suspended)),
    (back(Running::Off), Some(Running::Off)),
    (SNAPSHOT, Some(Running::Off)),
    (Action::Consolidate, Some(Running::Off)),
    (Action::Move, Some(Running::Off)),
    (back(Running::Gone), None),
    (back(Running::On), Some(Running::On)),
    (Action::PowerOn, None),
    (Action::Consolidate, Some(Running::On)),
    (Action::Move, Some(Running::On)),
    (Action::Reset, Some(Running::On)),
    (Action::Reconfigure, Some(Running::On)),
    (Action::Suspend, Some(Running::Suspended)),
    (Action::Reset, None),
    (Action::PowerOn, Some(Running::On)),
    (Action::PowerOff, Some(Running::Off)),
    (Action::Destroy, Some(Running::Gone)),
];

const SNAPSHOT: Action = Action::Snapshot { id: 1, memory: true };

const fn back(to: Running) -> Action {
    Action::Revert { id: 1, to }
}

/// Leads one machine through its whole life and another beside it. The error says which step went wrong and how.
pub async fn check(driver: &dyn Driver) -> Result<(), String> {
    let other = order("vm-2", Action::PowerOn);
    driver.carry_out(other).await.map_err(|e| format!("powering on a second machine: {e}"))?;
    for (step, (action, expected)) in LIFE.into_iter().enumerate() {
        let answer = driver.carry_out(order("vm-1", action)).await;
        let fits = match (&answer, expected) {
            (Ok(report), Some(state)) => report.state == state,
            (Err(Refusal::State { action: refused, .. }), None) => *refused == action,
            _ => false,
        };
        if !fits {
            return Err(format!("step {step}, {action:?}: expected {expected:?}, got {answer:?}"));
        }
    }
    let untouched = driver.carry_out(order("vm-2", Action::Reset)).await;
    untouched.map(|_| ()).map_err(|e| format!("the second machine was touched: {e}"))
}

fn order(vm: &'static str, action: Action) -> Order {
    Order { vm: MoRef::new("VirtualMachine", vm), config: Obj::default(), action }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, Report, Simulated};

    #[tokio::test]
    async fn the_simulated_driver_conforms() {
        check(&Simulated::default()).await.unwrap();
    }

    #[tokio::test]
    async fn the_suite_notices_a_driver_that_says_yes_to_everything() {
        struct Yes;
        impl Driver for Yes {
            fn name(&self) -> &'static str {
                "yes"
            }
            fn carry_out(&self, _: Order) -> Answer {
                Box::pin(std::future::ready(Ok(Report { state: Running::On })))
            }
        }
        assert!(check(&Yes).await.is_err());
    }
}

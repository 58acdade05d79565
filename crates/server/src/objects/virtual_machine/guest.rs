//! The guest of a simulated machine: a machine with installed tools comes up with the name and addresses that its guest
//! had when it last ran.

use inventory::Tx;
use model::vm::{
    default_vm::host_name,
    guest::{self, Addresses},
};
use vim25::{
    MoRef, Str, mo,
    types::{GuestInfo, VirtualMachinePowerState as Power},
};

/// What a guest that does not run will be when it does: private state of the machine.
#[derive(Clone)]
struct Asleep {
    host_name: Option<Str>,
    ips: Vec<Option<Str>>,
}

/// Remembers who the guest is, before the machine stops.
pub fn remember(tx: &mut Tx<'_>, vm: &MoRef) {
    inherit(tx, vm, vm);
}

/// Makes the guest of `heir` come up as the one that runs in `vm`.
pub fn inherit(tx: &mut Tx<'_>, vm: &MoRef, heir: &MoRef) {
    let guest = tx.get::<mo::VirtualMachine>(vm).and_then(|vm| vm.guest.as_ref()).filter(|g| tools_run(g));
    let Some(guest) = guest else { return };
    let ips = guest.net.iter().flatten().map(|nic| nic.ip_address.as_ref()?.first().cloned()).collect();
    let asleep = Asleep { host_name: guest.host_name.clone(), ips };
    tx.set_private(&heir.id, asleep);
}

fn tools_run(guest: &GuestInfo) -> bool {
    guest.tools_running_status.as_deref() == Some("guestToolsRunning")
}

/// The guest of a machine that has been started or reset is up: its tools run, if it has any.
pub fn boot(tx: &mut Tx<'_>, vm: &MoRef) {
    let Some(machine) = tx.get::<mo::VirtualMachine>(vm) else { return };
    let Some(config) = machine.config.clone().filter(|_| machine.runtime.power_state == Power::PoweredOn) else {
        return;
    };
    let installed = config.tools.as_ref().and_then(|t| t.tools_version).is_some_and(|version| version > 0);
    if !installed {
        return;
    }
    let asleep = tx.private::<Asleep>(&vm.id).cloned();
    let known = asleep.as_ref();
    let addresses = Addresses {
        host_name: known.and_then(|a| a.host_name.clone()).unwrap_or_else(|| host_name(&config.name)),
        ip: &|nth| known.and_then(|a| a.ips.get(nth).cloned().flatten()),
        network: &|_| None,
    };
    let guest = guest::running(&config, &addresses);
    if let Some(machine) = tx.edit::<mo::VirtualMachine>(vm) {
        machine.guest = Some(guest);
    }
}

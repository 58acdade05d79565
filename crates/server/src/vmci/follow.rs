//! Follows the inventory and keeps the fabrics in step with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use ::vmci::{
    fabric::{self, Budget, Fabric},
    switch::Notice,
    transport::unix::{Keep, Limits, Sockets},
};
use inventory::{ChangeKind, Commit, ObjectChange, Revision, Snapshot};
use tokio::{net::UnixListener, sync::mpsc, task::JoinHandle};
use vim25::{
    MoRef, Str, cast, mo,
    types::{VirtualMachinePowerState as Power, VirtualMachineRuntimeInfo},
};

use super::{
    Setup, device, notice,
    plan::{self, Latched, Plan, Wanted, wanted},
    status,
};
use crate::core::Core;

/// How often counters are sampled.
const SAMPLING: Duration = Duration::from_secs(20);
/// The sockets that the fabric listens on for a machine.
const FILES_OF_A_MACHINE: u64 = 2;
/// The two ends of a stream.
const FILES_OF_A_STREAM: u64 = 2;

/// Keeps the fabrics in step with the inventory for as long as it is polled; dropped, every socket closes. When this
/// returns, the machines that run have their sockets.
///
/// # Panics
/// Outside a runtime.
pub fn run(core: Arc<Core>, setup: Setup) -> impl Future<Output = ()> + Send {
    let status = match UnixListener::bind(setup.root.status()) {
        Ok(listener) => Some(Background(tokio::spawn(status::serve(core.clone(), listener)))),
        Err(error) => {
            tracing::error!(%error, "the state of VMCI cannot be asked for");
            None
        }
    };
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut news = core.inventory.subscribe();
    let budget = Budget::new(setup.files / 2 / FILES_OF_A_STREAM);
    let mut follower = Follower { core, machines: BTreeMap::new(), setup, tell, budget, seen: None };
    follower.catch_up();
    async move {
        let _status = status;
        let mut sampling = tokio::time::interval(SAMPLING);
        loop {
            news.borrow_and_update();
            follower.catch_up();
            tokio::select! {
                changed = news.changed() => if changed.is_err() { return },
                Some(notice) = told.recv() => notice::record(&follower.core, &notice),
                _ = sampling.tick() => follower.core.vmci.sample(follower.core.now()),
            }
        }
    }
}

/// A task that ends with whoever holds this.
struct Background(JoinHandle<()>);

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Follower {
    core: Arc<Core>,
    // Sockets close before the folder that they are in.
    machines: BTreeMap<Str, Machine>,
    setup: Setup,
    tell: mpsc::UnboundedSender<Notice>,
    budget: Arc<Budget>,
    /// The revision up to which everything is in step.
    seen: Option<Revision>,
}

/// A machine that runs or is suspended.
#[derive(Default)]
struct Machine {
    /// What it took over when it started; none while it starts anew.
    latched: Option<Latched>,
    plugged: Option<(Plan, Sockets)>,
}

impl Follower {
    /// Brings the fabrics to the present.
    fn catch_up(&mut self) {
        let world = self.core.inventory.snapshot();
        if self.seen == Some(world.revision()) {
            return;
        }
        let log = self.seen.and_then(|seen| world.changes_since(seen));
        self.seen = Some(world.revision());
        match log {
            Some(commits) => self.step(&world, &commits),
            None => self.resync(&world),
        }
    }

    fn step(&mut self, world: &Snapshot, commits: &[Arc<Commit>]) {
        let mut touched = BTreeSet::new();
        for change in commits.iter().flat_map(|commit| &commit.changes) {
            if change.object.kind == "VirtualMachine" {
                self.seen_change(change);
                touched.insert(change.object.id.clone());
            } else if let Some(vm) = task_of(change) {
                touched.insert(vm);
            } else if change.object.kind == "HostSystem" && change.kind == ChangeKind::Leave {
                self.core.vmci.by_host.write().remove(&change.object.id);
            }
        }
        self.bring(world, touched);
    }

    /// The log no longer reaches back, or nothing was seen yet: every machine is looked at.
    fn resync(&mut self, world: &Snapshot) {
        let is_vm = |kind: &str| kind == "VirtualMachine";
        let mut all: BTreeSet<Str> =
            world.iter().filter(|o| is_vm(&o.moref.kind)).map(|o| o.moref.id.clone()).collect();
        all.extend(self.machines.keys().cloned());
        self.bring(world, all);
    }

    /// What only a step shows: the end of a run that began again since, and a new firewall.
    fn seen_change(&mut self, change: &ObjectChange) {
        let machine = |side: &Option<vim25::Shared>| {
            side.as_ref().and_then(|content| cast::<mo::VirtualMachine>(&**content)).cloned()
        };
        let (Some(old), Some(new)) = (machine(&change.old), machine(&change.new)) else { return };
        if run_ended(&old.runtime, &new.runtime) {
            notice::run_ended(&self.core, &change.object);
        }
        match self.machines.get_mut(&change.object.id) {
            Some(_) if new.runtime.power_state == Power::PoweredOff => self.forget(&change.object.id),
            Some(known) => known.passed(&change.object.id, &old.runtime, &new.runtime),
            None => {}
        }
        if !device::same_firewall(&old, &new) {
            notice::firewall_changed(&self.core, &change.object, &firewall(&new));
        }
    }

    /// First whatever closes, so that context ids are free, then whatever opens.
    fn bring(&mut self, world: &Snapshot, touched: BTreeSet<Str>) {
        let mut open = Vec::new();
        for id in touched {
            match wanted(world, &MoRef::new("VirtualMachine", id.clone())) {
                Wanted::Off => self.forget(&id),
                Wanted::Paused => self.machines.get_mut(&id).into_iter().for_each(|machine| machine.pause(&id)),
                Wanted::Plugged(plan) => {
                    if let Some(machine) = self.machines.get_mut(&id) {
                        machine.settle(&id, &plan);
                    }
                    open.push((id, plan));
                }
            }
        }
        let is_plugged = |machine: &Machine| machine.plugged.is_some();
        let mut count = self.machines.values().filter(|machine| is_plugged(machine)).count() as u64;
        for (id, plan) in open {
            if !self.machines.get(&id).is_some_and(is_plugged) {
                if count >= self.setup.files / 4 / FILES_OF_A_MACHINE {
                    tracing::warn!(vm = %id, files = self.setup.files, "no VMCI sockets: too few files can be open");
                    continue;
                }
                count += 1;
            }
            self.open(world, id, plan);
        }
    }

    /// The machine is off: nothing of it stays.
    fn forget(&mut self, id: &str) {
        if self.machines.remove(id).is_some_and(|machine| machine.plugged.is_none()) {
            self.setup.root.forget(id);
        }
    }

    /// Plugs in a machine that is not, and tells the fabric of what changed for one that is.
    fn open(&mut self, world: &Snapshot, id: Str, plan: Plan) {
        let fabric = self.fabric(world, &plan.run.host);
        let machine = self.machines.entry(id.clone()).or_default();
        let membership = plan.membership(machine.latched.get_or_insert_with(|| Latched::of(&plan)));
        match &mut machine.plugged {
            Some((current, _)) if *current == plan => {}
            Some((current, _)) => {
                let filter = (current.device != plan.device).then(|| plan.filter());
                match fabric.change(&id, membership, filter) {
                    Ok(()) => *current = plan,
                    Err(why) => tracing::warn!(vm = %id, %why, "a change of VMCI settings did not reach the fabric"),
                }
            }
            None => {
                let key = id.as_str().into();
                match Sockets::open(&self.setup.root, &fabric, key, membership, plan.filter(), Limits::default()) {
                    Ok(sockets) => machine.plugged = Some((plan, sockets)),
                    Err(error) => tracing::error!(vm = %id, %error, "the machine gets no VMCI sockets"),
                }
            }
        }
    }

    fn fabric(&self, world: &Snapshot, host: &Str) -> Arc<Fabric> {
        let mut by_host = self.core.vmci.by_host.write();
        let made = by_host.entry(host.clone()).or_insert_with(|| {
            let generation = plan::generation(world, host);
            let fabric = Fabric::telling(generation, fabric::Limits::default(), self.budget.clone(), self.tell.clone());
            for spec in &self.setup.services {
                if let Err(why) = fabric.register(spec.service()) {
                    tracing::error!(service = spec.name, %why, "a service has no place");
                }
            }
            fabric
        });
        made.clone()
    }
}

impl Machine {
    /// One step of its life: a run that ended ends here too, even if the machine runs again by now. A machine that was
    /// reset takes over its settings again.
    fn passed(&mut self, id: &str, old: &VirtualMachineRuntimeInfo, new: &VirtualMachineRuntimeInfo) {
        if old.power_state != new.power_state || old.host != new.host || old.boot_time != new.boot_time {
            self.pause(id);
        }
        if run_ended(old, new) {
            self.latched = None;
        }
    }

    /// Closes its sockets; programs may go on listening.
    fn pause(&mut self, id: &str) {
        if let Some((_, sockets)) = self.plugged.take() {
            tracing::debug!(vm = id, "VMCI connections are reset");
            sockets.close(Keep::Listeners);
        }
    }

    /// Closes its sockets if they belong to another run.
    fn settle(&mut self, id: &str, plan: &Plan) {
        if self.plugged.as_ref().is_some_and(|(current, _)| current.run != plan.run) {
            self.pause(id);
        }
    }
}

/// Whether a machine was powered off, or reset.
fn run_ended(old: &VirtualMachineRuntimeInfo, new: &VirtualMachineRuntimeInfo) -> bool {
    let was_reset = old.power_state == Power::PoweredOn && old.boot_time != new.boot_time;
    match new.power_state {
        Power::PoweredOff => old.power_state != Power::PoweredOff,
        Power::PoweredOn => was_reset,
        _ => false,
    }
}

/// The machine that a task which changed works on: what is under way on it may have begun or ended.
fn task_of(change: &ObjectChange) -> Option<Str> {
    let task = cast::<mo::Task>(&**change.new.as_ref()?)?;
    let entity = task.info.entity.as_ref()?;
    (entity.kind == "VirtualMachine").then(|| entity.id.clone())
}

/// A firewall in a few words.
fn firewall(vm: &mo::VirtualMachine) -> String {
    match device::Device::of(vm) {
        Some(device) if device.filter_enable => format!("the firewall is on and has {} rules", device.rules.len()),
        Some(device) => format!("the firewall is off and has {} rules", device.rules.len()),
        None => "the firewall is gone".into(),
    }
}

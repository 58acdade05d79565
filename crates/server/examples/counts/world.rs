//! A server without sockets, over the world that the binary makes, with a session.

use std::{net::Ipv4Addr, sync::Arc};

use driver::{Running, Simulated};
use inventory::{Inventory, ManualClock, Options, Tx};
use model::{Lab, Settings, directpath::DirectPath, network::Plugs};
use server::{
    Server,
    core::{Core, Settings as Behaviour},
    dispatch::{Caller, Outcome, Request, invoke, resolve},
    session::{Applicant, Session},
};
use vim25::{DateTime, Kind, Method, MoRef, Shared, Slot, cast, mo, types::TaskInfoState};

/// Machines in each of the two pools.
const MACHINES: u32 = 10;

/// A server and who uses it.
pub struct World {
    server: Server,
    session: Arc<Session>,
    /// What was built.
    pub lab: Lab,
    runtime: tokio::runtime::Runtime,
}

impl World {
    /// Twenty machines that are on, and a session.
    pub fn new() -> World {
        let mut derive = model::derive::rules_with(
            Plugs::telling(server::objects::tell_ports),
            DirectPath::telling(server::passthrough::tell),
        );
        derive.extend(server::objects::rules());
        let clock = Arc::new(ManualClock::new(DateTime::from_micros(0)));
        let inventory = Arc::new(Inventory::new(Options { clock, seed: 1, derive, ..Options::default() }));
        let settings = Settings { vms: MACHINES, ..Settings::vcenter() };
        let lab = inventory.commit(|tx| model::build(tx, &settings)).expect("the settings can be met").value;
        let driver = Simulated::default();
        lab.vms.iter().for_each(|vm| driver.adopt(vm.id.clone(), Running::On));
        let server = Server::new(inventory, Arc::new(driver), Behaviour::default()).expect("every handler fits");
        let session = log_in(server.core());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        World { server, session, lab, runtime }
    }

    /// The server's state.
    pub fn core(&self) -> &Arc<Core> {
        self.server.core()
    }

    /// Calls a method.
    pub fn call<M: Method>(&self, this: &MoRef, arguments: M) -> Outcome {
        let core = self.core();
        let caller = Caller {
            session: Some(self.session.clone()),
            address: Ipv4Addr::LOCALHOST.into(),
            user_agent: "counts".into(),
            granted: Arc::default(),
        };
        let version = core.settings.version;
        let request = Request { this: this.clone(), method: M::METHOD.name, version, caller };
        let target = resolve(core, &request).unwrap_or_else(|fault| panic!("{}: {}", M::METHOD.name, fault.message));
        let outcome = self.runtime.block_on(invoke(core.clone(), request, target, Arc::new(arguments)));
        outcome.unwrap_or_else(|fault| panic!("{}: {}", M::METHOD.name, fault.message))
    }

    /// Calls a method and takes what it returns.
    pub fn result<M: Method, T: Slot + Default>(&self, this: &MoRef, arguments: M) -> T {
        let (outcome, mut result) = (self.call(this, arguments), T::default());
        if let Some(any) = outcome.whole().read().to_any(Kind::Any) {
            result.assign(any).expect("a method returns what its descriptor says");
        }
        result
    }

    /// An object as it is now.
    pub fn content(&self, moref: &MoRef) -> Shared {
        self.core().sight(Some(self.session.clone())).content(moref).expect("it is there")
    }

    /// Calls a method that starts a task, and lets it run to its end.
    pub fn task<M: Method>(&self, this: &MoRef, arguments: M) {
        let task: MoRef = self.result(this, arguments);
        let state = || cast::<mo::Task>(&*self.content(&task)).expect("it is a task").info.state.clone();
        self.runtime.block_on(async {
            let mut news = self.core().inventory.subscribe();
            while !matches!(state(), TaskInfoState::Success | TaskInfoState::Error) {
                news.changed().await.expect("the inventory is there");
            }
        });
        assert_eq!(state(), TaskInfoState::Success, "{}", M::METHOD.name);
    }

    /// Changes the world directly.
    pub fn commit(&self, change: impl FnOnce(&mut Tx<'_>)) {
        let changed = self.core().inventory.commit::<(), std::convert::Infallible>(|tx| {
            change(tx);
            Ok(())
        });
        match changed {
            Ok(_) => {}
            Err(never) => match never {},
        }
    }
}

fn log_in(core: &Core) -> Arc<Session> {
    let address = Ipv4Addr::LOCALHOST.into();
    let (key, user) = ("session".into(), "counts".into());
    core.sessions
        .open(Applicant { key, user, locale: None, address, user_agent: "counts".into() }, core.now())
        .expect("there is room")
        .1
}

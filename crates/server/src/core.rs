//! The server's shared state: the world, the sessions, the handlers, and what runs a virtual machine.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use driver::Driver;
use inventory::Inventory;
use parking_lot::Mutex;
use vim25::{ApiVersion, DateTime, MoRef};

use crate::{
    aside::Turns,
    collector::{Budget, Lookout},
    dispatch::{Registry, Writers},
    objects::Finds,
    session::{Credentials, Session, Sessions},
    sight::Sight,
    task::Delays,
    vmci::Fabrics,
};

/// How the server behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who may log in.
    pub credentials: Credentials,
    /// The version of the API that the server offers.
    pub version: ApiVersion,
    /// A session without a call for this long ends.
    pub idle: Duration,
    /// How long operations take beyond what their work takes.
    pub delays: Delays,
    /// How long a finished task can still be read.
    pub task_retention: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            credentials: Credentials::default(),
            version: ApiVersion::parse("8.0.3.0").expect("the schema has 8.0.3.0"),
            idle: Duration::from_secs(30 * 60),
            delays: Delays::default(),
            task_retention: Duration::from_secs(10 * 60),
        }
    }
}

/// The server's shared state.
pub struct Core {
    /// The world.
    pub inventory: Arc<Inventory>,
    /// Who is logged in.
    pub sessions: Sessions,
    /// Which handler answers which method.
    pub registry: Registry,
    /// What runs virtual machines.
    pub driver: Arc<dyn Driver>,
    /// How the server behaves.
    pub settings: Settings,
    /// Every task that has not expired, oldest first.
    pub(crate) tasks: Mutex<VecDeque<MoRef>>,
    /// The VMCI fabrics of the hosts; none unless VMCI is run.
    pub vmci: Fabrics,
    /// Follows the log for the filters of all sessions.
    pub(crate) lookout: Arc<Lookout>,
    /// What filters and retrievals of all sessions may hold on to.
    pub(crate) budget: Arc<Budget>,
    /// What container views found.
    pub(crate) finds: Finds,
    /// Who may do long work.
    pub turns: Turns,
    /// Who may write to the world.
    pub(crate) writers: Writers,
}

impl Core {
    /// Joins the parts.
    pub fn new(inventory: Arc<Inventory>, driver: Arc<dyn Driver>, registry: Registry, settings: Settings) -> Core {
        let sessions = Sessions::new(settings.credentials.clone(), settings.idle);
        Core {
            inventory,
            sessions,
            registry,
            driver,
            settings,
            tasks: Mutex::default(),
            vmci: Fabrics::default(),
            lookout: Arc::default(),
            budget: Arc::default(),
            finds: Finds::default(),
            turns: Turns::default(),
            writers: Writers::default(),
        }
    }

    /// The time of the world.
    pub fn now(&self) -> DateTime {
        self.inventory.clock().now()
    }

    /// The world as a session sees it now.
    pub fn sight(&self, session: Option<Arc<Session>>) -> Sight {
        Sight::new(self.inventory.snapshot(), session)
    }
}

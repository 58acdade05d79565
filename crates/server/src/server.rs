//! The server as one value: joins the parts, answers requests, and keeps house.

use std::{sync::Arc, time::Duration};

use driver::Driver;
use inventory::Inventory;
use vim25::{MethodInfo, Type};

use crate::{
    core::{Core, Settings},
    dispatch::{Registry, RegistryError},
    endpoint,
    http::{Request, Response, Service},
    objects, task,
};

/// How often finished tasks and idle sessions are looked for.
const HOUSEKEEPING: Duration = Duration::from_secs(30);

/// A vSphere API server over an inventory.
pub struct Server {
    core: Arc<Core>,
}

impl Server {
    /// Joins the parts. A handler that does not fit the schema, or is registered twice, is refused here.
    pub fn new(
        inventory: Arc<Inventory>,
        driver: Arc<dyn Driver>,
        settings: Settings,
    ) -> Result<Server, RegistryError> {
        let core = Core::new(inventory, driver, registry()?, settings);
        Ok(Server { core: Arc::new(core) })
    }

    /// The shared state.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Ends idle sessions and forgets old tasks, for as long as it is polled.
    pub async fn keep_house(&self) {
        let mut ticks = tokio::time::interval(HOUSEKEEPING);
        loop {
            ticks.tick().await;
            self.core.sessions.sweep(self.core.now());
            task::expire(&self.core);
        }
    }
}

impl Service for Server {
    async fn call(&self, request: Request) -> Response {
        endpoint::answer(&self.core, request).await
    }
}

fn registry() -> Result<Registry, RegistryError> {
    let mut registry = Registry::default();
    objects::register(&mut registry)?;
    Ok(registry)
}

/// Every method of the schema, by type, and whether it has a handler.
pub fn coverage() -> Result<Vec<(&'static Type, &'static MethodInfo, bool)>, RegistryError> {
    Ok(registry()?.coverage())
}

//! A session of its own that follows all machines by WaitForUpdatesEx, through the client's cache.

use crate::server::Server;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use vim_rs::core::client::Client;
use vim_rs::core::pc_cache::{CacheAction, CacheManager, Monitor, ObjectCache, ObjectCacheListener};
use vim_rs::types::enums::VirtualMachinePowerStateEnum as Power;
use vim_rs::vim_updatable;

/// How long a change may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

vim_updatable!(
    struct Followed: VirtualMachine {
        name = "name",
        power_state = "runtime.power_state",
        memory_mb = "config.hardware.memory_mb",
    }
);

/// What happened to a machine.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    New { name: String, power: Power },
    Changed { name: String, power: Power, memory_mb: Option<i32> },
    Gone { name: String },
}

/// The follower.
pub struct Watcher {
    client: Arc<Client>,
    manager: CacheManager,
    monitor: Monitor,
    news: Receiver<Seen>,
}

struct Listener(Mutex<Sender<Seen>>);

impl Watcher {
    /// Begins to follow; the machines that are there already are seen first.
    pub async fn start(server: &Server) -> Self {
        let client = server.connect().await;
        let (sender, news) = channel();
        let cache = ObjectCache::new_with_listener(Box::new(Listener(Mutex::new(sender))));
        let mut manager = CacheManager::new(client.clone()).unwrap();
        let monitor = manager.create_monitor().unwrap();
        manager.add_container_cache(Box::new(cache), &client.service_content().root_folder).await.unwrap();
        Self { client, manager, monitor, news }
    }

    /// What comes next that `wanted` takes; what comes before that is passed over.
    pub async fn until(&mut self, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let (started, mut passed) = (Instant::now(), Vec::new());
        while started.elapsed() < PATIENCE {
            while let Ok(seen) = self.news.try_recv() {
                if wanted(&seen) {
                    return seen;
                }
                passed.push(seen);
            }
            if let Some(updates) = self.monitor.wait_updates(5).await.unwrap() {
                self.manager.apply_updates(updates).unwrap();
            }
        }
        panic!("not seen within {PATIENCE:?}; seen instead: {passed:#?}");
    }

    /// Ends it.
    pub async fn stop(mut self) {
        self.manager.destroy().await.unwrap();
        self.client.close().await.unwrap();
    }
}

impl Listener {
    fn tell(&self, seen: Seen) -> CacheAction {
        // A watcher that is gone wants no more news.
        let _ = self.0.lock().unwrap().send(seen);
        CacheAction::Keep
    }
}

impl ObjectCacheListener<Followed> for Listener {
    fn on_new(&mut self, vm: &Followed) -> CacheAction {
        self.tell(Seen::New { name: vm.name.clone(), power: vm.power_state.clone() })
    }

    fn on_update(&mut self, vm: &Followed) -> CacheAction {
        let (name, power) = (vm.name.clone(), vm.power_state.clone());
        self.tell(Seen::Changed { name, power, memory_mb: vm.memory_mb })
    }

    fn on_remove(&mut self, vm: Followed) {
        self.tell(Seen::Gone { name: vm.name });
    }
}

//! A small world with a logged-in session, for the tests of handlers.
//!
//! ```text
//! Datacenters (group-d1)
//! └ DC0 (datacenter-2)
//!   ├ vm (group-v3)         vm-20 alpha, vm-21 beta, folder prod (group-v9) with vm-22 gamma, vApp resgroup-v30
//!   ├ host (group-h4)       cluster domain-c7 (host-10 host-11, pool resgroup-8, vApp resgroup-v30 app with vm-31)
//!   ├ datastore (group-s5)  datastore-12 LocalDS_0
//!   └ network (group-n6)    network-13 VM Network
//! ```

use std::{net::Ipv4Addr, sync::Arc};

use inventory::{Clock, Inventory, ManualClock, Options, Tx};
use vim25::{
    Any, DataType, DateTime, Kind, Method, MoRef, Obj, Ref, Slot, Str, mo,
    types::{EventDescription, GuestInfo, OptionValue, TaskInfo, VirtualMachineConfigInfo},
};

use crate::{
    core::{Core, Settings},
    dispatch::{Caller, Registry, Request, invoke, resolve},
    fault::Fault,
    objects,
    session::{Applicant, Session},
    task,
};

/// A server without a front door.
pub struct World {
    pub core: Arc<Core>,
    pub clock: Arc<ManualClock>,
    pub session: Arc<Session>,
    runtime: tokio::runtime::Runtime,
}

impl World {
    /// The world of the module's picture, with `root@localos` logged in.
    pub fn new() -> World {
        let clock = Arc::new(ManualClock::new(DateTime::parse("2026-01-02T03:04:05Z").unwrap()));
        let derive = objects::rules();
        let inventory = Inventory::new(Options { clock: clock.clone(), derive, ..Options::default() });
        let built = inventory.commit::<(), ()>(|tx| {
            managers(tx);
            entities(tx);
            Ok(())
        });
        built.unwrap();
        let mut registry = Registry::default();
        objects::register(&mut registry).unwrap();
        let driver = Arc::new(driver::Simulated::default());
        let core = Arc::new(Core::new(Arc::new(inventory), driver, registry, Settings::default()));
        let session = log_in(&core, "root@localos");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        World { core, clock, session, runtime }
    }

    /// The same world through a new session of another user.
    pub fn log_in(&self, user: &str) -> Arc<Session> {
        log_in(&self.core, user)
    }

    /// Calls a method as a client of the newest API does, through dispatch.
    pub fn call<M: Method>(&self, this: &MoRef, arguments: M) -> Result<M::Output, Fault>
    where
        M::Output: Returned,
    {
        self.call_as(&self.session, this, arguments)
    }

    /// Calls a method in another session.
    pub fn call_as<M: Method>(&self, session: &Arc<Session>, this: &MoRef, arguments: M) -> Result<M::Output, Fault>
    where
        M::Output: Returned,
    {
        let caller = Caller {
            session: Some(session.clone()),
            address: Ipv4Addr::LOCALHOST.into(),
            user_agent: "test".into(),
            granted: Arc::default(),
        };
        let request =
            Request { this: this.clone(), method: M::METHOD.name, version: self.core.settings.version, caller };
        let target = resolve(&self.core, &request)?;
        let outcome = self.runtime.block_on(invoke(self.core.clone(), request, target, Arc::new(arguments)))?;
        Ok(M::Output::returned(outcome.whole().read()))
    }

    /// Changes the world directly.
    pub fn commit<R>(&self, change: impl FnOnce(&mut Tx<'_>) -> R) -> R {
        self.core.inventory.commit::<R, ()>(|tx| Ok(change(tx))).unwrap().value
    }

    /// The properties of an object as the session sees them.
    pub fn get<T: DataType>(&self, moref: &MoRef) -> T {
        self.core.sight(Some(self.session.clone())).get(moref).unwrap_or_else(|| panic!("there is no {moref}"))
    }

    /// Runs a task to its end.
    pub fn finish(&self, task: &MoRef) -> Obj<TaskInfo> {
        self.runtime.block_on(async {
            let mut news = self.core.inventory.subscribe();
            loop {
                news.borrow_and_update();
                let info = self.get::<mo::Task>(task).info;
                if task::is_over(&info.state) {
                    return info;
                }
                news.changed().await.unwrap();
            }
        })
    }

    /// Lets tasks go on until something is so.
    pub fn settle(&self, is_so: impl Fn() -> bool) {
        self.runtime.block_on(async {
            let mut news = self.core.inventory.subscribe();
            while !is_so() {
                news.changed().await.unwrap();
            }
        });
    }

    /// Lets time pass.
    pub fn advance(&self, seconds: i64) -> DateTime {
        self.clock.advance(seconds);
        self.clock.now()
    }

    /// Wire names of the events so far, oldest first.
    pub fn event_names(&self) -> Vec<&'static str> {
        self.core.inventory.snapshot().events().iter().map(|e| e.shared().descriptor().name).collect()
    }
}

fn log_in(core: &Core, user: &str) -> Arc<Session> {
    let key = core.inventory.commit::<_, ()>(|tx| Ok(tx.uuid())).unwrap().value;
    let address = Ipv4Addr::LOCALHOST.into();
    let applicant = Applicant { key, user: user.into(), locale: None, address, user_agent: "test".into() };
    core.sessions.open(applicant, core.now()).unwrap().1
}

/// The fault's wire name and its text.
pub fn refused<T: std::fmt::Debug>(outcome: Result<T, Fault>) -> (&'static str, String) {
    let fault = outcome.expect_err("the call should fault");
    (fault.name(), fault.message)
}

/// A reference.
pub fn moref(kind: &str, id: &str) -> MoRef {
    MoRef::new(kind, id)
}

/// References to objects of one kind.
pub fn morefs(kind: &str, ids: &[&str]) -> Vec<MoRef> {
    ids.iter().map(|id| moref(kind, id)).collect()
}

/// Ids in alphabetic order.
pub fn ids(morefs: &[MoRef]) -> Vec<&str> {
    let mut ids: Vec<&str> = morefs.iter().map(|m| m.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

/// What a method can return, read back from its outcome.
pub trait Returned {
    fn returned(outcome: Ref<'_>) -> Self;
}

impl Returned for () {
    fn returned(_: Ref<'_>) {}
}

fn through_slot<T: Slot + Default>(outcome: Ref<'_>) -> T {
    let mut value = T::default();
    if let Some(any) = outcome.to_any(Kind::Any) {
        value.assign(any).expect("a method returns what its descriptor says");
    }
    value
}

macro_rules! returned {
    ($([$($of:tt)*] $kind:ty),+ $(,)?) => {$(
        impl<$($of)*> Returned for $kind {
            fn returned(outcome: Ref<'_>) -> Self {
                through_slot(outcome)
            }
        }
    )+};
}

returned!([] bool, [] i32, [] Str, [] MoRef, [] DateTime, [] Option<MoRef>, [] Vec<MoRef>, [] Option<Vec<MoRef>>,
    [] Option<Vec<bool>>, [] Option<Any>, [T: DataType] Obj<T>, [T: DataType] Option<Obj<T>>,
    [T: DataType] Vec<Obj<T>>, [T: DataType] Option<Vec<Obj<T>>>);

fn managers(tx: &mut Tx<'_>) {
    let service = mo::ServiceInstance::with(|s| {
        s.content.root_folder = moref("Folder", "group-d1");
        s.content.task_manager = Some(moref("TaskManager", "TaskManager"));
        s.content.event_manager = Some(moref("EventManager", "EventManager"));
        s.content.extension_manager = Some(moref("ExtensionManager", "ExtensionManager"));
        s.content.license_manager = Some(moref("LicenseManager", "LicenseManager"));
        s.content.custom_fields_manager = Some(moref("CustomFieldsManager", "CustomFieldsManager"));
        s.content.authorization_manager = Some(moref("AuthorizationManager", "AuthorizationManager"));
    });
    tx.insert(moref("ServiceInstance", "ServiceInstance"), service);
    tx.insert(moref("PropertyCollector", "propertyCollector"), mo::PropertyCollector::default());
    tx.insert(moref("SessionManager", "SessionManager"), mo::SessionManager::default());
    tx.insert(moref("ViewManager", "ViewManager"), mo::ViewManager::default());
    tx.insert(moref("SearchIndex", "SearchIndex"), mo::SearchIndex::default());
    let tasks = mo::TaskManager { max_collector: 3, ..Default::default() };
    tx.insert(moref("TaskManager", "TaskManager"), tasks);
    let events =
        mo::EventManager { max_collector: 3, description: EventDescription::default().into(), ..Default::default() };
    tx.insert(moref("EventManager", "EventManager"), events);
    let setting = |key: &str, value: Any| Obj::from(OptionValue { key: key.into(), value: Some(value) });
    let settings = vec![
        setting("event.maxAge", Any::Int(30)),
        setting("event.maxAgeEnabled", Any::Bool(true)),
        setting("mail.sender", Any::Str("".into())),
    ];
    tx.insert(
        moref("OptionManager", "VpxSettings"),
        mo::OptionManager { setting: Some(settings), supported_option: Some(vec![]) },
    );
    tx.insert(moref("CustomFieldsManager", "CustomFieldsManager"), mo::CustomFieldsManager { field: Some(vec![]) });
    tx.insert(moref("AuthorizationManager", "AuthorizationManager"), mo::AuthorizationManager::default());
    tx.insert(moref("UserDirectory", "UserDirectory"), mo::UserDirectory::default());
    tx.insert(moref("ExtensionManager", "ExtensionManager"), mo::ExtensionManager::default());
    tx.insert(moref("LicenseManager", "LicenseManager"), mo::LicenseManager::default());
}

fn entity(name: &str, parent: &MoRef) -> mo::ManagedEntity {
    mo::ManagedEntity::with(|e| {
        e.name = name.into();
        e.parent = Some(parent.clone());
    })
}

fn folder(tx: &mut Tx<'_>, id: &str, name: &str, parent: &MoRef, children: Vec<MoRef>) -> MoRef {
    let this = moref("Folder", id);
    let content = mo::Folder { base: entity(name, parent), child_entity: Some(children.into()), ..Default::default() };
    tx.insert(this.clone(), content);
    this
}

fn entities(tx: &mut Tx<'_>) {
    let root = moref("Folder", "group-d1");
    let dc = moref("Datacenter", "datacenter-2");
    let mut top = mo::Folder { child_entity: Some([dc.clone()].into()), ..Default::default() };
    top.name = "Datacenters".into();
    tx.insert(root.clone(), top);
    let in_vms = [morefs("VirtualMachine", &["vm-20", "vm-21"]), vec![moref("Folder", "group-v9"), app()]].concat();
    let vm_folder = folder(tx, "group-v3", "vm", &dc, in_vms);
    let prod = folder(tx, "group-v9", "prod", &vm_folder, morefs("VirtualMachine", &["vm-22"]));
    let host_folder = folder(tx, "group-h4", "host", &dc, vec![cluster()]);
    let datastore_folder = folder(tx, "group-s5", "datastore", &dc, vec![datastore()]);
    let network_folder = folder(tx, "group-n6", "network", &dc, vec![network()]);
    compute(tx, &host_folder);
    storage_and_network(tx, &datastore_folder, &network_folder);
    vm(tx, "vm-20", "alpha", Some(&vm_folder), "host-10", "10.0.0.20");
    vm(tx, "vm-21", "beta", Some(&vm_folder), "host-11", "10.0.0.21");
    vm(tx, "vm-22", "gamma", Some(&prod), "host-10", "10.0.0.22");
    vm(tx, "vm-31", "delta", None, "host-11", "10.0.0.31");
    let datacenter = mo::Datacenter {
        base: entity("DC0", &root),
        vm_folder,
        host_folder,
        datastore_folder,
        network_folder,
        ..Default::default()
    };
    tx.insert(dc, datacenter);
}

fn cluster() -> MoRef {
    moref("ClusterComputeResource", "domain-c7")
}

fn pool() -> MoRef {
    moref("ResourcePool", "resgroup-8")
}

fn app() -> MoRef {
    moref("VirtualApp", "resgroup-v30")
}

fn datastore() -> MoRef {
    moref("Datastore", "datastore-12")
}

fn network() -> MoRef {
    moref("Network", "network-13")
}

fn compute(tx: &mut Tx<'_>, host_folder: &MoRef) {
    let compute = mo::ClusterComputeResource::with(|c| {
        c.base.base = entity("DC0_C0", host_folder);
        c.host = Some(morefs("HostSystem", &["host-10", "host-11"]).into());
        c.resource_pool = Some(pool());
    });
    tx.insert(cluster(), compute);
    for (id, name, vms) in
        [("host-10", "esx-10.lab.local", ["vm-20", "vm-22"]), ("host-11", "10.0.1.11", ["vm-21", "vm-31"])]
    {
        let mut host = mo::HostSystem { base: entity(name, &cluster()), ..Default::default() };
        host.vm = Some(morefs("VirtualMachine", &vms).into());
        tx.insert(moref("HostSystem", id), host);
    }
    let mut resources =
        mo::ResourcePool { base: entity("Resources", &cluster()), owner: cluster(), ..Default::default() };
    resources.vm = Some(morefs("VirtualMachine", &["vm-20", "vm-21", "vm-22"]).into());
    resources.resource_pool = Some([app()].into());
    tx.insert(pool(), resources);
    let virtual_app = mo::VirtualApp::with(|a| {
        a.base.base = entity("app", &pool());
        a.owner = cluster();
        a.vm = Some(morefs("VirtualMachine", &["vm-31"]).into());
        a.parent_folder = Some(moref("Folder", "group-v3"));
    });
    tx.insert(app(), virtual_app);
}

fn storage_and_network(tx: &mut Tx<'_>, datastores: &MoRef, networks: &MoRef) {
    let vm = Some(morefs("VirtualMachine", &["vm-20", "vm-21", "vm-22", "vm-31"]).into());
    let store = mo::Datastore { base: entity("LocalDS_0", datastores), vm, ..Default::default() };
    tx.insert(datastore(), store);
    tx.insert(network(), mo::Network { base: entity("VM Network", networks), ..Default::default() });
}

/// A VM whose UUIDs end in the number of its id. One without a folder lies in the vApp.
fn vm(tx: &mut Tx<'_>, id: &str, name: &str, folder: Option<&MoRef>, host: &str, ip: &str) {
    let number = id.trim_start_matches("vm-");
    let content = mo::VirtualMachine::with(|vm| {
        vm.base.name = name.into();
        vm.parent = folder.cloned();
        vm.parent_v_app = folder.is_none().then(app);
        vm.resource_pool = Some(if folder.is_some() { pool() } else { app() });
        vm.runtime.host = Some(moref("HostSystem", host));
        vm.datastore = Some([datastore()].into());
        vm.config = Some(
            VirtualMachineConfigInfo::with(|c| {
                c.name = name.into();
                c.uuid = format!("42000000-0000-0000-0000-0000000000{number}").into();
                c.instance_uuid = Some(format!("50000000-0000-0000-0000-0000000000{number}").into());
                c.files.vm_path_name = Some(format!("[LocalDS_0] {name}/{name}.vmx").into());
            })
            .into(),
        );
        let guest = GuestInfo {
            host_name: Some(format!("{name}.lab.local").into()),
            ip_address: Some(ip.into()),
            ..Default::default()
        };
        vm.guest = Some(guest.into());
    });
    tx.insert(moref("VirtualMachine", id), content);
}

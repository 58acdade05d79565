//! What holds for every call.

use std::sync::Arc;

use vim25::{ApiVersion, DataType, DateTime, args, mo};

use super::*;
use crate::{
    core::Settings,
    testing::{World, moref, refused},
};

fn request<'a>(world: &World, this: MoRef, method: &'a str, logged_in: bool) -> Request<'a> {
    let caller = Caller {
        session: logged_in.then(|| world.session.clone()),
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        user_agent: "test".into(),
        granted: Arc::default(),
    };
    Request { this, method, version: world.core.settings.version, caller }
}

fn refusal(world: &World, this: MoRef, method: &str, logged_in: bool) -> &'static str {
    refused(resolve(&world.core, &request(world, this, method, logged_in)).map(|t| t.method.name)).0
}

#[test]
fn calls_that_make_no_sense_get_the_fault_that_says_why() {
    let world = World::new();
    let vm = || moref("VirtualMachine", "vm-20");
    assert_eq!(refusal(&world, moref("VirtualMachine", "vm-99"), "PowerOnVM_Task", true), "ManagedObjectNotFound");
    assert_eq!(refusal(&world, moref("HostSystem", "vm-20"), "PowerOnVM_Task", true), "ManagedObjectNotFound");
    assert_eq!(refusal(&world, moref("Nonsense", "vm-20"), "PowerOnVM_Task", true), "InvalidType");
    assert_eq!(refusal(&world, vm(), "CreateFolder", true), "MethodNotFound");
    assert_eq!(refusal(&world, vm(), "NoSuchMethod", true), "MethodNotFound");
    assert_eq!(refusal(&world, vm(), "PowerOnVM_Task", false), "NotAuthenticated");
    assert_eq!(refusal(&world, moref("VirtualMachine", "vm-99"), "PowerOnVM_Task", false), "NotAuthenticated");
}

#[test]
fn a_method_that_the_clients_version_does_not_have_is_not_found() {
    let world = World::new();
    let mut request = request(&world, moref("VirtualMachine", "vm-20"), "InstantClone_Task", true);
    assert!(resolve(&world.core, &request).is_ok());
    request.version = ApiVersion::parse("5.5").unwrap();
    assert_eq!(refused(resolve(&world.core, &request).map(|t| t.method.name)).0, "MethodNotFound");
}

#[test]
fn a_method_without_a_handler_says_so_with_its_name() {
    let world = World::new();
    let (fault, text) = refused(world.call(&moref("VirtualMachine", "vm-20"), args::DefragmentAllDisks {}));
    assert_eq!(fault, "NotImplemented");
    assert!(text.contains("DefragmentAllDisks") && text.contains("vm-20"), "{text}");
}

#[test]
fn a_handler_that_panics_faults_its_own_call_and_leaves_the_world_as_it_was() {
    fn broken(call: &Call, _: args::CurrentTime) -> Result<DateTime, Fault> {
        call.commit(|tx| {
            tx.edit::<mo::ManagedEntity>(&MoRef::new("VirtualMachine", "vm-20")).unwrap().name = "half done".into();
            panic!("out of luck")
        })
    }
    let world = World::new();
    let mut registry = Registry::default();
    registry.on::<mo::ServiceInstance, args::CurrentTime>(broken).unwrap();
    let inventory = world.core.inventory.clone();
    let core = Arc::new(Core::new(inventory, Arc::new(driver::Simulated::default()), registry, Settings::default()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let this = MoRef::new("ServiceInstance", "ServiceInstance");
    let request = request(&world, this, "CurrentTime", true);
    let target = resolve(&core, &request).unwrap();
    let outcome = runtime.block_on(invoke(core.clone(), request, target, Arc::new(args::CurrentTime {})));
    let fault = outcome.err().expect("the call should fault");
    assert_eq!(fault.name(), "SystemError");
    assert!(fault.message.contains("out of luck"));
    let name = world.get::<mo::VirtualMachine>(&moref("VirtualMachine", "vm-20")).name.clone();
    assert_ne!(name, "half done");
    world.commit(|tx| tx.edit::<mo::ManagedEntity>(&moref("VirtualMachine", "vm-20")).unwrap().name = "fine".into());
}

#[test]
fn a_wrong_or_second_registration_is_refused() {
    fn now(_: &Call, _: args::CurrentTime) -> Result<DateTime, Fault> {
        Ok(DateTime::default())
    }
    let mut registry = Registry::default();
    registry.on::<mo::ServiceInstance, args::CurrentTime>(now).unwrap();
    let (kind, method) = (mo::ServiceInstance::TYPE.name, "CurrentTime");
    let again = registry.on::<mo::ServiceInstance, args::CurrentTime>(now);
    assert_eq!(again, Err(RegistryError::Twice { kind, method }));
    let wrong = registry.on::<mo::Folder, args::CurrentTime>(now);
    assert_eq!(wrong, Err(RegistryError::NoSuchMethod { kind: "Folder", method }));
}

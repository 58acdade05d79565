//! Faults arrive with their type and their properties.

use crate::server::Server;
use crate::{specs, vm_life};
use std::sync::Arc;
use vim_rs::core::client::{Client, Error};
use vim_rs::core::tasks::TaskTracker;
use vim_rs::mo::{Folder, PropertyCollector, VirtualMachine};
use vim_rs::types::struct_enum::StructType;
use vim_rs::types::structs::{MethodFault, ObjectSpec, PropertyFilterSpec, PropertySpec, RetrieveOptions};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_session_is_not_authenticated() {
    let server = Server::start();
    let client = server.builder().build().await.unwrap();
    let refused = root(&client).name().await.unwrap_err();
    assert_eq!(fault(refused).type_, Some(StructType::NotAuthenticated));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_not_there_is_named() {
    let server = Server::start();
    let client = server.connect().await;
    let refused = VirtualMachine::new(client.clone(), "vm-nothing").name().await.unwrap_err();
    let fault = fault(refused);
    assert_eq!(fault.type_, Some(StructType::ManagedObjectNotFound));
    assert!(property(&fault, "obj").contains("vm-nothing"), "{fault:?}");
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_property_that_is_not_there_is_named() {
    let server = Server::start();
    let client = server.connect().await;
    let content = client.service_content();
    let paths = vec!["name".to_owned(), "nonsense".to_owned()];
    let spec = PropertyFilterSpec {
        prop_set: vec![PropertySpec { r#type: "Folder".to_owned(), all: None, path_set: Some(paths) }],
        object_set: vec![ObjectSpec { obj: content.root_folder.clone(), skip: None, select_set: None }],
        report_missing_objects_in_results: None,
    };
    let collector = PropertyCollector::new(client.clone(), &content.property_collector.value);
    let refused = collector.retrieve_properties_ex(&[spec], &RetrieveOptions { max_objects: None }).await;
    let fault = fault(refused.unwrap_err());
    assert_eq!(fault.type_, Some(StructType::InvalidProperty));
    assert!(property(&fault, "name").contains("nonsense"), "{fault:?}");
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_is_a_duplicate() {
    let server = Server::start();
    let client = server.connect().await;
    let tasks = TaskTracker::new(client.clone());
    vm_life::create(&client, &tasks, "twice").await;
    let (folder, pool) = vm_life::place(&client).await;
    let task = folder.create_vm_task(&specs::machine("twice"), &pool, None).await.unwrap();
    let failed = tasks.wait_any(task).await.unwrap_err();
    let fault = failed.task_fault().unwrap_or_else(|| panic!("the task should fail by a fault: {failed:?}"));
    assert_eq!(fault.type_, Some(StructType::DuplicateName));
    assert!(property(fault, "name").contains("twice"), "{fault:?}");
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_fails_says_why() {
    let server = Server::start();
    let client = server.connect().await;
    let tasks = TaskTracker::new(client.clone());
    let vm = vm_life::create(&client, &tasks, "running").await;
    tasks.wait_any(vm.power_on_vm_task(None).await.unwrap()).await.unwrap();
    let failed = tasks.wait_any(vm.power_on_vm_task(None).await.unwrap()).await.unwrap_err();
    let fault = failed.task_fault().unwrap_or_else(|| panic!("the task should fail by a fault: {failed:?}"));
    assert_eq!(fault.type_, Some(StructType::InvalidPowerState));
    assert!(property(fault, "existingState").contains("poweredOn"), "{fault:?}");
    client.close().await.unwrap();
}

fn root(client: &Arc<Client>) -> Folder {
    Folder::new(client.clone(), &client.service_content().root_folder.value)
}

fn fault(error: Error) -> Arc<MethodFault> {
    match error {
        Error::MethodFault(fault) => fault,
        other => panic!("not a typed fault: {other:?}"),
    }
}

/// A property that the fault's own type adds, as text.
fn property(fault: &MethodFault, name: &str) -> String {
    fault.extra_fields_.get(name).map(|value| format!("{value:?}")).unwrap_or_default()
}

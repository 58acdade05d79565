//! The walk: properties of objects one by one, in bulk, in pages, by macro and as a whole.

use crate::server::Server;
use std::collections::BTreeSet;
use std::sync::Arc;
use vim_rs::core::client::Client;
use vim_rs::core::pc_retrieve::ObjectRetriever;
use vim_rs::mo::{Datacenter, Folder, PropertyCollector, SearchIndex, ViewManager};
use vim_rs::types::enums::{MoTypesEnum, VirtualMachinePowerStateEnum};
use vim_rs::types::structs::{
    ManagedObjectReference, ObjectContent, ObjectSpec, PropertyFilterSpec, PropertySpec, RetrieveOptions,
    SelectionSpec, TraversalSpec,
};
use vim_rs::vim_retrievable;

vim_retrievable!(
    struct Machine: VirtualMachine {
        name = "name",
        power_state = "runtime.power_state",
        host = "runtime.host",
        uuid = "config.uuid",
        devices = "config.hardware.device",
    }
);

vim_retrievable!(
    struct Host: HostSystem {
        name = "name",
        connection = "runtime.connection_state",
        machines = "vm",
        memory = "hardware.memory_size",
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_is_walked_property_by_property() {
    let server = Server::start();
    let client = server.connect().await;
    let root = Folder::new(client.clone(), &client.service_content().root_folder.value);
    assert_eq!(root.name().await.unwrap(), "Datacenters");
    let children = root.child_entity().await.unwrap().unwrap();
    let [datacenter] = children.as_slice() else { panic!("{children:?}") };
    assert_eq!(datacenter.r#type, MoTypesEnum::Datacenter);
    let datacenter = Datacenter::new(client.clone(), &datacenter.value);
    assert_eq!(datacenter.name().await.unwrap(), "DC0");
    let machines = Folder::new(client.clone(), &datacenter.vm_folder().await.unwrap().value);
    assert_eq!(machines.child_entity().await.unwrap().unwrap().len(), 4);
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_macro_reads_typed_properties_of_every_machine() {
    let server = Server::start();
    let client = server.connect().await;
    let machines = machines(&client).await;
    let names: BTreeSet<&str> = machines.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["DC0_C0_RP0_VM0", "DC0_C0_RP0_VM1", "DC0_H0_VM0", "DC0_H0_VM1"]));
    for machine in &machines {
        assert_eq!(machine.power_state, VirtualMachinePowerStateEnum::PoweredOn);
        assert!(machine.host.is_some());
        let keys: BTreeSet<i32> = machine.devices.iter().flatten().map(|device| device.key).collect();
        assert!(keys.is_superset(&BTreeSet::from([100, 200, 300, 500, 600, 700, 12000])), "{keys:?}");
    }
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_and_machines_know_each_other() {
    let server = Server::start();
    let client = server.connect().await;
    let retriever = ObjectRetriever::new(client.clone()).unwrap();
    let hosts: Vec<Host> = retriever.retrieve_objects_from_container(root(&client)).await.unwrap();
    assert_eq!(hosts.len(), 4);
    assert!(hosts.iter().all(|h| h.connection.as_str() == "connected" && h.memory.unwrap_or(0) > 0));
    for machine in machines(&client).await {
        let host = hosts.iter().find(|h| Some(&h.id.value) == machine.host.as_ref().map(|m| &m.value)).unwrap();
        assert!(host.machines.iter().flatten().any(|m| m.value == machine.id.value), "{}", host.name);
    }
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_objects_come_in_pages_and_none_is_lost() {
    let server = Server::with(&["--vm", "120", "--autostart", "false"]);
    let client = server.connect().await;
    let machines = machines(&client).await;
    let ids: BTreeSet<&str> = machines.iter().map(|m| m.id.value.as_str()).collect();
    assert_eq!((machines.len(), ids.len()), (240, 240));
    assert!(machines.iter().all(|m| m.power_state == VirtualMachinePowerStateEnum::PoweredOff));
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_decodes_every_property_of_every_object() {
    let server = Server::with(&["--pod", "1", "--app", "1", "--pool", "1", "--nsx", "1", "--folder", "1"]);
    let client = server.connect().await;
    let objects = everything(&client).await;
    let missing: Vec<_> = objects.iter().filter(|o| o.missing_set.as_ref().is_some_and(|m| !m.is_empty())).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let kinds: BTreeSet<&str> = objects.iter().map(|o| o.obj.r#type.as_str()).collect();
    let expected = [
        "ClusterComputeResource",
        "ComputeResource",
        "Datacenter",
        "Datastore",
        "DistributedVirtualPortgroup",
        "Folder",
        "HostSystem",
        "Network",
        "OpaqueNetwork",
        "ResourcePool",
        "StoragePod",
        "VirtualApp",
        "VirtualMachine",
        "VmwareDistributedVirtualSwitch",
    ];
    assert_eq!(kinds, BTreeSet::from(expected));
    assert!(objects.iter().all(|o| o.prop_set.as_ref().is_some_and(|set| set.iter().any(|p| p.name == "name"))));
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_index_finds_by_path_and_by_uuid() {
    let server = Server::start();
    let client = server.connect().await;
    let index = &client.service_content().search_index.as_ref().unwrap().value;
    let index = SearchIndex::new(client.clone(), index);
    let machine = machines(&client).await.swap_remove(0);
    let path = format!("DC0/vm/{}", machine.name);
    assert_eq!(index.find_by_inventory_path(&path).await.unwrap().unwrap().value, machine.id.value);
    let found = index.find_by_uuid(None, machine.uuid.as_deref().unwrap(), true, None).await.unwrap();
    assert_eq!(found.unwrap().value, machine.id.value);
    assert!(index.find_by_inventory_path("DC0/vm/nothing").await.unwrap().is_none());
    client.close().await.unwrap();
}

fn root(client: &Client) -> &ManagedObjectReference {
    &client.service_content().root_folder
}

async fn machines(client: &Arc<Client>) -> Vec<Machine> {
    let retriever = ObjectRetriever::new(client.clone()).unwrap();
    retriever.retrieve_objects_from_container(root(client)).await.unwrap()
}

/// All properties of all managed entities.
async fn everything(client: &Arc<Client>) -> Vec<ObjectContent> {
    let content = client.service_content();
    let views = ViewManager::new(client.clone(), &content.view_manager.as_ref().unwrap().value);
    let view = views.create_container_view(root(client), None, true).await.unwrap();
    let into_view = TraversalSpec {
        selection_spec_: SelectionSpec { name: None },
        r#type: "ContainerView".to_owned(),
        path: "view".to_owned(),
        skip: Some(false),
        select_set: None,
    };
    let spec = PropertyFilterSpec {
        prop_set: vec![PropertySpec { r#type: "ManagedEntity".to_owned(), all: Some(true), path_set: None }],
        object_set: vec![ObjectSpec { obj: view, skip: Some(true), select_set: Some(vec![Box::new(into_view)]) }],
        report_missing_objects_in_results: Some(false),
    };
    let collector = PropertyCollector::new(client.clone(), &content.property_collector.value);
    let options = RetrieveOptions { max_objects: None };
    let mut page = collector.retrieve_properties_ex(&[spec], &options).await.unwrap().unwrap();
    let mut objects = page.objects;
    while let Some(token) = page.token {
        page = collector.continue_retrieve_properties_ex(&token).await.unwrap();
        objects.append(&mut page.objects);
    }
    objects
}

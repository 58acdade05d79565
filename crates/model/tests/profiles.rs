//! Hosts of every profile: what they say of themselves is of one piece, also after their settings have changed.

mod common;

use common::{visit_object, world};
use inventory::{Inventory, Snapshot};
use model::{
    HostProfile, Lab, Settings,
    host::lab::{self, HostLab},
};
use vim25::{Any, ApiVersion, MoRef, Ref, mo, types::*};

fn built(profile: HostProfile) -> (Inventory, Lab) {
    world(&Settings { host_profile: profile, ..Settings::vcenter() })
}

fn host(world: &Snapshot, lab: &Lab) -> mo::HostSystem {
    world.get::<mo::HostSystem>(&lab.hosts[0]).unwrap().clone()
}

fn pnics(host: &mo::HostSystem) -> Vec<PhysicalNic> {
    let network = host.config.as_ref().and_then(|c| c.network.clone()).unwrap();
    network.pnic.iter().flatten().map(|p| (**p).clone()).collect()
}

fn set(inventory: &Inventory, host: &MoRef, options: &[(&str, Any)]) {
    let set = inventory.commit(|tx| {
        let host = tx.edit::<mo::HostSystem>(host).expect("the host is there");
        for (key, value) in options {
            let all = host.config.as_mut().unwrap().option.as_mut().unwrap();
            let option = all.iter_mut().find(|option| option.key == *key);
            option.unwrap_or_else(|| panic!("no option {key}")).value = Some(value.clone());
        }
        Ok::<(), ()>(())
    });
    set.unwrap();
}

/// What VMware's own checks of passthrough ask of any host.
fn assert_conforms(host: &mo::HostSystem) {
    let capability = host.capability.as_ref().unwrap();
    let reasons = capability.vm_direct_path_gen2_unsupported_reason.clone().unwrap_or_default();
    assert_eq!(capability.vm_direct_path_gen2_supported, Some(reasons.is_empty()), "{}: {reasons:?}", host.name);
    let incompatible = reasons.iter().any(|r| r == "hostNptIncompatibleProduct");
    assert!(!incompatible || reasons.len() == 1, "it is the only reason: {reasons:?}");
    for pnic in pnics(host) {
        let mode = pnic.vm_direct_path_gen2_supported_mode.as_deref();
        assert_eq!(mode == Some("upt"), pnic.vm_direct_path_gen2_supported == Some(true), "{}", pnic.device);
        assert_eq!(pnic.vm_direct_path_gen2_supported.is_none(), incompatible, "{}", pnic.device);
    }
}

#[test]
fn a_host_that_is_not_supported_says_why_and_a_port_that_is_says_how() {
    for profile in HostProfile::ALL {
        let (inventory, lab) = built(profile);
        assert_conforms(&host(&inventory.snapshot(), &lab));
        for options in [
            vec![(lab::IOMMU, Any::Bool(false))],
            vec![(lab::ENABLED, Any::Bool(false))],
            vec![(lab::IOMMU, Any::Bool(true)), ("Lab.Pnic.vmnic1.NptMode", Any::Str("upt".into()))],
            vec![(lab::ENABLED, Any::Bool(true)), ("Lab.Pnic.vmnic1.NptMode", Any::Str("none".into()))],
        ] {
            set(&inventory, &lab.hosts[0], &options);
            assert_conforms(&host(&inventory.snapshot(), &lab));
        }
    }
}

#[test]
fn profiles_differ_in_product_hardware_and_support() {
    let seen = |profile| {
        let (inventory, lab) = built(profile);
        let world = inventory.snapshot();
        let host = host(&world, &lab);
        let product = &host.config.as_ref().unwrap().product;
        let vm = world.get::<mo::VirtualMachine>(&lab.vms[0]).unwrap();
        let capability = host.capability.as_ref().unwrap();
        (
            format!("{} build-{} api {}", product.full_name, product.build, product.api_version),
            vm.config.as_ref().unwrap().version.to_string(),
            capability.vm_direct_path_gen2_supported,
            capability.inter_vm_communication_through_vmci_supported,
        )
    };
    let expected = [
        (HostProfile::Esxi80, "VMware ESXi 8.0.3 build-24022510", "8.0.3.0", "vmx-21", false, false),
        (HostProfile::Esxi80Dpu, "VMware ESXi 8.0.3 build-24022510", "8.0.3.0", "vmx-21", false, false),
        (HostProfile::Esxi70, "VMware ESXi 7.0.0 build-15843807", "7.0.0.0", "vmx-17", true, false),
        (HostProfile::Esxi70VmFex, "VMware ESXi 7.0.0 build-15843807", "7.0.0.0", "vmx-17", true, false),
        (HostProfile::Esx50, "VMware ESXi 5.0.0 build-469512", "5.0", "vmx-08", true, true),
        (HostProfile::Esx40, "VMware ESX 4.0.0 build-164009", "4.0", "vmx-07", false, true),
    ];
    for (profile, name, api, hardware, supported, talk) in expected {
        let (product, version, gen2, vmci) = seen(profile);
        let build = name.rsplit_once("build-").unwrap().1;
        assert_eq!(product, format!("{name} build-{build} api {api}"), "{profile}");
        assert_eq!((version.as_str(), gen2, vmci), (hardware, Some(supported), talk), "{profile}");
    }
}

#[test]
fn two_ports_of_a_vm_fex_host_pass_through_and_are_uplinks_of_the_switch() {
    let (inventory, lab) = built(HostProfile::Esxi70VmFex);
    let world = inventory.snapshot();
    let host = host(&world, &lab);
    let passing: Vec<_> = pnics(&host).iter().map(|p| p.vm_direct_path_gen2_supported).collect();
    assert_eq!(passing, [Some(false), Some(true), Some(true)]);
    let proxy = host.config.as_ref().unwrap().network.as_ref().unwrap().proxy_switch.as_ref().unwrap()[0].clone();
    let uplinks: Vec<_> = proxy.uplink_port.iter().flatten().map(|p| (p.key.clone(), p.value.clone())).collect();
    assert_eq!(uplinks[..2], [("0".into(), "dvUplink1".into()), ("1".into(), "dvUplink2".into())]);
    let ends = ["key-vim.host.PhysicalNic-vmnic1", "key-vim.host.PhysicalNic-vmnic2"];
    assert_eq!(proxy.pnic.as_deref(), Some(&ends.map(Into::into)[..]));
    let state = world.private::<HostLab>(&lab.hosts[0].id).expect("the rule keeps it");
    assert_eq!(state.pnics.iter().map(|p| p.virtual_functions).collect::<Vec<_>>(), [0, 8, 8]);
    assert_eq!(state, &HostLab::of_host(&host));
}

#[test]
fn a_host_with_a_dpu_offloads_its_switch_to_it() {
    let (inventory, lab) = built(HostProfile::Esxi80Dpu);
    let host = host(&inventory.snapshot(), &lab);
    let units: Vec<_> = pnics(&host).iter().map(|p| p.dpu_id.clone()).collect();
    assert_eq!(units, [None, Some("vmdpu0".into()), Some("vmdpu0".into())]);
    let proxy = host.config.as_ref().unwrap().network.as_ref().unwrap().proxy_switch.as_ref().unwrap()[0].clone();
    assert_eq!(proxy.network_offloading_enabled, Some(true));
    let health = host.runtime.health_system_runtime.as_ref().unwrap().hardware_status_info.as_ref().unwrap();
    assert_eq!(health.dpu_status_info.as_ref().unwrap()[0].dpu_id, "vmdpu0");
}

#[test]
fn the_switch_is_of_a_version_that_its_hosts_can_join() {
    for profile in HostProfile::ALL {
        let (inventory, _) = built(profile);
        let world = inventory.snapshot();
        let switch = common::of_kind(&world, "DistributedVirtualSwitch")[0].moref.clone();
        let switch = world.get::<mo::VmwareDistributedVirtualSwitch>(&switch).unwrap();
        let version = switch.config.product_info.version.as_deref().unwrap();
        assert!(profile.product_version().starts_with(version), "{profile}: {version}");
        let gen2 = switch.capability.features_supported.as_ref().unwrap().vm_direct_path_gen2_supported;
        assert_eq!(gen2 == Some(true), profile != HostProfile::Esx40, "{profile}");
        let config = switch.config.cast::<VMwareDVSConfigInfo>().unwrap();
        assert_eq!(config.network_offload_spec_id.as_deref(), profile.network_offload(), "{profile}");
    }
}

#[test]
fn ports_without_passthrough_say_so_where_the_software_knows_it() {
    for profile in [HostProfile::Esxi70, HostProfile::Esx50] {
        let (inventory, lab) = built(profile);
        for pnic in pnics(&host(&inventory.snapshot(), &lab)) {
            let said = (pnic.vm_direct_path_gen2_supported, pnic.vm_direct_path_gen2_supported_mode);
            assert_eq!(said, (Some(false), None), "{profile}");
        }
    }
}

#[test]
fn settings_show_at_once_in_host_network_system_and_private_state() {
    let (inventory, lab) = built(HostProfile::Esxi70VmFex);
    let this = &lab.hosts[0];
    set(&inventory, this, &[(lab::IOMMU, Any::Bool(false)), ("Lab.Pnic.vmnic2.NptMode", Any::Str("none".into()))]);
    let world = inventory.snapshot();
    let host = world.get::<mo::HostSystem>(this).unwrap();
    let capability = host.capability.as_ref().unwrap();
    assert_eq!(capability.vm_direct_path_gen2_supported, Some(false));
    let reasons = capability.vm_direct_path_gen2_unsupported_reason.as_ref().unwrap();
    assert_eq!(reasons, &["hostNptIncompatibleHardware"]);
    assert_eq!(pnics(host)[2].vm_direct_path_gen2_supported, Some(false));
    let system = host.config_manager.network_system.as_ref().unwrap();
    let system = world.get::<mo::HostNetworkSystem>(system).unwrap();
    assert_eq!(system.network_info, host.config.as_ref().unwrap().network);
    assert!(!world.private::<HostLab>(&this.id).unwrap().iommu);
    let other = world.get::<mo::HostSystem>(&lab.hosts[1]).unwrap();
    assert_eq!(other.capability.as_ref().unwrap().vm_direct_path_gen2_supported, Some(true), "others stay as they are");
}

/// Nothing that a host says is newer than its software, the two flags aside that vCenter gives about older hosts.
#[test]
fn hosts_say_nothing_that_is_newer_than_their_software() {
    let allowed = [
        "capability.vmDirectPathGen2Supported",
        "capability.vmDirectPathGen2UnsupportedReason",
        "capability.interVMCommunicationThroughVMCISupported",
    ];
    for profile in HostProfile::ALL {
        let (inventory, lab) = built(profile);
        let host = host(&inventory.snapshot(), &lab);
        let version = profile.api_version();
        let config = host.config.as_ref().unwrap();
        let parts = [
            ("capability", host.capability.as_ref().unwrap().shared().clone()),
            ("config", config.shared().clone()),
            ("hardware", host.hardware.as_ref().unwrap().shared().clone()),
            ("runtime", host.runtime.shared().clone()),
        ];
        for (name, part) in parts {
            let mut newer = vec![];
            newer_in(name, &*part, version, &mut newer);
            // The host's part of a switch is what the vCenter's switch makes of it.
            newer.retain(|path| !allowed.contains(&path.as_str()) && !path.starts_with("config.network.proxySwitch."));
            assert!(newer.is_empty(), "{profile}: {newer:?}");
            let mut seen = 0;
            visit_object(name, &*part, &mut |_, _| seen += 1);
            assert!(seen > 10, "{name} says something");
        }
    }
}

fn newer_in(path: &str, object: &dyn vim25::DataObject, version: ApiVersion, found: &mut Vec<String>) {
    if let Some(base) = object.base() {
        newer_in(path, base, version, found);
    }
    for (index, field) in object.descriptor().fields.iter().enumerate() {
        let (value, path) = (object.get(index), format!("{path}.{}", field.name));
        if field.since > version && !matches!(value, Ref::Unset | Ref::Bool(false)) && !is_empty_list(value) {
            found.push(path.clone());
        }
        match value {
            Ref::Object(inner) => newer_in(&path, &**inner, version, found),
            Ref::List(list) => (0..list.len()).for_each(|i| {
                if let Ref::Object(item) = list.at(i) {
                    newer_in(&path, &**item, version, found);
                }
            }),
            _ => {}
        }
    }
}

fn is_empty_list(value: Ref<'_>) -> bool {
    matches!(value, Ref::List(list) if list.is_empty())
}

#[test]
fn a_single_host_is_about_what_its_profile_is() {
    for profile in HostProfile::ALL {
        let settings = Settings { host_profile: profile, api_version: profile.api_version(), ..Settings::esx() };
        let (inventory, lab) = world(&settings);
        let world = inventory.snapshot();
        let content = &world.get::<mo::ServiceInstance>(&model::content::service_instance()).unwrap().content;
        assert_eq!(content.about, host(&world, &lab).config.as_ref().unwrap().product, "{profile}");
        assert_conforms(&host(&world, &lab));
    }
}

#[test]
fn hosts_speak_no_newer_version_than_their_server() {
    let api_version = ApiVersion::parse("6.7").unwrap();
    let (inventory, lab) = world(&Settings { api_version, ..Settings::vcenter() });
    let host = host(&inventory.snapshot(), &lab);
    assert_eq!(host.config.as_ref().unwrap().product.api_version, "6.7");
}

#[test]
fn a_commit_that_leaves_settings_alone_leaves_capabilities_shared() {
    let (inventory, lab) = built(HostProfile::Esxi70VmFex);
    let before = host(&inventory.snapshot(), &lab);
    let other = inventory.commit(|tx| {
        tx.edit::<mo::HostSystem>(&lab.hosts[0]).unwrap().config_status = ManagedEntityStatus::Red;
        Ok::<(), ()>(())
    });
    other.unwrap();
    let after = host(&inventory.snapshot(), &lab);
    assert!(before.config.unwrap().same(after.config.as_ref().unwrap()));
    assert!(before.capability.unwrap().same(after.capability.as_ref().unwrap()));
}

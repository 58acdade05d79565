//! What environment browsers answer.

use std::collections::HashSet;

use super::*;
use crate::{
    HostProfile,
    vm::{
        guest_os,
        options::{self, Offer},
        version,
    },
};

/// A host of a profile.
fn offer(profile: HostProfile) -> Offer {
    let newest = version::newest_of(profile.product_version());
    Offer { host: vim25::MoRef::new("HostSystem", profile.name()), newest, api_version: profile.api_version() }
}

fn config_option(key: Option<&str>, guests: &[vim25::Str]) -> Result<Obj<VirtualMachineConfigOption>, Fault> {
    options::config_option(&[offer(HostProfile::Esxi80)], key, guests)
}

fn options_of(number: u32) -> Obj<VirtualMachineConfigOption> {
    config_option(Some(&version::key(number)), &[]).unwrap()
}

fn device_options(number: u32) -> Vec<Obj<VirtualDeviceOption>> {
    options_of(number).hardware_options.virtual_device_option.clone()
}

fn option_of<T: DataType + Extends<VirtualDeviceOption>>(number: u32, kind: &str) -> T {
    let found = device_options(number).into_iter().find(|o| o.type_ == kind);
    found.unwrap_or_else(|| panic!("no option for {kind}")).cast::<T>().unwrap().clone()
}

#[test]
fn there_is_a_descriptor_for_each_version_and_the_newest_is_the_default() {
    let offer = offer(HostProfile::Esxi80);
    let host = offer.host.clone();
    let all = options::descriptors(&[offer]);
    assert_eq!(all.len(), version::KNOWN.len());
    let default: Vec<_> = all.iter().filter(|d| d.default_config_option).map(|d| d.key.clone()).collect();
    assert_eq!(default, ["vmx-21"]);
    assert!(all.iter().all(|d| d.host == Some([host.clone()].into()) && d.create_supported));
}

#[test]
fn without_a_key_the_newest_version_answers_and_an_unknown_one_is_invalid() {
    assert_eq!(config_option(None, &[]).unwrap().version, "vmx-21");
    assert_eq!(config_option(Some("vmx-13"), &[]).unwrap().version, "vmx-13");
    assert_eq!(config_option(Some("vmx-99"), &[]).unwrap_err().name(), "InvalidArgument");
}

#[test]
fn options_are_built_once() {
    assert!(options_of(21).same(&options_of(21)));
}

#[test]
fn every_guest_has_a_descriptor_and_a_query_may_name_some() {
    let whole = options_of(21);
    assert_eq!(whole.guest_os_descriptor.len(), guest_os::all().len());
    let default = &whole.guest_os_descriptor[whole.guest_os_default_index as usize];
    assert_eq!(default.id, guest_os::DEFAULT);
    let some = config_option(None, &["ubuntu64Guest".into()]).unwrap();
    assert_eq!(some.guest_os_descriptor.len(), 1);
    assert!(config_option(None, &["nonsense".into()]).is_err());
}

#[test]
fn what_a_guest_descriptor_recommends_it_supports() {
    for number in version::KNOWN {
        for guest in &options_of(number).guest_os_descriptor {
            let id = &guest.id;
            assert!(guest.supported_disk_controller_list.contains(&guest.recommended_disk_controller), "{id}");
            assert!(guest.supported_disk_controller_list.contains(&guest.recommended_cdrom_controller), "{id}");
            let card = guest.recommended_ethernet_card.as_ref().unwrap();
            assert!(guest.supported_ethernet_card.contains(card), "{id}");
            assert!(guest.supported_firmware.contains(&guest.recommended_firmware), "{id}");
            assert!(
                (guest.supported_min_mem_mb..=guest.supported_max_mem_mb).contains(&guest.recommended_mem_mb),
                "{id}"
            );
            let options = device_options(number);
            let has = |kind: &vim25::Str| options.iter().any(|o| o.type_ == *kind);
            assert!(guest.supported_disk_controller_list.iter().chain(&guest.supported_ethernet_card).all(has), "{id}");
        }
    }
}

#[test]
fn the_vmci_option_says_what_the_device_and_its_rules_do() {
    let vmci: VirtualMachineVMCIDeviceOption = option_of(21, "VirtualMachineVMCIDevice");
    assert_eq!((vmci.plug_and_play, vmci.hot_remove_supported), (false, false));
    assert!(!vmci.allow_unrestricted_communication.default_value && vmci.filter_supported.unwrap().default_value);
    let filter = vmci.filter_spec_option.unwrap();
    let words: Vec<_> = filter.protocol.choice_info.iter().map(|c| c.key.to_string()).collect();
    assert_eq!(words, ["hypervisor", "doorbell", "queuepair", "datagram", "stream", "anyProtocol"]);
    assert_eq!(filter.upper_dst_port_boundary.max, devices::MAX_VMCI_PORT);
    let count = |number| {
        let pci: VirtualPCIControllerOption = option_of(number, "VirtualPCIController");
        (pci.num_vmci_devices.min, pci.num_vmci_devices.max)
    };
    assert_eq!((count(21), count(4)), ((1, 1), (0, 0)));
}

#[test]
fn only_vmxnet3_can_pass_through_and_its_second_version_needs_hardware_20() {
    for option in device_options(21).iter().filter_map(|o| o.cast::<VirtualEthernetCardOption>()) {
        let can = option.vm_direct_path_gen2_supported == Some(true);
        assert_eq!(can, option.type_ == "VirtualVmxnet3", "{}", option.type_);
        assert_eq!(option.upt_compatibility_enabled.as_ref().unwrap().supported, can);
    }
    let upt2 = |number| option_of::<VirtualVmxnet3Option>(number, "VirtualVmxnet3").uptv2_enabled.unwrap().supported;
    assert_eq!((upt2(19), upt2(20)), (false, true));
}

#[test]
fn hosts_offer_the_versions_that_they_run_and_options_that_they_know() {
    let keys = |profiles: &[HostProfile]| {
        let offers: Vec<_> = profiles.iter().copied().map(offer).collect();
        let all = options::descriptors(&offers);
        let default = all.iter().find(|d| d.default_config_option).unwrap().key.to_string();
        (all.last().unwrap().key.to_string(), default)
    };
    assert_eq!(keys(&[HostProfile::Esx40]), ("vmx-07".into(), "vmx-07".into()));
    assert_eq!(keys(&[HostProfile::Esxi70, HostProfile::Esx50]), ("vmx-17".into(), "vmx-08".into()));
    let old = [offer(HostProfile::Esx50)];
    assert_eq!(options::config_option(&old, Some("vmx-09"), &[]).unwrap_err().name(), "InvalidArgument");
    let whole = options::config_option(&old, None, &[]).unwrap();
    let cards = whole.hardware_options.virtual_device_option.iter();
    let card = cards.filter_map(|o| o.cast::<VirtualVmxnet3Option>()).find(|o| o.type_ == "VirtualVmxnet3").unwrap();
    assert_eq!((card.vm_direct_path_gen2_supported, &card.upt_compatibility_enabled), (Some(true), &None));
    assert_eq!(card.uptv2_enabled, None);
}

#[test]
fn a_version_that_only_one_of_two_hosts_runs_names_that_host() {
    let offers = [offer(HostProfile::Esxi80), offer(HostProfile::Esx50)];
    let all = options::descriptors(&offers);
    let hosts = |key: &str| all.iter().find(|d| d.key == key).unwrap().host.clone().unwrap().len();
    assert_eq!((hosts("vmx-08"), hosts("vmx-09"), hosts("vmx-21")), (2, 1, 1));
}

/// A device of a type, from its name, that could be in a spec.
fn device_of(kind: &str) -> Obj<VirtualDevice> {
    let shared = (vim25::type_named(kind).unwrap().new)();
    Obj::from_shared(shared).unwrap_or_else(|_| panic!("{kind} is no device"))
}

#[test]
fn what_has_an_option_can_be_in_a_vm_of_that_version_and_the_other_way_round() {
    let world = World::default();
    for number in version::KNOWN {
        let offered: HashSet<String> = device_options(number).iter().map(|o| o.type_.to_string()).collect();
        assert_eq!(offered.len(), device_options(number).len(), "one option for each type");
        for kind in device_options(21).iter().map(|o| o.type_.to_string()) {
            let mut spec = add(scsi(-1));
            spec.device = device_of(&kind);
            let outcome = apply(Scene { version: number, ..scene(&world) }, &[spec]);
            let too_new = outcome.err().is_some_and(|f| f.name() == "DeviceUnsupportedForVmVersion");
            let absent = kind == "VirtualMachineVMCIDevice" && number < 7;
            assert_eq!(!too_new && !absent, offered.contains(&kind), "{kind} in vmx-{number}");
        }
    }
}

#[test]
fn limits_of_the_hardware_are_those_that_specs_are_held_to() {
    for number in version::KNOWN {
        let hardware = options_of(number).hardware_options.clone();
        assert_eq!(hardware.num_cpu.last(), Some(&version::max_cpus(number)));
        assert_eq!(hardware.memory_mb.max, version::max_memory_mb(number));
    }
}

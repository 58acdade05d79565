//! Reports on small worlds, as text and as JSON.

use ::client::Properties;
use vim25::types::*;
use vim25::{Any, ApiVersion, DataType, EnumValue, MoRef, Obj};

use super::report::{Adapter, State, adapters};
use super::style::Style;
use super::what_if::Change;
use super::world::World;
use super::{explain, json, judge::Technology, table};

/// A world of one machine with one adapter on one host, changed by the test before it is reported on.
struct Scene {
    on: bool,
    nic: VirtualVmxnet3,
    state: Option<VirtualMachineDeviceRuntimeInfoVirtualEthernetCardRuntimeState>,
    reservation: i64,
    host: HostCapability,
    version: &'static str,
    /// The version of the API that is spoken.
    spoken: &'static str,
}

fn distributed() -> Obj<VirtualDeviceBackingInfo> {
    let port = DistributedVirtualSwitchPortConnection::with(|port| {
        port.switch_uuid = "50 2A".into();
        port.portgroup_key = Some("dvportgroup-1".into());
        port.port_key = Some("12".into());
    });
    VirtualEthernetCardDistributedVirtualPortBackingInfo::with(|backing| backing.port = port.into()).into()
}

fn standard() -> Obj<VirtualDeviceBackingInfo> {
    VirtualEthernetCardNetworkBackingInfo::with(|backing| backing.device_name = "VM Network".into()).into()
}

/// An adapter that asks to pass through on a host that can, and does; its memory is reserved.
fn scene() -> Scene {
    let nic = VirtualVmxnet3::with(|nic| {
        nic.key = 4000;
        nic.device_info = Some(Description { label: "Network adapter 1".into(), ..Default::default() }.into());
        nic.connectable = Some(VirtualDeviceConnectInfo { connected: true, ..Default::default() }.into());
        nic.backing = Some(distributed());
        nic.upt_compatibility_enabled = Some(true);
    });
    let state = VirtualMachineDeviceRuntimeInfoVirtualEthernetCardRuntimeState {
        vm_direct_path_gen2_active: Some(true),
        ..Default::default()
    };
    let host = HostCapability { vm_direct_path_gen2_supported: Some(true), ..Default::default() };
    Scene { on: true, nic, state: Some(state), reservation: 4096, host, version: "7.0.3", spoken: "8.0.3.0" }
}

/// What a server says of an adapter that does not pass through.
fn inactive(vm: &[&str], other: &[&str]) -> VirtualMachineDeviceRuntimeInfoVirtualEthernetCardRuntimeState {
    let list = |names: &[&str]| (!names.is_empty()).then(|| names.iter().map(|name| (*name).into()).collect());
    VirtualMachineDeviceRuntimeInfoVirtualEthernetCardRuntimeState {
        vm_direct_path_gen2_active: Some(false),
        vm_direct_path_gen2_inactive_reason_vm: list(vm),
        vm_direct_path_gen2_inactive_reason_other: list(other),
        ..Default::default()
    }
}

impl Scene {
    fn world(self, pattern: Option<&str>) -> World {
        let power = if self.on { "poweredOn" } else { "poweredOff" };
        let devices: Vec<Obj<VirtualDevice>> = vec![self.nic.into()];
        let runtime =
            self.state.map(|state| VirtualMachineDeviceRuntimeInfo { key: 4000, runtime_state: state.into() });
        let allocation = ResourceAllocationInfo { reservation: Some(self.reservation), ..Default::default() };
        let product = AboutInfo { version: self.version.into(), ..Default::default() };
        let features = DVSFeatureCapability { vm_direct_path_gen2_supported: Some(true), ..Default::default() };
        let capability = DVSCapability { features_supported: Some(features.into()), ..Default::default() };
        let host = MoRef::new("HostSystem", "host-1");
        let mut vm = vec![
            ("name", Any::from("web-1")),
            ("config.version", "vmx-19".into()),
            ("config.hardware.memoryMB", 4096.into()),
            ("config.memoryAllocation", Any::object(allocation)),
            ("config.hardware.device", Any::objects(devices)),
            ("runtime.powerState", Any::Enum(VirtualMachinePowerState::TYPE, power.into())),
            ("runtime.host", host.clone().into()),
        ];
        vm.extend(runtime.map(|runtime| ("runtime.device", Any::objects([Obj::from(runtime)]))));
        let objects = [
            Properties::made(MoRef::new("VirtualMachine", "vm-1"), vm),
            Properties::made(
                host,
                [
                    ("name", "esx1".into()),
                    ("capability", Any::object(self.host)),
                    ("config.product", Any::object(product)),
                ],
            ),
            Properties::made(
                MoRef::new("VmwareDistributedVirtualSwitch", "dvs-1"),
                [("name", "DVS".into()), ("uuid", "50 2a".into()), ("capability", Any::object(capability))],
            ),
            Properties::made(
                MoRef::new("DistributedVirtualPortgroup", "dvportgroup-1"),
                [("name", "fast".into()), ("key", "dvportgroup-1".into())],
            ),
        ];
        World::of(objects.iter(), pattern, ApiVersion::parse(self.spoken).expect("a version"))
            .expect("properties of these types")
    }

    fn report(self, changes: &[&str]) -> Adapter {
        let changes: Vec<_> = changes.iter().map(|text| Change::parse(text).expect(text)).collect();
        adapters(&self.world(None), &changes).pop().expect("an adapter")
    }
}

fn names(findings: &[super::report::Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.name.as_str()).collect()
}

fn page(adapter: Adapter) -> String {
    table::page(&[adapter], &[], &[], Style::default())
}

#[test]
fn an_adapter_that_passes_through_has_nothing_to_explain() {
    let adapter = scene().report(&[]);
    assert_eq!(adapter.state, State::Active(Technology::Gen2));
    assert!(adapter.reports[0].remaining.is_empty() && adapter.reports.len() == 1);
    let text = page(adapter);
    assert!(text.contains("web-1  Network adapter 1  fast/12  esx1  active (Gen 2)"), "{text}");
    assert!(text.ends_with("\n1 adapter: 1 active, 0 inactive, 0 not requested\n"), "{text}");
}

#[test]
fn what_the_host_did_not_look_at_is_what_would_remain() {
    let mut scene = scene();
    scene.nic.backing = Some(standard());
    scene.reservation = 0;
    scene.state = Some(inactive(&[], &["vmNptIncompatibleNetwork"]));
    let adapter = scene.report(&[]);
    let report = &adapter.reports[0];
    assert_eq!(adapter.state, State::Inactive);
    assert_eq!(names(&report.reported), ["vmNptIncompatibleNetwork"]);
    assert_eq!(names(&report.remaining), ["vmNptIncompatibleBackingType", "vmNptInsufficientMemoryReservation"]);
    assert_eq!(report.remaining[1].detail.as_deref(), Some("0 of 4096 MB are reserved"));
    let text = page(adapter);
    assert!(text.contains("inactive  vmNptIncompatibleNetwork\n"), "{text}");
    assert!(text.contains("would remain: vmNptIncompatibleBackingType, vmNptInsufficientMemoryReservation"), "{text}");
    assert!(
        text.contains("- web-1, Network adapter 1: 0 of 4096 MB are reserved (not reported, would remain)"),
        "{text}"
    );
}

#[test]
fn changes_show_the_verdict_that_they_would_bring() {
    let broken = || {
        let mut scene = scene();
        scene.nic.backing = Some(standard());
        scene.reservation = 0;
        scene.state = Some(inactive(&[], &["vmNptIncompatibleNetwork"]));
        scene
    };
    let half = broken().report(&["network=allowed"]).reports.remove(0).then.expect("a verdict");
    assert_eq!((half.active, half.reasons), (false, vec!["vmNptInsufficientMemoryReservation"]));
    let adapter = broken().report(&["network=allowed", "memoryReservation=full"]);
    assert!(adapter.reports[0].then.as_ref().is_some_and(|then| then.active));
    assert_eq!(adapter.state, State::Inactive, "a thought changes nothing");
    assert!(page(adapter).contains("then active"));
}

#[test]
fn what_a_server_reports_is_believed_though_no_property_shows_it() {
    for reason in ["vmNptVMCIActive", "vmNptIncompatibleGuestDriver", "vmNptOutOfIntrVector", "vmNptMonitorBlocks"] {
        let mut scene = scene();
        scene.state = Some(inactive(&[reason], &[]));
        let report = scene.report(&["memoryReservation=full"]).reports.remove(0);
        assert_eq!(report.then.expect("a verdict").reasons, [reason]);
        assert!(report.remaining.is_empty(), "{reason}: {:?}", report.remaining);
    }
}

#[test]
fn the_hosts_own_reasons_are_told_with_the_one_that_points_to_them() {
    let mut scene = scene();
    scene.state = Some(inactive(&[], &["vmNptIncompatibleHost"]));
    scene.host.vm_direct_path_gen2_supported = Some(false);
    scene.host.vm_direct_path_gen2_unsupported_reason = Some(vec!["hostNptIncompatibleHardware".into()]);
    let adapter = scene.report(&["host.iommu=true"]);
    let report = &adapter.reports[0];
    assert_eq!(names(&report.reported), ["vmNptIncompatibleHost", "hostNptIncompatibleHardware"]);
    assert!(report.remaining.is_empty() && report.then.as_ref().is_some_and(|then| then.active));
    let all = [adapter];
    let told: Vec<_> = explain::explanations(&all).into_iter().map(|explanation| explanation.name).collect();
    assert_eq!(told, ["hostNptIncompatibleHardware"]);
}

#[test]
fn a_reason_that_is_newer_than_this_client_is_passed_on() {
    let mut scene = scene();
    scene.state = Some(inactive(&["vmNptSomethingNew"], &[]));
    let adapter = scene.report(&[]);
    assert_eq!(names(&adapter.reports[0].reported), ["vmNptSomethingNew"]);
    assert!(page(adapter).contains("does not know the reason"));
}

#[test]
fn an_adapter_that_does_not_ask_is_not_wanting() {
    let mut scene = scene();
    scene.nic.upt_compatibility_enabled = None;
    scene.state = Some(inactive(&["vmNptDisabledOrDisconnectedAdapter"], &[]));
    let adapter = scene.report(&[]);
    assert!(adapter.state == State::NotRequested && !adapter.state.is_wanting());
    let text = page(adapter);
    assert!(text.contains("not requested") && !text.contains("To do"), "{text}");
}

#[test]
fn before_there_was_a_way_to_ask_every_vmxnet3_did() {
    let mut scene = scene();
    scene.nic.upt_compatibility_enabled = None;
    scene.spoken = "5.5";
    scene.state = Some(inactive(&["vmNptInsufficientMemoryReservation"], &[]));
    let adapter = scene.report(&["memoryReservation=full"]);
    assert!(adapter.state == State::Inactive && adapter.reports[0].then.as_ref().is_some_and(|then| then.active));
}

#[test]
fn a_server_that_says_nothing_is_told_from_one_that_says_no() {
    let mut scene = scene();
    scene.state = None;
    scene.reservation = 0;
    let adapter = scene.report(&[]);
    assert!(adapter.state == State::Unknown && adapter.state.is_wanting());
    assert!(page(adapter).contains("by the rules:"));
}

#[test]
fn a_machine_that_is_off_says_so() {
    let mut scene = scene();
    scene.on = false;
    scene.state = Some(inactive(&["vmNptDisabledOrDisconnectedAdapter"], &[]));
    let adapter = scene.report(&[]);
    assert_eq!(adapter.reports[0].reported[0].detail.as_deref(), Some("the VM is poweredOff"));
}

#[test]
fn uptv2_has_a_report_of_its_own_where_it_is_asked_for() {
    let mut scene = scene();
    scene.version = "8.0.3";
    scene.host = HostCapability::default();
    scene.nic.upt_compatibility_enabled = Some(false);
    scene.nic.uptv2_enabled = Some(true);
    let mut state = inactive(&["vmNptDisabledOrDisconnectedAdapter"], &["vmNptIncompatibleHost"]);
    (state.uptv2_active, state.uptv2_inactive_reason_other) = (Some(false), Some(vec!["vmNptIncompatibleHost".into()]));
    scene.state = Some(state);
    let adapter = scene.report(&["host.dpu=true", "uplink.dpu=true", "switch.offloaded=true", "hardware=20"]);
    assert_eq!(adapter.state, State::Inactive);
    let [_, uptv2] = &adapter.reports[..] else { panic!("two reports") };
    assert_eq!((uptv2.technology, uptv2.requested), (Technology::Uptv2, true));
    assert!(names(&uptv2.remaining).contains(&"hostNptIncompatibleHardware"), "{uptv2:?}");
    assert!(uptv2.then.as_ref().is_some_and(|then| then.active), "{:?}", uptv2.then);
}

#[test]
fn a_thought_of_uptv2_is_judged_too() {
    let gen2_only = scene().report(&["memoryReservation=full"]);
    assert_eq!(gen2_only.reports.len(), 1);
    let both = scene().report(&["uptv2Enabled=true"]);
    assert_eq!(both.reports[1].technology, Technology::Uptv2);
    let text = page(both);
    assert!(text.contains("Gen 2: then active") && text.contains("UPTv2: then vmNptIncompatible"), "{text}");
}

#[test]
fn json_has_its_documented_shape() {
    let mut scene = scene();
    scene.reservation = 1024;
    scene.state = Some(inactive(&["vmNptInsufficientMemoryReservation"], &[]));
    let value = json::adapter(&scene.report(&["memoryReservation=full"]));
    assert_eq!(value["vm"], serde_json::json!({"id": "vm-1", "name": "web-1", "powerState": "poweredOn"}));
    assert_eq!((&value["key"], &value["state"], &value["uptv2"]), (&4000.into(), &"inactive".into(), &().into()));
    assert_eq!(value["network"]["name"], "fast");
    assert_eq!((&value["host"]["name"], &value["activeBy"]), (&"esx1".into(), &().into()));
    let gen2 = &value["gen2"];
    assert_eq!((&gen2["requested"], &gen2["active"]), (&true.into(), &false.into()));
    assert_eq!(gen2["reasons"][0]["reason"], "vmNptInsufficientMemoryReservation");
    assert_eq!(gen2["reasons"][0]["detail"], "1024 of 4096 MB are reserved");
    assert!(gen2["reasons"][0]["remedy"].is_string() && gen2["wouldRemain"].as_array().is_some_and(Vec::is_empty));
    assert_eq!(gen2["whatIf"], serde_json::json!({"active": true, "reasons": []}));
}

#[test]
fn a_pattern_and_the_mark_of_a_template_leave_machines_out() {
    assert_eq!(scene().world(Some("WEB-*")).vms.len(), 1);
    assert_eq!(scene().world(Some("db-*")).vms.len(), 0);
    let template = Properties::made(
        MoRef::new("VirtualMachine", "vm-2"),
        [("name", Any::from("web-2")), ("config.template", Any::Bool(true))],
    );
    assert_eq!(World::of([template].iter(), None, ApiVersion::newest()).expect("a VM").vms.len(), 0);
}

#[test]
fn a_narrow_terminal_breaks_the_reasons_and_nothing_else() {
    let mut scene = scene();
    scene.reservation = 0;
    scene.nic.backing = Some(standard());
    scene.state = Some(inactive(&[], &["vmNptIncompatibleNetwork"]));
    let style = Style { width: Some(100), ..Style::default() };
    let text = table::table(&[scene.report(&[])], style);
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100) && text.lines().count() >= 4, "{text}");
    assert!(text.lines().skip(2).all(|line| line.starts_with("     ")), "{text}");
}

#[test]
fn names_cannot_carry_control_characters_to_the_terminal() {
    let mut adapter = scene().report(&[]);
    adapter.vm = "web\x1b[31m".to_owned();
    assert!(!page(adapter).contains('\x1b'));
}

//! Options of network adapters.

use vim25::{EnumValue, Obj, types::*};

use super::{
    adapters::{ADAPTERS, Adapter},
    build::{Facts, backing, choice, choice_of, flag, number},
};

/// Adapters that a VM of this version can have.
pub(super) fn options(version: u32) -> Vec<Obj<VirtualDeviceOption>> {
    ADAPTERS.iter().filter(|adapter| adapter.since <= version).map(|adapter| option(adapter, version)).collect()
}

fn option(adapter: &Adapter, version: u32) -> Obj<VirtualDeviceOption> {
    let base = card(adapter);
    match adapter.kind {
        "VirtualPCNet32" => VirtualPCNet32Option { base, supports_morphing: true }.into(),
        "VirtualE1000" => VirtualE1000Option { base }.into(),
        "VirtualE1000e" => VirtualE1000eOption { base }.into(),
        "VirtualVmxnet2" => VirtualVmxnet2Option { base: VirtualVmxnetOption { base } }.into(),
        "VirtualVmxnet3" => vmxnet3(adapter, base, version).into(),
        "VirtualVmxnet3Vrdma" => vrdma(vmxnet3(adapter, base, version), version),
        "VirtualSriovEthernetCard" => VirtualSriovEthernetCardOption { base }.into(),
        _ => base.into(),
    }
}

fn card(adapter: &Adapter) -> VirtualEthernetCardOption {
    let backings = vec![
        backing::<VirtualEthernetCardNetworkBackingOption>("VirtualEthernetCardNetworkBackingInfo"),
        backing::<VirtualEthernetCardDVPortBackingOption>("VirtualEthernetCardDistributedVirtualPortBackingInfo"),
        backing::<VirtualEthernetCardOpaqueNetworkBackingOption>("VirtualEthernetCardOpaqueNetworkBackingInfo"),
    ];
    let facts = Facts::of(adapter.kind, Some("VirtualPCIController")).hot().connects().backed_by(backings);
    let facts = if adapter.deprecated { facts.deprecated() } else { facts };
    VirtualEthernetCardOption {
        base: facts.base(),
        supported_oui: choice(&["00:50:56"], 0),
        mac_type: choice_of(VirtualEthernetCardMacType::TYPE, 1),
        wake_on_lan_enabled: flag(true, true),
        vm_direct_path_gen2_supported: Some(adapter.gen2),
        upt_compatibility_enabled: Some(flag(adapter.gen2, adapter.gen2)),
    }
}

/// DirectPath Gen 2 is asked for by `uptCompatibilityEnabled`, UPT version 2 by a switch of its own.
fn vmxnet3(adapter: &Adapter, base: VirtualEthernetCardOption, version: u32) -> VirtualVmxnet3Option {
    VirtualVmxnet3Option {
        base: VirtualVmxnetOption { base },
        uptv2_enabled: Some(flag(adapter.uptv2(version), false)),
        strict_latency_config_option: Some(strict_latency().into()),
    }
}

fn strict_latency() -> VirtualVmxnet3OptionStrictLatencyConfigOption {
    VirtualVmxnet3OptionStrictLatencyConfigOption {
        allowed: flag(true, false),
        measure_latency: flag(true, false),
        max_tx_queues: number(1, 32, 1),
        max_rx_queues: number(1, 32, 1),
        tx_data_ring_desc_size: number(128, 2048, 256),
        rx_data_ring_desc_size: number(128, 2048, 256),
        disable_offload: choice(&["NONE", "TSO", "LRO", "TSO_LRO"], 0),
    }
}

fn vrdma(base: VirtualVmxnet3Option, version: u32) -> Obj<VirtualDeviceOption> {
    let protocol = if version >= 14 { vec!["rocev1", "rocev2"] } else { vec!["rocev1"] };
    VirtualVmxnet3VrdmaOption { base, device_protocol: Some(choice(&protocol, protocol.len() as i32 - 1)) }.into()
}

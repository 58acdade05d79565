//! Options of network adapters.

use vim25::{EnumValue, Extends, Obj, types::*};

use super::build::{Facts, backing, choice, choice_of, flag, number};

/// Adapters that a VM of this version can have.
pub(super) fn options(version: u32) -> Vec<Obj<VirtualDeviceOption>> {
    let mut all = vec![pcnet32(), plain::<VirtualE1000Option>("VirtualE1000", false)];
    all.push(plain::<VirtualVmxnet2Option>("VirtualVmxnet2", true));
    if version >= 7 {
        all.push(vmxnet3(version).up());
    }
    if version >= 8 {
        all.push(plain::<VirtualE1000eOption>("VirtualE1000e", false));
    }
    if version >= 10 {
        all.push(plain::<VirtualSriovEthernetCardOption>("VirtualSriovEthernetCard", false));
    }
    if version >= 13 {
        all.push(vrdma(version));
    }
    all
}

fn card(kind: &'static str, deprecated: bool) -> VirtualEthernetCardOption {
    let backings = vec![
        backing::<VirtualEthernetCardNetworkBackingOption>("VirtualEthernetCardNetworkBackingInfo"),
        backing::<VirtualEthernetCardDVPortBackingOption>("VirtualEthernetCardDistributedVirtualPortBackingInfo"),
        backing::<VirtualEthernetCardOpaqueNetworkBackingOption>("VirtualEthernetCardOpaqueNetworkBackingInfo"),
    ];
    let facts = Facts::of(kind, Some("VirtualPCIController")).hot().connects().backed_by(backings);
    let facts = if deprecated { facts.deprecated() } else { facts };
    VirtualEthernetCardOption {
        base: facts.base(),
        supported_oui: choice(&["00:50:56"], 0),
        mac_type: choice_of(VirtualEthernetCardMacType::TYPE, 1),
        wake_on_lan_enabled: flag(true, true),
        vm_direct_path_gen2_supported: Some(false),
        upt_compatibility_enabled: Some(flag(false, false)),
    }
}

fn plain<T: Extends<VirtualEthernetCardOption> + Extends<VirtualDeviceOption>>(
    kind: &'static str,
    deprecated: bool,
) -> Obj<VirtualDeviceOption> {
    let mut option: Obj<VirtualEthernetCardOption> = T::default().into();
    *option = card(kind, deprecated);
    option.up()
}

fn pcnet32() -> Obj<VirtualDeviceOption> {
    VirtualPCNet32Option { base: card("VirtualPCNet32", true), supports_morphing: true }.into()
}

/// The adapter that can pass through: DirectPath Gen 2 by `uptCompatibilityEnabled`, its second version by its own
/// switch from hardware version 20 on.
fn vmxnet3(version: u32) -> Obj<VirtualVmxnet3Option> {
    let mut base = card("VirtualVmxnet3", false);
    base.vm_direct_path_gen2_supported = Some(true);
    base.upt_compatibility_enabled = Some(flag(true, true));
    VirtualVmxnet3Option {
        base: VirtualVmxnetOption { base },
        uptv2_enabled: Some(flag(version >= 20, false)),
        strict_latency_config_option: Some(strict_latency().into()),
    }
    .into()
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

fn vrdma(version: u32) -> Obj<VirtualDeviceOption> {
    let mut base = (*vmxnet3(version)).clone();
    base.type_ = "VirtualVmxnet3Vrdma".into();
    let protocol = if version >= 14 { vec!["rocev1", "rocev2"] } else { vec!["rocev1"] };
    VirtualVmxnet3VrdmaOption { base, device_protocol: Some(choice(&protocol, protocol.len() as i32 - 1)) }.into()
}

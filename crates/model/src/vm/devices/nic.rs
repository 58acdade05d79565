//! Network adapters.

use std::sync::LazyLock;

use vim25::{
    EnumValue, Obj, Str,
    types::{
        SharesInfo, SharesLevel, VirtualDevice, VirtualEthernetCard, VirtualEthernetCardMacType,
        VirtualEthernetCardResourceAllocation, VirtualMachinePowerState, VirtualVmxnet3,
    },
};

use super::{add::connectable, bench::Bench, nic_backing};
use crate::vm::{Fault, identity, options::adapter_of, surroundings::HostFacts, version};

static ALLOCATION: LazyLock<Obj<VirtualEthernetCardResourceAllocation>> = LazyLock::new(|| {
    VirtualEthernetCardResourceAllocation {
        reservation: Some(0),
        share: SharesInfo { shares: 50, level: SharesLevel::Normal }.into(),
        limit: Some(-1),
    }
    .into()
});

/// The network bandwidth of an adapter for which nobody asked for more.
pub fn nic_allocation() -> Obj<VirtualEthernetCardResourceAllocation> {
    ALLOCATION.clone()
}

/// The first hardware version with this type of adapter.
pub(crate) fn since(device: &Obj<VirtualDevice>) -> u32 {
    adapter_of(device).map_or(0, |adapter| adapter.since)
}

/// Completes a new adapter that has its key.
pub(crate) fn create(bench: &Bench<'_>, index: usize, device: &mut Obj<VirtualDevice>) -> Result<(), Fault> {
    let backing = nic_backing::resolve(bench, index, device)?;
    check_passthrough(bench, index, device)?;
    device.backing = Some(backing);
    device.connectable = Some(connectable(device.connectable.as_deref(), true, bench.scene.on).into());
    let passes = adapter_of(device).is_some_and(|adapter| adapter.gen2);
    let key = device.key;
    let Some(card) = device.cast_mut::<VirtualEthernetCard>() else { return Ok(()) };
    address(bench, index, key, card)?;
    card.wake_on_lan_enabled.get_or_insert(true);
    card.common.resource_allocation.get_or_insert_with(nic_allocation);
    card.upt_compatibility_enabled.get_or_insert(passes);
    if let Some(card) = device.cast_mut::<VirtualVmxnet3>() {
        card.uptv2_enabled.get_or_insert(false);
    }
    Ok(())
}

/// Checks an edited adapter.
pub(crate) fn edit(
    bench: &Bench<'_>,
    index: usize,
    old: &Obj<VirtualDevice>,
    new: &mut Obj<VirtualDevice>,
) -> Result<(), Fault> {
    check_passthrough(bench, index, new)?;
    check_running_edit(bench, old, new)?;
    if nic_backing::stays(old, new) {
        new.backing = old.backing.clone();
    } else if new.backing != old.backing {
        new.backing = Some(nic_backing::resolve(bench, index, new)?);
    }
    if new.connectable != old.connectable {
        new.connectable = Some(connectable(new.connectable.as_deref(), true, bench.scene.on).into());
    }
    let (Some(before), key) = (old.cast::<VirtualEthernetCard>(), new.key) else { return Ok(()) };
    let Some(card) = new.cast_mut::<VirtualEthernetCard>() else { return Ok(()) };
    if card.address_type != before.address_type || card.mac_address != before.mac_address {
        if card.address_type != before.address_type && card.mac_address == before.mac_address {
            // The type alone was changed: the server's next address takes the old one's place.
            card.mac_address = card.mac_address.take().filter(|_| card.address_type.as_deref() == Some("manual"));
        } else if card.address_type == before.address_type && card.mac_address.as_deref() != Some("") {
            card.address_type = Some("manual".into());
        }
        address(bench, index, key, card)?;
    }
    Ok(())
}

/// What a running VM's adapter cannot change.
fn check_running_edit(bench: &Bench<'_>, old: &Obj<VirtualDevice>, new: &Obj<VirtualDevice>) -> Result<(), Fault> {
    if !bench.scene.on {
        return Ok(());
    }
    let address = |d: &Obj<VirtualDevice>| {
        d.cast::<VirtualEthernetCard>().map(|c| (c.address_type.clone(), c.mac_address.clone()))
    };
    let upt = |d: &Obj<VirtualDevice>| d.cast::<VirtualVmxnet3>().and_then(|c| c.uptv2_enabled);
    if address(old) != address(new) || upt(old) != upt(new) {
        return Err(Fault::invalid_power_state(
            Some(VirtualMachinePowerState::PoweredOff),
            VirtualMachinePowerState::PoweredOn,
        ));
    }
    Ok(())
}

/// Newest hardware version of the first hosts that refuse UPT compatibility of adapters other than VMXNET3: ESXi 8.0.
const STRICT_SINCE: u32 = 20;

/// Whether a host keeps the flag for this adapter. Before 8.0 hosts kept it for every adapter, where it has no effect.
pub(crate) fn can_be_upt_compatible(device: &Obj<VirtualDevice>, host: &HostFacts) -> bool {
    host.newest_hardware < STRICT_SINCE || adapter_of(device).is_some_and(|adapter| adapter.gen2)
}

fn check_passthrough(bench: &Bench<'_>, index: usize, device: &Obj<VirtualDevice>) -> Result<(), Fault> {
    let adapter = adapter_of(device);
    let card = device.cast::<VirtualEthernetCard>();
    let wants_upt = card.is_some_and(|c| c.upt_compatibility_enabled == Some(true));
    if wants_upt && !can_be_upt_compatible(device, &bench.scene.context.surroundings.host()) {
        let why = "only a VMXNET3 adapter can be UPT compatible";
        return Err(Fault::device_spec(index, "uptCompatibilityEnabled", why));
    }
    let wants_uptv2 = device.cast::<VirtualVmxnet3>().and_then(|c| c.uptv2_enabled) == Some(true);
    if !wants_uptv2 || adapter.is_some_and(|adapter| adapter.uptv2(bench.scene.version)) {
        return Ok(());
    }
    let Some(since) = adapter.and_then(|adapter| adapter.uptv2_since) else {
        let why = "only a VMXNET3 adapter has UPT version 2";
        return Err(Fault::device_spec(index, "uptv2Enabled", why));
    };
    let (has, needs) = (version::key(bench.scene.version), version::key(since));
    Err(Fault::device_version(index, &has, &needs))
}

/// Gives an adapter its MAC address.
fn address(bench: &Bench<'_>, index: usize, key: i32, card: &mut VirtualEthernetCard) -> Result<(), Fault> {
    let given = card.mac_address.as_deref().filter(|m| !m.is_empty()).map(str::to_ascii_lowercase);
    let kind = card.address_type.as_deref().filter(|k| !k.is_empty()).map(str::to_ascii_lowercase);
    let kind = kind.unwrap_or_else(|| if given.is_some() { "manual" } else { "assigned" }.into());
    if !VirtualEthernetCardMacType::TYPE.values.contains(&kind.as_str()) {
        return Err(Fault::device_spec(index, "addressType", format!("'{kind}' is no kind of address")));
    }
    let mac = match (kind.as_str(), given) {
        ("manual", None) => {
            return Err(Fault::device_spec(index, "macAddress", "a manual address has to be given"));
        }
        ("manual", Some(mac)) => manual(index, &mac)?,
        (_, Some(mac)) => octets(&mac)
            .map(|_| Str::from(mac.as_str()))
            .ok_or_else(|| Fault::device_spec(index, "macAddress", format!("'{mac}' is no MAC address")))?,
        (kind, None) => drawn(bench, key, kind == "generated"),
    };
    card.mac_address = Some(mac);
    card.address_type = Some(kind.into());
    Ok(())
}

/// An address that a client chose: of VMware's range for that, `00:50:56:00:00:00` to `00:50:56:3f:ff:ff`.
fn manual(index: usize, mac: &str) -> Result<Str, Fault> {
    match octets(mac) {
        Some([0x00, 0x50, 0x56, fourth, ..]) if fourth <= 0x3f => Ok(mac.into()),
        _ => {
            let why = format!("'{mac}' is not within 00:50:56:00:00:00 to 00:50:56:3f:ff:ff");
            Err(Fault::device_spec(index, "macAddress", why))
        }
    }
}

fn octets(mac: &str) -> Option<[u8; 6]> {
    let mut octets = [0; 6];
    let mut parts = mac.split(':');
    for octet in &mut octets {
        let part = parts.next().filter(|p| p.len() == 2)?;
        *octet = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(octets)
}

/// An address that no adapter here or elsewhere has. `generated` ones are in the range of ESXi's own.
fn drawn(bench: &Bench<'_>, key: i32, generated: bool) -> Str {
    let context = &bench.scene.context;
    let own = |mac: &str| {
        let mut cards = bench.devices.iter().filter(|d| d.key != key).filter_map(|d| d.cast::<VirtualEthernetCard>());
        cards.any(|c| c.mac_address.as_deref() == Some(mac))
    };
    let candidates = (0..).map(|attempt| {
        let mac = identity::assigned_mac(context.seed, &context.vm.id, key, attempt);
        if generated { format!("00:0c:29{}", &mac[8..]).into() } else { mac }
    });
    candidates.into_iter().find(|mac| !own(mac) && !context.surroundings.mac_in_use(mac)).unwrap_or_default()
}

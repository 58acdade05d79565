//! The values behind a reason, where the API shows them.

use super::judge::Technology;
use super::subject::Subject;
use super::world::connection;

/// What makes this reason hold here, for example `0 of 4096 MB are reserved`.
pub fn of(reason: &str, technology: Technology, subject: &Subject<'_>) -> Option<String> {
    match reason {
        "vmNptIncompatibleGuest" => guest(subject),
        "vmNptIncompatibleAdapterType" => Some(format!("it is a {}", subject.kind)),
        "vmNptDisabledOrDisconnectedAdapter" => disabled(technology, subject),
        "vmNptIncompatibleBackingType" => backing(subject),
        "vmNptInsufficientMemoryReservation" => {
            let (size, reserved) = subject.memory();
            Some(format!("{reserved} of {size} MB are reserved"))
        }
        "vmNptConflictingIOChainConfigured" => subject.filter().map(|key| format!("{key} is set")),
        "vmNptMonitorBlocks" => subject.monitor().map(str::to_owned),
        "vmNptFaultToleranceOrRecordReplayConfigured" => {
            let state = vim25::EnumValue::as_str(&subject.vm.runtime.fault_tolerance_state);
            (subject.vm.has("runtime.faultToleranceState") && state != "notConfigured")
                .then(|| format!("Fault Tolerance is {state}"))
        }
        "vmNptRuntimeError" => {
            subject.state()?.vm_direct_path_gen2_inactive_reason_extended.as_ref().map(ToString::to_string)
        }
        "vmNptIncompatibleHost" | "hostNptIncompatibleProduct" | "hostNptIncompatibleHardware" | "hostNptDisabled" => {
            host(subject)
        }
        "portNptIncompatibleDvs" => {
            let switch = subject.world.switch(connection(subject.card)?)?;
            Some(format!("the switch is {}", switch.name))
        }
        "portNptDisabledForPort" | "portNptNoCompatibleNics" | "portNptNoVirtualFunctionsAvailable" => port(subject),
        _ => None,
    }
}

fn guest(subject: &Subject<'_>) -> Option<String> {
    let config = subject.vm.config.as_ref()?;
    Some(format!("guestId is {}, the virtual hardware {}", config.guest_id, config.version))
}

fn disabled(technology: Technology, subject: &Subject<'_>) -> Option<String> {
    let connected = subject.card.connectable.as_ref().is_some_and(|connectable| connectable.connected);
    match () {
        () if !subject.is_on() => {
            Some(format!("the VM is {}", vim25::EnumValue::as_str(&subject.vm.runtime.power_state)))
        }
        () if !connected => Some("it is not connected".to_owned()),
        () if !subject.asks(technology) => Some(match technology {
            Technology::Gen2 => "uptCompatibilityEnabled is not set".to_owned(),
            Technology::Uptv2 => "uptv2Enabled is not set".to_owned(),
        }),
        () => None,
    }
}

fn backing(subject: &Subject<'_>) -> Option<String> {
    let backing = subject.card.backing.as_ref()?;
    Some(format!("the backing is a {}", backing.shared().descriptor().name))
}

fn host(subject: &Subject<'_>) -> Option<String> {
    let host = subject.host?;
    let product = host.config.as_ref().map_or("", |config| config.product.version.as_str());
    let extended = host.capability.as_ref().and_then(|c| c.vm_direct_path_gen2_unsupported_reason_extended.as_ref());
    match extended {
        Some(text) if !text.is_empty() => Some(format!("{} with version {product}: {text}", host.name)),
        _ if product.is_empty() => Some(host.name.to_string()),
        _ => Some(format!("{} with version {product}", host.name)),
    }
}

fn port(subject: &Subject<'_>) -> Option<String> {
    let connection = connection(subject.card)?;
    let group = subject.world.group(connection).map(|group| group.name.as_str());
    match (&connection.port_key, group) {
        (Some(port), Some(group)) => Some(format!("port {port} of {group}")),
        (Some(port), None) => Some(format!("port {port}")),
        (None, group) => group.map(str::to_owned),
    }
}

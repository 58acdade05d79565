//! Faults of virtual machines and of the devices in their specs.

use std::fmt;

use super::Fault;
use crate::{
    DataType, Extends, Obj, Str,
    types::{
        DeviceHotPlugNotSupported, DeviceNotFound, DeviceUnsupportedForVmVersion, InvalidController,
        InvalidDeviceBacking, InvalidDeviceOperation, InvalidDeviceSpec, InvalidPowerState, InvalidVmConfig,
        LocalizableMessage, MissingController, TooManyDevices, VirtualDeviceConfigSpecFileOperation,
        VirtualDeviceConfigSpecOperation, VirtualMachinePowerState,
    },
};

/// Faults of virtual machines.
impl Fault {
    /// `InvalidVmConfig` on a property of the config.
    pub fn vm_config(property: impl Into<Str>, why: impl fmt::Display) -> Fault {
        let property = property.into();
        let message = format!("Invalid virtual machine configuration: {property}: {why}");
        Fault::new(InvalidVmConfig { property: Some(property), ..Default::default() }, message)
    }

    /// `InvalidPowerState`.
    pub fn invalid_power_state(
        requested: Option<VirtualMachinePowerState>,
        existing: VirtualMachinePowerState,
    ) -> Fault {
        let words = match existing {
            VirtualMachinePowerState::PoweredOn => "Powered on",
            VirtualMachinePowerState::Suspended => "Suspended",
            _ => "Powered off",
        };
        let message = format!("The attempted operation cannot be performed in the current state ({words}).");
        let fault = InvalidPowerState::with(|f| {
            f.requested_state = requested;
            f.existing_state = existing;
        });
        Fault::new(fault, message)
    }

    /// `TooManyDevices`.
    pub fn too_many_devices(index: usize, what: impl fmt::Display) -> Fault {
        let fault = TooManyDevices::with(|f| f.property = Some(device_property("")));
        Fault::new(fault, format!("Device '{index}' is one too many for the virtual machine: {what}"))
    }
}

/// Faults that name a device of `deviceChange`.
impl Fault {
    /// `InvalidDeviceSpec` with the property of the device that is wrong.
    pub fn device_spec(index: usize, property: &str, why: impl fmt::Display) -> Fault {
        let fault = InvalidDeviceSpec::with(|f| fill(f, index, property));
        Fault::of_device(fault, "Invalid configuration for device", index, why)
    }

    /// `InvalidDeviceOperation`.
    pub fn device_operation(
        index: usize,
        operation: VirtualDeviceConfigSpecOperation,
        file_operation: Option<VirtualDeviceConfigSpecFileOperation>,
        why: impl fmt::Display,
    ) -> Fault {
        let fault = InvalidDeviceOperation::with(|f| {
            fill(f, index, "");
            f.bad_op = Some(operation);
            f.bad_file_op = file_operation;
        });
        Fault::of_device(fault, "Invalid operation for device", index, why)
    }

    /// `InvalidDeviceBacking`.
    pub fn device_backing(index: usize, property: &str, why: impl fmt::Display) -> Fault {
        let fault = InvalidDeviceBacking::with(|f| fill(f, index, property));
        Fault::of_device(fault, "Incompatible device backing specified for device", index, why)
    }

    /// `InvalidController`: the controller is of the wrong kind or has no room.
    pub fn controller(index: usize, controller: i32, why: impl fmt::Display) -> Fault {
        let fault = InvalidController::with(|f| {
            fill(f, index, "controllerKey");
            f.controller_key = controller;
        });
        Fault::of_device(fault, "Invalid controller for device", index, why)
    }

    /// `MissingController`: there is none to attach the device to.
    pub fn missing_controller(index: usize, why: impl fmt::Display) -> Fault {
        let fault = MissingController::with(|f| fill(f, index, "controllerKey"));
        Fault::of_device(fault, "No controller found for device", index, why)
    }

    /// `DeviceNotFound`.
    pub fn device_not_found(index: usize, key: i32) -> Fault {
        let fault = DeviceNotFound::with(|f| fill(f, index, "key"));
        Fault::of_device(fault, "Could not find device", index, format!("the virtual machine has no device {key}"))
    }

    /// `DeviceHotPlugNotSupported`.
    pub fn hot_plug(index: usize, why: impl fmt::Display) -> Fault {
        let fault = DeviceHotPlugNotSupported::with(|f| fill(f, index, ""));
        Fault::of_device(fault, "Device hot plug is not supported for this virtual machine: device", index, why)
    }

    /// `DeviceUnsupportedForVmVersion`.
    pub fn device_version(index: usize, current: &str, expected: &str) -> Fault {
        Fault::device_member_version(index, "", current, expected)
    }

    /// `DeviceUnsupportedForVmVersion` for a member of the device that is newer than the device.
    pub fn device_member_version(index: usize, property: &str, current: &str, expected: &str) -> Fault {
        let fault = DeviceUnsupportedForVmVersion::with(|f| {
            fill(f, index, property);
            f.current_version = current.into();
            f.expected_version = expected.into();
        });
        let why = format!("virtual hardware {expected} or newer is needed, the virtual machine has {current}");
        Fault::of_device(fault, "Unsupported device", index, why)
    }

    fn of_device(fault: impl Extends<InvalidDeviceSpec>, text: &str, index: usize, why: impl fmt::Display) -> Fault {
        let message = format!("{text} '{index}': {why}");
        let mut fault: Obj<InvalidDeviceSpec> = fault.into();
        let detail = LocalizableMessage::with(|m| {
            m.key = "vim.vm.device.reason".into();
            m.message = Some(message.as_str().into());
        });
        fault.fault_message = Some(vec![detail.into()]);
        Fault { fault: fault.up(), message }
    }
}

fn fill(fault: &mut InvalidDeviceSpec, index: usize, property: &str) {
    fault.device_index = index as i32;
    fault.property = Some(device_property(property));
}

fn device_property(property: &str) -> Str {
    let dot = if property.is_empty() { "" } else { "." };
    format!("virtualDeviceSpec.device{dot}{property}").into()
}

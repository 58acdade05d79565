//! Faults of VM operations: the API's fault object with a text for the client.

use std::fmt;

use vim25::{
    DataType, Extends, Obj, Str,
    types::{
        ConcurrentAccess, CpuHotPlugNotSupported, DeviceHotPlugNotSupported, DeviceNotFound,
        DeviceUnsupportedForVmVersion, FileAlreadyExists, FileNotFound, InvalidArgument, InvalidController,
        InvalidDatastore, InvalidDatastorePath, InvalidDeviceBacking, InvalidDeviceOperation, InvalidDeviceSpec,
        InvalidName, InvalidPowerState, InvalidVmConfig, LocalizableMessage, LocalizedMethodFault,
        MemoryHotPlugNotSupported, MethodFault, MissingController, NoDiskSpace, NotSupported, TooManyDevices,
        VirtualDeviceConfigSpecFileOperation, VirtualDeviceConfigSpecOperation, VirtualHardwareVersionNotSupported,
        VirtualMachinePowerState,
    },
};

use super::surroundings::HostFacts;

/// Why an operation on a VM cannot be done.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// The fault object.
    pub fault: Obj<MethodFault>,
    /// What is wrong, for a person.
    pub message: String,
}

impl Fault {
    /// A fault of any type.
    pub fn new(fault: impl Extends<MethodFault>, message: impl Into<String>) -> Fault {
        Fault { fault: fault.into(), message: message.into() }
    }

    /// The wire name of the fault's type.
    pub fn name(&self) -> &'static str {
        self.fault.shared().descriptor().name
    }

    /// The fault as it stands inside other objects.
    pub fn localized(&self) -> Obj<LocalizedMethodFault> {
        LocalizedMethodFault { fault: self.fault.clone(), localized_message: Some(self.message.as_str().into()) }.into()
    }

    /// `InvalidArgument` on a property of the spec.
    pub fn argument(property: impl Into<Str>, why: impl fmt::Display) -> Fault {
        let property = property.into();
        let message = format!("A specified parameter was not correct: {property}: {why}");
        Fault::new(InvalidArgument { invalid_property: Some(property), ..Default::default() }, message)
    }

    /// `InvalidVmConfig` on a property of the config.
    pub fn vm_config(property: impl Into<Str>, why: impl fmt::Display) -> Fault {
        let property = property.into();
        let message = format!("Invalid virtual machine configuration: {property}: {why}");
        Fault::new(InvalidVmConfig { property: Some(property), ..Default::default() }, message)
    }

    /// `NotSupported`: the operation makes no sense here.
    pub fn not_supported(why: impl fmt::Display) -> Fault {
        Fault::new(NotSupported::default(), format!("The operation is not supported on the object: {why}"))
    }

    /// `InvalidPowerState`.
    pub fn power_state(requested: Option<VirtualMachinePowerState>, existing: VirtualMachinePowerState) -> Fault {
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

    /// `VirtualHardwareVersionNotSupported`: a hardware version that the host does not run.
    pub fn hardware_version(version: &str, host: &HostFacts) -> Fault {
        let fault = VirtualHardwareVersionNotSupported::with(|f| {
            f.host_name = host.name.clone();
            f.host = host.host.clone();
        });
        let newest = super::version::key(host.newest_hardware);
        let why = format!("Host '{}' runs virtual hardware up to '{newest}', and not '{version}'.", host.name);
        Fault::new(fault, why)
    }

    /// `ConcurrentAccess`: the caller saw an older version of the config.
    pub fn concurrent_access() -> Fault {
        Fault::new(ConcurrentAccess::default(), "The object has been changed since it was read; read it and try again.")
    }

    /// `CpuHotPlugNotSupported`.
    pub fn cpu_hot_plug() -> Fault {
        let message = "CPU hot plug is not supported for this virtual machine: the number of virtual CPUs cannot be \
                       changed while it is powered on.";
        Fault::new(CpuHotPlugNotSupported::default(), message)
    }

    /// `MemoryHotPlugNotSupported`.
    pub fn memory_hot_plug() -> Fault {
        let message = "Memory hot plug is not supported for this virtual machine: its memory cannot be changed while \
                       it is powered on.";
        Fault::new(MemoryHotPlugNotSupported::default(), message)
    }

    /// `InvalidName`.
    pub fn invalid_name(name: &str, why: impl fmt::Display) -> Fault {
        let message = format!("The name '{name}' is invalid: {why}");
        Fault::new(InvalidName { name: name.into(), ..Default::default() }, message)
    }

    /// `InvalidDatastorePath`.
    pub fn datastore_path(path: &str) -> Fault {
        let message = format!("Invalid datastore path '{path}'.");
        let fault = InvalidDatastorePath::with(|f| f.datastore_path = path.into());
        Fault::new(fault, message)
    }

    /// `InvalidDatastore`: there is none of this name, or it cannot be used.
    pub fn datastore(name: &str) -> Fault {
        let fault = InvalidDatastore::with(|f| f.name = Some(name.into()));
        Fault::new(fault, format!("Invalid datastore '{name}'."))
    }

    /// `FileNotFound`.
    pub fn file_not_found(file: &str) -> Fault {
        Fault::new(FileNotFound::with(|f| f.file = file.into()), format!("File {file} was not found"))
    }

    /// `FileAlreadyExists`.
    pub fn file_exists(file: &str) -> Fault {
        let message = format!("Cannot complete the operation because the file or folder {file} already exists");
        Fault::new(FileAlreadyExists::with(|f| f.file = file.into()), message)
    }

    /// `NoDiskSpace`: the datastore has too little free space for the file.
    pub fn no_disk_space(file: &str, datastore: &str) -> Fault {
        let fault = NoDiskSpace::with(|f| {
            f.file = file.into();
            f.datastore = datastore.into();
        });
        Fault::new(fault, format!("Insufficient disk space on datastore '{datastore}'."))
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

//! Building blocks of options.

use vim25::{
    EnumType, Extends, Obj, Str,
    types::{
        BoolOption, ChoiceOption, Description, ElementDescription, IntOption, LongOption, VirtualDeviceBackingOption,
        VirtualDeviceBusSlotOption, VirtualDeviceConnectOption, VirtualDeviceOption,
    },
};

pub(super) fn flag(supported: bool, default: bool) -> Obj<BoolOption> {
    BoolOption { supported, default_value: default, ..Default::default() }.into()
}

pub(super) fn number(min: i32, max: i32, default: i32) -> Obj<IntOption> {
    IntOption { min, max, default_value: default, ..Default::default() }.into()
}

pub(super) fn long(min: i64, max: i64, default: i64) -> Obj<LongOption> {
    LongOption { min, max, default_value: default, ..Default::default() }.into()
}

/// A choice of words.
pub(super) fn choice(words: &[&str], default: i32) -> Obj<ChoiceOption> {
    let entry = |word: &&str| {
        let text = Str::from(*word);
        let base = Description { label: text.clone(), summary: text.clone() };
        ElementDescription { base, key: text }.into()
    };
    let choice_info = words.iter().map(entry).collect();
    ChoiceOption { choice_info, default_index: Some(default), ..Default::default() }.into()
}

/// A choice of the values of an enum.
pub(super) fn choice_of(values: &EnumType, default: i32) -> Obj<ChoiceOption> {
    choice(values.values, default)
}

/// What every device option says, beside the type of the device.
pub(super) struct Facts {
    pub kind: &'static str,
    pub controller: Option<&'static str>,
    /// Whether it can be added to and removed from a running VM.
    pub hot: bool,
    pub connects: bool,
    pub backings: Vec<Obj<VirtualDeviceBackingOption>>,
    pub deprecated: bool,
}

impl Facts {
    pub fn of(kind: &'static str, controller: Option<&'static str>) -> Facts {
        Facts { kind, controller, hot: false, connects: false, backings: vec![], deprecated: false }
    }

    pub fn hot(mut self) -> Facts {
        self.hot = true;
        self
    }

    pub fn connects(mut self) -> Facts {
        self.connects = true;
        self
    }

    pub fn deprecated(mut self) -> Facts {
        self.deprecated = true;
        self
    }

    pub fn backed_by(mut self, backings: Vec<Obj<VirtualDeviceBackingOption>>) -> Facts {
        self.backings = backings;
        self
    }

    /// The common part of an option.
    pub fn base(self) -> VirtualDeviceOption {
        let pci = self.controller == Some("VirtualPCIController");
        let slot = VirtualDeviceBusSlotOption { type_: "VirtualDevicePciBusSlotInfo".into() };
        let connect =
            VirtualDeviceConnectOption { start_connected: flag(true, true), allow_guest_control: flag(true, true) };
        VirtualDeviceOption {
            type_: self.kind.into(),
            connect_option: self.connects.then(|| connect.into()),
            bus_slot_option: pci.then(|| slot.into()),
            controller_type: self.controller.map(Into::into),
            auto_assign_controller: self.controller.map(|_| flag(true, true)),
            default_backing_option_index: (!self.backings.is_empty()).then_some(0),
            backing_option: (!self.backings.is_empty()).then_some(self.backings),
            licensing_limit: None,
            deprecated: self.deprecated,
            plug_and_play: self.hot,
            hot_remove_supported: self.hot,
            numa_supported: Some(false),
        }
    }

    /// An option of a type that adds nothing to the common part.
    pub fn plain<T: Extends<VirtualDeviceOption>>(self) -> Obj<VirtualDeviceOption> {
        let mut option: Obj<VirtualDeviceOption> = T::default().into();
        *option = self.base();
        option
    }
}

/// A backing option of a type that adds nothing to the common part.
pub(super) fn backing<T: Extends<VirtualDeviceBackingOption>>(kind: &'static str) -> Obj<VirtualDeviceBackingOption> {
    let mut option: Obj<VirtualDeviceBackingOption> = T::default().into();
    option.type_ = kind.into();
    option
}

//! Settings for what the API has no property for: options of a machine (`extraConfig`) and advanced options of a host.

/// The version of the guest's VMXNET3 driver.
pub const GUEST_DRIVER: &str = "lab.guest.vmxnet3.driver";
/// Whether the host has an IOMMU and uses it.
pub const IOMMU: &str = "Lab.Iommu";
/// Whether the administrator lets adapters pass through.
pub const ENABLED: &str = "Lab.Npt.Enabled";
/// How many reasons the host gives.
pub const REPORTING: &str = "Lab.Npt.Reporting";
/// The error with which activations fail; empty if they do not.
pub const FAIL_ACTIVATION: &str = "Lab.Npt.FailActivation";
/// Interrupt vectors for passing through.
pub const INTERRUPT_VECTORS: &str = "Lab.IntrVectors.Total";

/// Most queues of an adapter in one direction.
const MOST_QUEUES: u32 = 32;

/// A setting, as a page of documentation shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its key; `N` and `M` stand for numbers.
    pub key: &'static str,
    /// Which values it takes.
    pub values: &'static str,
    /// What it means where it is not set.
    pub default: &'static str,
    /// What it is for.
    pub meaning: &'static str,
}

/// Options of a machine. `ethernetN` is the adapter with device key 4000 + N.
pub const OF_MACHINES: [Setting; 6] = [
    Setting {
        key: GUEST_DRIVER,
        values: "a version number, or `none`",
        default: "7 while the tools run, none otherwise",
        meaning: "the version of the VMXNET3 device that the guest's driver speaks",
    },
    Setting {
        key: "ethernetN.lab.intrMode",
        values: "`auto`, `intx`, `msi`, `msix`",
        default: "`auto`: MSI-X",
        meaning: "the kind of interrupts that the guest uses for the adapter",
    },
    Setting {
        key: "ethernetN.lab.txQueues",
        values: "1 to 32",
        default: "one for each virtual CPU, 8 at the most",
        meaning: "transmit queues of the adapter; each takes an interrupt vector with MSI-X",
    },
    Setting {
        key: "ethernetN.lab.rxQueues",
        values: "1 to 32",
        default: "one for each virtual CPU, 8 at the most",
        meaning: "receive queues of the adapter; each takes an interrupt vector with MSI-X",
    },
    Setting {
        key: "ethernetN.lab.bootPhase",
        values: "`os`, `pxe`",
        default: "`os`",
        meaning: "whether the firmware is booting from the adapter over the network",
    },
    Setting {
        key: "ethernetN.filterM.name",
        values: "the name of a DVFilter",
        default: "no filter",
        meaning: "a DVFilter on the adapter (a key of ESX itself)",
    },
];

/// Advanced options of a host.
pub const OF_HOSTS: [Setting; 7] = [
    Setting {
        key: IOMMU,
        values: "true, false",
        default: "true",
        meaning: "whether the machine has an IOMMU and uses it",
    },
    Setting {
        key: ENABLED,
        values: "true, false",
        default: "true",
        meaning: "whether the administrator lets adapters pass through",
    },
    Setting {
        key: REPORTING,
        values: "`full`, `esx`",
        default: "`full`",
        meaning: "whether all reasons are told, or as ESX does it only the first kind of them",
    },
    Setting {
        key: FAIL_ACTIVATION,
        values: "any text",
        default: "empty: activations succeed",
        meaning: "the error with which every activation fails",
    },
    Setting {
        key: INTERRUPT_VECTORS,
        values: "0 to 1048576",
        default: "3072",
        meaning: "interrupt vectors for passing through",
    },
    Setting {
        key: "Lab.Pnic.vmnicN.NptMode",
        values: "`upt`, `none`",
        default: "by host profile",
        meaning: "whether adapters can pass through this physical NIC",
    },
    Setting {
        key: "Lab.Pnic.vmnicN.VirtualFunctions",
        values: "0 to 4096",
        default: "by host profile",
        meaning: "how many adapters can pass through this physical NIC at a time",
    },
];

/// What an option says of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Its kind of interrupts.
    Interrupts,
    /// Its transmit queues.
    TxQueues,
    /// Its receive queues.
    RxQueues,
    /// Whether the firmware boots from it.
    BootPhase,
    /// A DVFilter.
    Filter,
}

/// The number of the adapter that an option is about, and what it says. As in a vmx file, case is no difference.
pub fn adapter_key(key: &str) -> Option<(u32, Of)> {
    let (number, what) = strip_prefix(key, "ethernet")?.split_once('.')?;
    let known = [
        ("lab.intrMode", Of::Interrupts),
        ("lab.txQueues", Of::TxQueues),
        ("lab.rxQueues", Of::RxQueues),
        ("lab.bootPhase", Of::BootPhase),
    ];
    let of = known.into_iter().find(|(name, _)| what.eq_ignore_ascii_case(name)).map(|(_, of)| of);
    Some((decimal(number)?, of.or_else(|| is_filter(what).then_some(Of::Filter))?))
}

/// Whether an option is one of the lab, or would be if there were such a setting.
pub fn is_lab(key: &str) -> bool {
    let of_adapter = strip_prefix(key, "ethernet").and_then(|rest| rest.split_once('.')).map(|(_, what)| what);
    let is = |key: &str| strip_prefix(key, "lab.").is_some();
    is(key) || of_adapter.is_some_and(is)
}

fn is_filter(key: &str) -> bool {
    let number = strip_prefix(key, "filter").and_then(|rest| rest.split_once('.'));
    number.is_some_and(|(number, rest)| decimal(number).is_some() && rest.eq_ignore_ascii_case("name"))
}

fn strip_prefix<'k>(key: &'k str, prefix: &str) -> Option<&'k str> {
    let (start, rest) = key.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn decimal(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Why an option of a machine cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such setting.
    #[error("there is no lab setting '{0}'")]
    Key(String),
    /// The value does not fit.
    #[error("'{key}' takes {values}, not '{value}'")]
    Value {
        /// The setting.
        key: &'static str,
        /// What it takes.
        values: &'static str,
        /// What was given.
        value: String,
    },
}

/// Checks an option of a machine. Options that are no lab settings are none of our business. An empty value removes.
///
/// # Errors
/// Unknown keys below `lab.` and `ethernetN.lab.`, and values that the setting does not take.
pub fn check(key: &str, value: &str) -> Result<(), Refused> {
    if !is_lab(key) {
        return Ok(());
    }
    let (setting, fits) = match adapter_key(key) {
        _ if key.eq_ignore_ascii_case(GUEST_DRIVER) => (&OF_MACHINES[0], value == "none" || decimal(value).is_some()),
        Some((_, Of::Interrupts)) => (&OF_MACHINES[1], matches!(value, "auto" | "intx" | "msi" | "msix")),
        Some((_, Of::TxQueues)) => (&OF_MACHINES[2], is_queues(value)),
        Some((_, Of::RxQueues)) => (&OF_MACHINES[3], is_queues(value)),
        Some((_, Of::BootPhase)) => (&OF_MACHINES[4], matches!(value, "os" | "pxe")),
        _ => return Err(Refused::Key(key.to_owned())),
    };
    if fits || value.is_empty() {
        return Ok(());
    }
    Err(Refused::Value { key: setting.key, values: setting.values, value: value.to_owned() })
}

fn is_queues(value: &str) -> bool {
    decimal(value).is_some_and(|queues| (1..=MOST_QUEUES).contains(&queues))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lab_option_takes_its_values_and_no_others() {
        let good = [
            (GUEST_DRIVER, "7"),
            (GUEST_DRIVER, "none"),
            ("ethernet0.lab.intrMode", "intx"),
            ("ethernet11.lab.txQueues", "32"),
            ("ethernet1.lab.rxQueues", "1"),
            ("ethernet1.lab.bootPhase", "pxe"),
            ("ethernet1.lab.bootPhase", ""),
            ("ethernet1.filter2.name", "dvfilter-maclearn"),
            ("Ethernet1.LAB.bootphase", "pxe"),
            ("guestinfo.anything", "x"),
            ("labour", "x"),
            ("ethernet0.present", "no"),
            ("ethernetä", ""),
        ];
        good.iter().for_each(|(key, value)| assert_eq!(check(key, value), Ok(()), "{key}={value}"));
        let bad = [
            (GUEST_DRIVER, "new"),
            (GUEST_DRIVER, "-1"),
            ("ethernet0.lab.intrMode", "INTX"),
            ("ethernet0.lab.txQueues", "0"),
            ("ethernet0.lab.rxQueues", "33"),
            ("ethernet0.lab.bootPhase", "disk"),
            ("LAB.GUEST.vmxnet3.driver", "99999999999"),
        ];
        for (key, value) in bad {
            assert!(matches!(check(key, value), Err(Refused::Value { .. })), "{key}={value}");
        }
        for key in
            ["lab.guest", "lab.", "ethernet0.lab.mode", "ethernetx.lab.intrMode", "ethernet.lab.txQueues", "LAB.x"]
        {
            assert_eq!(check(key, "1"), Err(Refused::Key(key.into())));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken_or_refused(start in "(lab|ethernet[0-9]*)?[.]?(lab|filter[0-9]*)?", rest in ".*", value in ".*") {
            let key = start + &rest;
            if check(&key, &value).is_err() {
                assert!(is_lab(&key), "{key} is none of our business");
            }
        }
    }
}

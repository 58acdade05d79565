//! Lab settings of a host: what a real one has no property for, such as its IOMMU and the virtual functions of its
//! network ports, as advanced options whose keys begin with `Lab.`. They are set by `UpdateOptions` like any other.

pub use directpath::lab::{ENABLED, FAIL_ACTIVATION, INTERRUPT_VECTORS, IOMMU, REPORTING};
use directpath::{Reporting, lab::OF_HOSTS};
use vim25::{Any, Obj, Str, mo::HostSystem, types::OptionValue};

use super::{HostProfile, options::Setting, ports::Port};

/// Vectors of a host: 4,096, of which its own devices keep a quarter.
const VECTORS: i64 = 3_072;
/// More vectors than any host has.
const MOST_VECTORS: i64 = 1 << 20;
/// More virtual functions than a port has.
const MOST_FUNCTIONS: i64 = 4_096;

const MODES: &[&str] = &["upt", "none"];
const POLICIES: &[&str] = &["full", "esx"];

/// The lab settings of a host. A host has them as private state too, kept by the rule [`Passthrough`].
///
/// [`Passthrough`]: crate::derive::rules
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostLab {
    /// Whether the machine has an IOMMU and uses it.
    pub iommu: bool,
    /// Whether network cards may pass through.
    pub enabled: bool,
    /// How many reasons the host gives.
    pub reporting: Reporting,
    /// The error with which passing through fails at run time.
    pub fail_activation: Option<Str>,
    /// Interrupt vectors for passing through.
    pub interrupt_vectors: i64,
    /// Network ports, in the order of the options.
    pub pnics: Vec<PnicLab>,
}

/// The lab settings of a network port.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PnicLab {
    /// Its name, for example `vmnic1`.
    pub device: Str,
    /// Whether network cards can pass through it.
    pub upt: bool,
    /// Network cards that can pass through it at a time.
    pub virtual_functions: i64,
}

impl HostLab {
    /// The settings among these options. What is not there is off or none.
    pub fn of(options: &[Obj<OptionValue>]) -> HostLab {
        let mut lab = HostLab::default();
        for option in options.iter().filter(|option| option.key.starts_with("Lab.")) {
            if let Some(value) = &option.value {
                lab.read(&option.key, value);
            }
        }
        lab
    }

    /// The settings of a host.
    pub fn of_host(host: &HostSystem) -> HostLab {
        HostLab::of(host.config.as_ref().and_then(|config| config.option.as_deref()).unwrap_or_default())
    }

    /// The settings of a network port; a port without settings passes nothing through.
    pub fn pnic(&self, device: &str) -> Option<&PnicLab> {
        self.pnics.iter().find(|pnic| pnic.device == device)
    }

    fn read(&mut self, key: &str, value: &Any) {
        let text = value.as_str().unwrap_or_default();
        match key {
            IOMMU => self.iommu = *value == Any::Bool(true),
            ENABLED => self.enabled = *value == Any::Bool(true),
            REPORTING => self.reporting = if text == "esx" { Reporting::Esx } else { Reporting::Full },
            FAIL_ACTIVATION => self.fail_activation = (!text.is_empty()).then(|| text.into()),
            INTERRUPT_VECTORS => self.interrupt_vectors = number(value),
            _ => self.read_pnic(key, value),
        }
    }

    fn read_pnic(&mut self, key: &str, value: &Any) {
        let Some((device, what)) = key.strip_prefix("Lab.Pnic.").and_then(|rest| rest.rsplit_once('.')) else { return };
        let at = self.pnics.iter().position(|pnic| pnic.device == device).unwrap_or_else(|| {
            self.pnics.push(PnicLab { device: device.into(), ..PnicLab::default() });
            self.pnics.len() - 1
        });
        match what {
            "NptMode" => self.pnics[at].upt = value.as_str() == Some("upt"),
            "VirtualFunctions" => self.pnics[at].virtual_functions = number(value),
            _ => {}
        }
    }
}

fn number(value: &Any) -> i64 {
    match *value {
        Any::Int(value) => value.into(),
        Any::Long(value) => value,
        _ => 0,
    }
}

/// The lab settings that hosts of a profile begin with.
pub(super) fn settings(profile: HostProfile) -> Vec<Setting<Str>> {
    let mut all = vec![
        Setting::Bool(IOMMU.into(), true),
        Setting::Bool(ENABLED.into(), true),
        Setting::Choice(REPORTING.into(), "full", POLICIES),
        Setting::Text(FAIL_ACTIVATION.into(), ""),
        Setting::Int(INTERRUPT_VECTORS.into(), VECTORS, 0, MOST_VECTORS),
    ];
    all.extend(profile.ports().iter().flat_map(port_settings));
    all
}

/// What a lab setting is for.
pub(super) fn meaning(key: &str) -> Option<&'static str> {
    let of_port = key.strip_prefix("Lab.Pnic.").and_then(|rest| rest.rsplit_once('.')).map(|(_, what)| what);
    let is_it = |known: &str| match of_port {
        Some(what) => known.strip_prefix("Lab.Pnic.vmnicN.") == Some(what),
        None => known == key,
    };
    OF_HOSTS.iter().find(|setting| is_it(setting.key)).map(|setting| setting.meaning)
}

fn port_settings(port: &Port) -> [Setting<Str>; 2] {
    let key = |what: &str| Str::from(format!("Lab.Pnic.{}.{what}", port.device));
    [
        Setting::Choice(key("NptMode"), if port.passes { "upt" } else { "none" }, MODES),
        Setting::Int(key("VirtualFunctions"), port.virtual_functions, 0, MOST_FUNCTIONS),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::options;

    #[test]
    fn settings_of_a_profile_read_back_as_its_ports_are() {
        let lab = HostLab::of(&options::options(HostProfile::Esxi70VmFex));
        assert!(lab.iommu && lab.enabled && lab.reporting == Reporting::Full && lab.fail_activation.is_none());
        assert_eq!(lab.interrupt_vectors, 3_072);
        let ports: Vec<_> = lab.pnics.iter().map(|p| (&*p.device, p.upt, p.virtual_functions)).collect();
        assert_eq!(ports, [("vmnic0", false, 0), ("vmnic1", true, 8), ("vmnic2", true, 8)]);
        assert_eq!(lab.pnic("vmnic2"), Some(&lab.pnics[2]));
        assert_eq!(lab.pnic("vmnic3"), None);
    }

    #[test]
    fn every_setting_says_what_it_is_for() {
        for definition in options::definitions(HostProfile::Esxi80).iter().filter(|d| d.key.starts_with("Lab.")) {
            assert_eq!(meaning(&definition.key), Some(&*definition.summary));
        }
        assert_eq!(meaning("NFS.MaxVolumes"), None);
    }

    #[test]
    fn options_of_a_host_read_as_what_they_say() {
        let option = |key: &str, value: Any| Obj::from(OptionValue { key: key.into(), value: Some(value) });
        let lab = HostLab::of(&[
            option(IOMMU, true.into()),
            option(REPORTING, Any::Str("esx".into())),
            option(FAIL_ACTIVATION, Any::Str("no BAR".into())),
            option(INTERRUPT_VECTORS, Any::Int(7)),
            option("Lab.Pnic.vmnic0.VirtualFunctions", Any::Long(3)),
            option("NFS.MaxVolumes", Any::Long(1)),
        ]);
        assert!(lab.iommu && !lab.enabled && lab.reporting == Reporting::Esx);
        assert_eq!((lab.fail_activation.as_deref(), lab.interrupt_vectors), (Some("no BAR"), 7));
        assert_eq!(lab.pnics, [PnicLab { device: "vmnic0".into(), upt: false, virtual_functions: 3 }]);
        assert_eq!(HostLab::of(&[]), HostLab::default());
    }
}

//! Profiles: which software hosts run, and which network ports their machines have.

use std::fmt;

use vim25::ApiVersion;

use super::ports::{self, Port};

/// What all hosts of a new world are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HostProfile {
    /// ESXi 8.0.3 on a common server. Its software has no VMDirectPath Gen 2 any more.
    #[default]
    Esxi80,
    /// ESXi 8.0.3 with a data processing unit, to which the distributed switch is offloaded: UPTv2.
    Esxi80Dpu,
    /// ESXi 7.0.0 on a common server: it knows VMDirectPath Gen 2, but has no network port for it.
    Esxi70,
    /// ESXi 7.0.0 on a blade with VM-FEX: two ports of the distributed switch pass through.
    Esxi70VmFex,
    /// ESXi 5.0.0: it knows VMDirectPath Gen 2, but has no network port for it.
    Esx50,
    /// ESX 4.0.0, older than VMDirectPath Gen 2.
    Esx40,
}

/// A product, as its `AboutInfo` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Product {
    pub name: &'static str,
    pub version: &'static str,
    pub build: &'static str,
    pub line: &'static str,
    pub license_version: &'static str,
    /// Label of the newest API version that it speaks.
    pub api: &'static str,
}

/// Maker and model of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Maker {
    pub vendor: &'static str,
    pub model: &'static str,
    pub bios: &'static str,
}

const fn esxi(version: &'static str, build: &'static str, license_version: &'static str, api: &'static str) -> Product {
    Product { name: "VMware ESXi", version, build, line: "embeddedEsx", license_version, api }
}

const ESXI_80: Product = esxi("8.0.3", "24022510", "8.0", "8.0.3.0");
const ESXI_70: Product = esxi("7.0.0", "15843807", "7.0", "7.0.0.0");
const ESXI_50: Product = esxi("5.0.0", "469512", "5.0", "5.0");
const ESX_40: Product = Product { name: "VMware ESX", line: "esx", ..esxi("4.0.0", "164009", "4.0", "4.0") };

impl HostProfile {
    /// Every profile, newest first.
    pub const ALL: [HostProfile; 6] = [
        HostProfile::Esxi80,
        HostProfile::Esxi80Dpu,
        HostProfile::Esxi70,
        HostProfile::Esxi70VmFex,
        HostProfile::Esx50,
        HostProfile::Esx40,
    ];

    /// Its name on the command line, for example `esxi-7.0-vmfex`.
    pub fn name(self) -> &'static str {
        match self {
            HostProfile::Esxi80 => "esxi-8.0",
            HostProfile::Esxi80Dpu => "esxi-8.0-dpu",
            HostProfile::Esxi70 => "esxi-7.0",
            HostProfile::Esxi70VmFex => "esxi-7.0-vmfex",
            HostProfile::Esx50 => "esx-5.0",
            HostProfile::Esx40 => "esx-4.0",
        }
    }

    /// The profile with this name.
    pub fn parse(name: &str) -> Option<HostProfile> {
        HostProfile::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// The newest version of the API that such a host speaks.
    pub fn api_version(self) -> ApiVersion {
        ApiVersion::parse(self.product().api).expect("the schema knows the version of every profile")
    }

    /// Version of the product, for example `8.0.3`: also that of a distributed switch which all such hosts can join.
    pub fn product_version(self) -> &'static str {
        self.product().version
    }

    /// The network offload that the hosts' distributed switch is made for: id of a `DvsNetworkOffloadSpec`.
    pub fn network_offload(self) -> Option<&'static str> {
        (self == HostProfile::Esxi80Dpu).then_some(ports::OFFLOAD)
    }

    pub(crate) fn product(self) -> Product {
        match self {
            HostProfile::Esxi80 | HostProfile::Esxi80Dpu => ESXI_80,
            HostProfile::Esxi70 | HostProfile::Esxi70VmFex => ESXI_70,
            HostProfile::Esx50 => ESXI_50,
            HostProfile::Esx40 => ESX_40,
        }
    }

    pub(crate) fn maker(self) -> Maker {
        match self {
            HostProfile::Esxi70VmFex => {
                Maker { vendor: "Cisco Systems Inc", model: "UCSB-B200-M6", bios: "B200M6.4.2.2a.0.1208202101" }
            }
            _ => Maker { vendor: "Dell Inc.", model: "PowerEdge R650", bios: "1.13.2" },
        }
    }

    /// Network ports of the machine, in the order of their names.
    pub(crate) fn ports(self) -> &'static [Port] {
        match self {
            HostProfile::Esxi80 | HostProfile::Esxi70 => &ports::COMMON,
            HostProfile::Esxi80Dpu => &ports::DPU,
            HostProfile::Esxi70VmFex => &ports::VM_FEX,
            HostProfile::Esx50 | HostProfile::Esx40 => &ports::OLD,
        }
    }

    /// The ports that a distributed switch gets.
    pub(crate) fn uplinks(self) -> impl Iterator<Item = &'static Port> {
        self.ports().iter().filter(|port| port.on_switch)
    }

    /// Version of the VMFS that its volumes have: major number, and the whole.
    pub(crate) fn vmfs(self) -> (i32, &'static str) {
        match self {
            HostProfile::Esx40 => (3, "3.33"),
            HostProfile::Esx50 => (5, "5.54"),
            _ => (6, "6.82"),
        }
    }
}

impl fmt::Display for HostProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_has_a_name_of_its_own_that_leads_back_to_it() {
        for profile in HostProfile::ALL {
            assert_eq!(HostProfile::parse(profile.name()), Some(profile));
        }
        assert_eq!(HostProfile::parse("esxi-6.0"), None);
        assert_eq!(HostProfile::default().name(), "esxi-8.0");
    }

    #[test]
    fn every_machine_has_a_port_for_management_and_one_for_the_distributed_switch() {
        for profile in HostProfile::ALL {
            let ports = profile.ports();
            assert!(!ports[0].on_switch && profile.uplinks().count() > 0, "{profile}");
            let names: Vec<_> = ports.iter().map(|p| p.device.to_string()).collect();
            let expected: Vec<_> = (0..ports.len()).map(|i| format!("vmnic{i}")).collect();
            assert_eq!(names, expected, "{profile}");
        }
    }
}

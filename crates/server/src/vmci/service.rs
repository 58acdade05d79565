//! Services with a name, as they are asked for on the command line.

use std::str::FromStr;

use ::vmci::{Address, Cid, Port, switch::Service};

/// A service with a name: where it is and who may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSpec {
    /// Its name.
    pub name: String,
    /// Its place.
    pub at: Address,
    /// Whether restricted machines reach it.
    pub trusted: bool,
    /// Whether only machines that were granted it reach it.
    pub by_grant: bool,
}

impl ServiceSpec {
    /// The service, with nothing counted.
    pub fn service(&self) -> Service {
        Service { trusted: self.trusted, by_grant: self.by_grant, ..Service::new(self.name.clone(), self.at) }
    }
}

/// From `NAME=PORT`, followed by any of `,untrusted`, `,by-grant` and `,hypervisor`.
impl FromStr for ServiceSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<ServiceSpec, String> {
        let (name, rest) = text.split_once('=').ok_or("expected NAME=PORT, such as backup=5000")?;
        if name.is_empty() {
            return Err("the service has no name".into());
        }
        let mut words = rest.split(',');
        let port: Port = words.next().unwrap_or_default().parse().map_err(|error| format!("{error}"))?;
        let at = Address::new(Cid::HOST, port);
        let mut spec = ServiceSpec { name: name.to_owned(), at, trusted: true, by_grant: false };
        for word in words {
            match word {
                "untrusted" => spec.trusted = false,
                "by-grant" => spec.by_grant = true,
                "hypervisor" => spec.at.cid = Cid::HYPERVISOR,
                _ => return Err(format!("{word:?} is none of untrusted, by-grant, hypervisor")),
            }
        }
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_a_name_a_port_and_words() {
        let spec: ServiceSpec = "backup=5000,untrusted,by-grant".parse().unwrap();
        assert_eq!((spec.name.as_str(), spec.at.to_string().as_str()), ("backup", "2:5000"));
        assert!(!spec.trusted && spec.by_grant);
        assert_eq!("rpci=976,hypervisor".parse::<ServiceSpec>().unwrap().at.cid, Cid::HYPERVISOR);
        for bad in ["backup", "=5", "backup=", "backup=x", "backup=5,sometimes", "backup=4294967295"] {
            assert!(bad.parse::<ServiceSpec>().is_err(), "{bad}");
        }
    }
}

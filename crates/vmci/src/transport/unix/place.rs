//! The names of things in the folder of a VM.

use std::path::{Path, PathBuf};

use super::handshake::Side;
use crate::addr::{Address, Cid, Port};

/// The folder of one VM, by name: nothing here touches the file system.
#[derive(Clone, Debug)]
pub struct Place {
    folder: PathBuf,
}

impl Place {
    /// The folder of the VM `key` below `root`.
    pub fn new(root: &Path, key: &str) -> Place {
        Place { folder: root.join(key) }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The socket that the fabric listens on, for one side.
    pub fn socket(&self, side: Side) -> PathBuf {
        self.folder.join(match side {
            Side::Guest => "guest.sock",
            Side::Host => "host.sock",
        })
    }

    /// The socket that a program listens on which plays the guest.
    pub fn guest_port(&self, port: Port) -> PathBuf {
        self.folder.join(format!("guest.sock_{port}"))
    }

    /// The socket that a program of the host listens on, in the place of the host or of the hypervisor.
    pub fn host_port(&self, at: Address) -> PathBuf {
        let who = if at.cid == Cid::HYPERVISOR { "hypervisor" } else { "host" };
        self.folder.join(format!("{who}.sock_{}", at.port))
    }

    /// Whether a file name is one that this folder is made for.
    pub(super) fn is_socket_name(name: &str) -> bool {
        let is_port = |port: &str| port.parse::<Port>().is_ok();
        ["guest.sock", "host.sock"].contains(&name)
            || ["guest.sock_", "host.sock_", "hypervisor.sock_"]
                .iter()
                .any(|start| name.strip_prefix(start).is_some_and(is_port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_convention() {
        let place = Place::new(Path::new("/run/vmci"), "vm-21");
        let port = Port::new(5000).unwrap();
        let name = |path: PathBuf| path.strip_prefix("/run/vmci/vm-21").unwrap().display().to_string();
        let names = [
            name(place.socket(Side::Host)),
            name(place.socket(Side::Guest)),
            name(place.guest_port(port)),
            name(place.host_port(Address::new(Cid::HOST, port))),
            name(place.host_port(Address::new(Cid::HYPERVISOR, port))),
        ];
        assert_eq!(names, ["host.sock", "guest.sock", "guest.sock_5000", "host.sock_5000", "hypervisor.sock_5000"]);
        assert!(names.iter().all(|name| Place::is_socket_name(name)));
        assert!(
            !["guest.sock_", "guest.sock_x", "other", "host.sock_4294967295"].into_iter().any(Place::is_socket_name)
        );
    }
}

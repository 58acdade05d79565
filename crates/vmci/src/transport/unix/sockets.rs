//! The sockets of one VM: its folder while it runs, and the two carriers that join it to the fabric.

use std::{io, sync::Arc};

use parking_lot::Mutex;
use tokio::{net::UnixListener, task::AbortHandle};

use super::{
    Limits, Place, accept, dial,
    folder::{self, CidLink},
    handshake::Side,
    root::Root,
    session::{self, Shared},
};
use crate::{
    addr::{Address, Cid},
    datagram::Datagram,
    fabric::Fabric,
    filter::Filter,
    refusal::Refusal,
    switch::{Membership, VmKey},
    transport::{Carrier, Opening},
};

/// What stays of a VM's folder when its sockets close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Nothing: the VM is off.
    Nothing,
    /// What programs listen on: the VM is suspended or on its way to another host, and comes back.
    Listeners,
}

/// The sockets of a VM that runs. Dropped, they close and nothing stays.
pub struct Sockets {
    key: VmKey,
    fabric: Arc<Fabric>,
    place: Place,
    link: Arc<Mutex<CidLink>>,
    accepting: Vec<AbortHandle>,
    keep: Keep,
}

impl Sockets {
    /// Makes the folder and its sockets, plugs the VM into the fabric and begins to accept.
    ///
    /// # Errors
    /// If the file system refuses, or the fabric does. Nothing stays then.
    pub fn open(
        root: &Root,
        fabric: &Arc<Fabric>,
        key: VmKey,
        settings: Membership,
        filter: Filter,
        limits: Limits,
    ) -> io::Result<Sockets> {
        let place = Place::new(root.path(), &key);
        folder::make(&place)?;
        let opened = Sockets::join(root, fabric, key, settings, filter, limits, &place);
        if opened.is_err() {
            folder::remove(&place);
        }
        opened
    }

    fn join(
        root: &Root,
        fabric: &Arc<Fabric>,
        key: VmKey,
        settings: Membership,
        filter: Filter,
        limits: Limits,
        place: &Place,
    ) -> io::Result<Sockets> {
        let host_socket = folder::listen(place, Side::Host)?;
        let guest_socket = folder::listen(place, Side::Guest)?;
        let (link, cid) = (Arc::new(Mutex::new(CidLink::new(root.path(), &key))), settings.cid);
        let shared = Arc::new(Shared::new(fabric.clone(), key.clone(), limits));
        let guest = Arc::new(Guest { place: place.clone(), shared: shared.clone(), link: link.clone() });
        let host = Arc::new(Host { place: place.clone(), shared: shared.clone() });
        fabric.plug(key.clone(), settings, filter, guest, host).map_err(io::Error::other)?;
        if let Err(error) = link.lock().point(cid) {
            fabric.unplug(&key);
            return Err(error);
        }
        let accepting = vec![start(&shared, Side::Host, host_socket), start(&shared, Side::Guest, guest_socket)];
        let (fabric, place, keep) = (fabric.clone(), place.clone(), Keep::Nothing);
        Ok(Sockets { key, fabric, place, link, accepting, keep })
    }

    /// The fabric that the VM is plugged into.
    pub fn fabric(&self) -> &Arc<Fabric> {
        &self.fabric
    }

    /// Resets every connection and removes the sockets; what `keep` says stays.
    pub fn close(mut self, keep: Keep) {
        self.keep = keep;
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        // First out of the way of whoever connects now, then out of the fabric.
        folder::close(&self.place);
        self.link.lock().close();
        self.fabric.unplug(&self.key);
        self.accepting.iter().for_each(AbortHandle::abort);
        if self.keep == Keep::Nothing {
            folder::remove(&self.place);
        }
    }
}

fn start(shared: &Arc<Shared>, side: Side, listener: UnixListener) -> AbortHandle {
    let shared = shared.clone();
    let accepting = async move {
        let session = |stream, permit| session::serve(shared.clone(), side, stream, permit);
        accept::accept(listener, shared.limits.handshakes, session).await;
    };
    tokio::spawn(accepting).abort_handle()
}

/// Programs that play the guest.
struct Guest {
    place: Place,
    shared: Arc<Shared>,
    link: Arc<Mutex<CidLink>>,
}

impl Carrier for Guest {
    fn open(&self, _: Address, to: Address) -> Opening<'_> {
        dial::open(self.place.guest_port(to.port))
    }

    fn deliver(&self, datagram: &Datagram) -> Result<(), Refusal> {
        self.shared.contexts.guest.deliver(datagram)
    }

    fn ring(&self, to: Address) -> Result<(), Refusal> {
        self.shared.contexts.guest.ring(to.port)
    }

    fn cid_changed(&self, cid: Cid) {
        if let Err(error) = self.link.lock().point(cid) {
            tracing::warn!(%error, vm = %self.shared.vm, %cid, "the link by context id could not be changed");
        }
    }
}

/// Programs of the host, in its place or in that of the hypervisor.
struct Host {
    place: Place,
    shared: Arc<Shared>,
}

impl Carrier for Host {
    fn open(&self, _: Address, to: Address) -> Opening<'_> {
        dial::open(self.place.host_port(to))
    }

    fn deliver(&self, datagram: &Datagram) -> Result<(), Refusal> {
        self.shared.contexts.of_host(datagram.to.cid).deliver(datagram)
    }

    fn ring(&self, to: Address) -> Result<(), Refusal> {
        self.shared.contexts.of_host(to.cid).ring(to.port)
    }

    fn cid_changed(&self, _: Cid) {}
}

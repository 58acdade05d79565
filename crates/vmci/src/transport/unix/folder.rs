//! The folder of one VM on disk: made with its two sockets, linked by context id, removed.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, FileTypeExt, symlink},
    path::{Path, PathBuf},
};

use tokio::net::UnixListener;

use super::{Place, handshake::Side, root::BY_CID};
use crate::addr::Cid;

/// The link by context id: renamed when the id changes, removed when the sockets close. A carrier may outlive its sockets
/// for a moment, and must not touch the link of their successors then.
pub(super) struct CidLink {
    links: PathBuf,
    key: String,
    at: Option<PathBuf>,
    closed: bool,
}

impl CidLink {
    /// No link yet.
    pub fn new(root: &Path, key: &str) -> CidLink {
        CidLink { links: root.join(BY_CID), key: key.to_owned(), at: None, closed: false }
    }

    /// Makes the link, or another one in its place.
    pub fn point(&mut self, cid: Cid) -> io::Result<()> {
        if !self.closed {
            let at = self.links.join(cid.to_string());
            relink(&at, &self.key)?;
            self.remove();
            self.at = Some(at);
        }
        Ok(())
    }

    /// Removes the link for good.
    pub fn close(&mut self) {
        self.closed = true;
        self.remove();
    }

    /// Another VM, on another host, may have the same id: its link is not ours.
    fn remove(&mut self) {
        if let Some(at) = self.at.take().filter(|at| fs::read_link(at).is_ok_and(|to| to == target(&self.key))) {
            let _ = fs::remove_file(at);
        }
    }
}

fn target(key: &str) -> PathBuf {
    Path::new("..").join(key)
}

/// Ids are unique on a host only: the VM that came last has the link.
fn relink(at: &Path, key: &str) -> io::Result<()> {
    match fs::remove_file(at) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(target(key), at)
}

/// Makes the folder, if programs do not listen in it already.
pub(super) fn make(place: &Place) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(place.folder()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

/// Listens for one side.
pub(super) fn listen(place: &Place, side: Side) -> io::Result<UnixListener> {
    let path = place.socket(side);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixListener::bind(path)
}

/// Removes the fabric's own two sockets.
pub(super) fn close(place: &Place) {
    for side in [Side::Guest, Side::Host] {
        let _ = fs::remove_file(place.socket(side));
    }
}

/// Removes every socket of the convention, and the folder unless something else is in it.
pub(super) fn remove(place: &Place) {
    for entry in fs::read_dir(place.folder()).into_iter().flatten().flatten() {
        let is_socket = entry.file_type().is_ok_and(|kind| kind.is_socket());
        if is_socket && entry.file_name().to_str().is_some_and(Place::is_socket_name) {
            let _ = fs::remove_file(entry.path());
        }
    }
    if let Err(error) = fs::remove_dir(place.folder()) {
        tracing::warn!(%error, folder = %place.folder().display(), "the folder of a VM stays");
    }
}

//! The folder that holds the sockets of all VMs: made, taken over from an earlier run, and left clean.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{Place, folder};

/// Says that a folder is ours, and is locked by the process that works in it.
const MARKER: &str = ".ferrosphere-vmci";
/// Links to the folders of VMs by context id.
pub(super) const BY_CID: &str = "by-cid";
/// Where the state is asked for.
const STATUS: &str = "status.sock";
/// `sun_path` of a socket address, with its final zero.
const SUN_PATH: usize = 108;
/// The longest name below the folder: a VM's id and its longest socket.
const LONGEST_BELOW: usize = "/vm-4294967295/hypervisor.sock_4294967294".len();

/// The folder of the sockets of all VMs. Its owner is the only process that works in it.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    marker: File,
}

/// Why a folder cannot be used.
#[derive(Debug, Error)]
pub enum RootError {
    /// Addresses of sockets are short.
    #[error("the folder's path {} is {} bytes long, and sockets below it allow {most} at the most; take a shorter one, such as /run/vmci", path.display(), path.as_os_str().len())]
    TooLong {
        /// The folder.
        path: PathBuf,
        /// How long it may be.
        most: usize,
    },
    /// There is something in it that we did not make.
    #[error("the folder {} is not empty and not ours: it has no {MARKER}; take another one, or empty it", .0.display())]
    Foreign(PathBuf),
    /// Another process works in it.
    #[error("another server works in the folder {}; take another one", .0.display())]
    Taken(PathBuf),
    /// The file system says no.
    #[error("cannot use the folder {}: {source}", path.display())]
    Io {
        /// The folder, or what in it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Root {
    /// Takes the folder: makes it if it is not there, and cleans up after an earlier run if it is ours.
    ///
    /// # Errors
    /// If its path is too long, or it holds what is not ours, or belongs to a process that runs.
    pub fn open(path: impl Into<PathBuf>) -> Result<Root, RootError> {
        let path = path.into();
        let most = SUN_PATH - 1 - LONGEST_BELOW;
        if path.as_os_str().len() > most {
            return Err(RootError::TooLong { path, most });
        }
        let failed = |source| RootError::Io { path: path.clone(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(failed)?;
        let is_ours = path.join(MARKER).symlink_metadata().is_ok_and(|found| found.is_file());
        if !is_ours && fs::read_dir(&path).map_err(failed)?.next().is_some() {
            return Err(RootError::Foreign(path));
        }
        let mut options = File::options();
        let marker = options.create(true).append(true).mode(0o600).open(path.join(MARKER)).map_err(failed)?;
        match marker.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RootError::Taken(path)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        clean(&path);
        note_owner(&marker).map_err(failed)?;
        fs::DirBuilder::new().mode(0o700).create(path.join(BY_CID)).map_err(failed)?;
        Ok(Root { path, marker })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes what programs of a VM listened on that was suspended or on its way when it stopped.
    pub fn forget(&self, key: &str) {
        let place = Place::new(&self.path, key);
        if place.folder().exists() {
            folder::remove(&place);
        }
    }

    /// Where the state of the fabric is asked for.
    pub fn status(&self) -> PathBuf {
        self.path.join(STATUS)
    }
}

/// Leaves the folder empty, as far as it is ours.
impl Drop for Root {
    fn drop(&mut self) {
        clean(&self.path);
        if let Err(error) = fs::remove_file(self.path.join(MARKER)) {
            tracing::warn!(%error, folder = %self.path.display(), "the folder's marker stays");
        }
        let _ = self.marker.unlock();
    }
}

fn note_owner(mut marker: &File) -> io::Result<()> {
    marker.set_len(0)?;
    writeln!(marker, "{}", std::process::id())
}

/// Removes sockets, links to folders and folders of VMs. What else there is stays, and is told of.
fn clean(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type());
        let done = match kind {
            Ok(kind) if kind.is_dir() => clean_folder(&path),
            Ok(kind) if kind.is_socket() => fs::remove_file(&path),
            _ if entry.file_name() == MARKER => Ok(()),
            _ => Err(io::Error::other("it is not ours")),
        };
        if let Err(error) = done {
            tracing::warn!(%error, path = %path.display(), "left over in the folder of VMCI sockets");
        }
    }
}

fn clean_folder(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let kind = entry.file_type()?;
        if kind.is_socket() || kind.is_symlink() {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::testing::scratch;

    #[test]
    fn a_new_folder_is_private_and_gone_after_use_but_for_itself() {
        let dir = scratch().join("new");
        let root = Root::open(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(dir.join(BY_CID).is_dir());
        drop(root);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_with_other_things_is_left_alone() {
        let dir = scratch();
        fs::write(dir.join("thesis.txt"), "x").unwrap();
        assert!(matches!(Root::open(&dir), Err(RootError::Foreign(_))));
        assert!(dir.join("thesis.txt").exists());
    }

    #[test]
    fn what_an_earlier_run_left_is_cleaned_and_nothing_else() {
        let dir = scratch();
        fs::write(dir.join(MARKER), "1").unwrap();
        fs::create_dir_all(dir.join("vm-1")).unwrap();
        fs::create_dir_all(dir.join("vm-2")).unwrap();
        fs::create_dir_all(dir.join(BY_CID)).unwrap();
        std::os::unix::fs::symlink("../vm-1", dir.join(BY_CID).join("77")).unwrap();
        drop(UnixListener::bind(dir.join("vm-1/host.sock")).unwrap());
        fs::write(dir.join("vm-2/notes.txt"), "x").unwrap();
        let root = Root::open(&dir).unwrap();
        assert!(!dir.join("vm-1").exists() && !dir.join(BY_CID).join("77").exists());
        assert!(dir.join("vm-2/notes.txt").exists());
        drop(root);
        assert!(dir.join("vm-2/notes.txt").exists());
    }

    #[test]
    fn two_servers_cannot_share_a_folder() {
        let dir = scratch();
        let _first = Root::open(&dir).unwrap();
        assert!(matches!(Root::open(&dir), Err(RootError::Taken(_))));
        assert!(dir.join(MARKER).exists());
    }

    #[test]
    fn a_path_that_no_socket_can_have_is_refused_at_once() {
        let dir = scratch().join("x".repeat(90));
        let refused = Root::open(&dir).unwrap_err();
        assert!(matches!(refused, RootError::TooLong { most, .. } if most == SUN_PATH - 1 - LONGEST_BELOW));
        assert!(!dir.exists());
    }
}

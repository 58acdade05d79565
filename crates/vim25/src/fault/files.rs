//! Faults of datastores and of files on them.

use super::Fault;
use crate::{
    DataType,
    types::{FileAlreadyExists, FileNotFound, InvalidDatastore, InvalidDatastorePath, NoDiskSpace},
};

/// Faults of datastores and of files on them.
impl Fault {
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
}

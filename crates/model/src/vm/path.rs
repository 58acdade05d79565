//! Datastore paths: `[LocalDS_0] folder/file.vmdk`.

use vim25::Str;

/// A datastore path, split. Borrows from the text it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatastorePath<'a> {
    /// Name of the datastore.
    pub datastore: &'a str,
    /// Path within it, without a leading slash; may be empty.
    pub path: &'a str,
}

impl<'a> DatastorePath<'a> {
    /// Reads `[datastore] path`; none if the text has no such form.
    pub fn parse(text: &'a str) -> Option<DatastorePath<'a>> {
        let (datastore, path) = text.trim().strip_prefix('[')?.split_once(']')?;
        let path = path.trim_start().trim_start_matches('/');
        let dots = path.as_bytes().windows(2).any(|pair| pair == b"..");
        let stays_inside = !(dots && path.split('/').any(|part| part == ".."));
        (!datastore.trim().is_empty() && stays_inside).then_some(DatastorePath { datastore, path })
    }

    /// The folder of the path, without a trailing slash; empty at the top.
    pub fn folder(&self) -> &'a str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The last part of the path.
    pub fn file(&self) -> &'a str {
        self.path.rsplit_once('/').map_or(self.path, |(_, file)| file)
    }

    /// The last part of the path, without its extension.
    pub fn stem(&self) -> &'a str {
        let file = self.file();
        file.rsplit_once('.').map_or(file, |(stem, _)| stem)
    }

    /// The path of another file in the same folder.
    pub fn sibling(&self, file: &str) -> Str {
        join(self.datastore, self.folder(), file)
    }
}

/// `[datastore] folder/file`.
pub fn join(datastore: &str, folder: &str, file: &str) -> Str {
    let mut path = String::with_capacity(datastore.len() + folder.len() + file.len() + 4);
    path.extend(["[", datastore, "]"]);
    if !folder.is_empty() || !file.is_empty() {
        let slash = if folder.is_empty() || file.is_empty() { "" } else { "/" };
        path.extend([" ", folder, slash, file]);
    }
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datastore_path_has_a_datastore_and_a_path() {
        let path = DatastorePath::parse("[Local DS] a/b/c.vmx").unwrap();
        assert_eq!((path.datastore, path.folder(), path.file(), path.stem()), ("Local DS", "a/b", "c.vmx", "c"));
        assert_eq!(path.sibling("c.nvram"), "[Local DS] a/b/c.nvram");
        let bare = DatastorePath::parse("[ds]").unwrap();
        assert_eq!((bare.datastore, bare.path), ("ds", ""));
        assert_eq!(join("ds", "", ""), "[ds]");
    }

    #[test]
    fn what_is_no_datastore_path_is_refused() {
        for bad in ["", "ds a.vmx", "[ds a.vmx", "[] a.vmx", "[ds] ../../etc/passwd", "[ds] a/../b"] {
            assert_eq!(DatastorePath::parse(bad), None, "{bad}");
        }
    }
}

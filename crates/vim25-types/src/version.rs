//! Versions of the API.

use std::fmt;

include!(concat!(env!("OUT_DIR"), "/versions.rs"));

/// A version of the API, for example `8.0.3.0`. Later versions are greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(u16);

impl ApiVersion {
    /// The version of rank `rank` in the schema's order: for generated code.
    pub(crate) const fn ranked(rank: u16) -> ApiVersion {
        ApiVersion(rank)
    }

    /// The newest version that the schema knows.
    pub fn newest() -> ApiVersion {
        ApiVersion(VERSIONS.len() as u16 - 1)
    }

    /// The version with this public label (`8.0.3.0`, `6.7`); `4.0` of old clients is `2.5u2server`'s successor.
    pub fn parse(label: &str) -> Option<ApiVersion> {
        // Most clients speak one of the newest.
        VERSIONS.iter().rposition(|(_, known)| *known == label).map(|i| ApiVersion(i as u16))
    }

    /// The public label, for example `8.0.3.0`.
    pub fn label(self) -> &'static str {
        VERSIONS[self.0 as usize].1
    }

    /// The id in type tables, for example `vim.version.v8_0_3_0`.
    pub fn id(self) -> &'static str {
        VERSIONS[self.0 as usize].0
    }

    /// Every version, oldest first.
    pub fn all() -> impl DoubleEndedIterator<Item = ApiVersion> {
        (0..VERSIONS.len() as u16).map(ApiVersion)
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl fmt::Debug for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

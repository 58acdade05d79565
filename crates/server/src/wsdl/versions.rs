//! The list of versions from which clients choose the newest that they know too.

use std::fmt::Write;

use vim25::ApiVersion;

use super::xml;

/// `vimServiceVersions.xml` of a server of this version: it speaks all older ones as well, newest first.
pub fn list(version: ApiVersion) -> String {
    let mut out = String::from(xml::DECLARATION);
    out.push_str("<namespaces version=\"1.0\">\n <namespace>\n  <name>urn:vim25</name>\n");
    let _ = writeln!(out, "  <version>{version}</version>\n  <priorVersions>");
    for prior in ApiVersion::all().rev().filter(|v| *v < version) {
        let _ = writeln!(out, "   <version>{prior}</version>");
    }
    out.push_str("  </priorVersions>\n </namespace>\n</namespaces>\n");
    out
}

//! The pages about passing through say what the tables of this crate say. `UPDATE_DOCS=1 cargo test -p directpath --test
//! docs` writes them anew.

use std::{env, fmt::Write, fs, path::PathBuf};

use directpath::{
    HostReason, OtherReason, PortOther, PortReason, Reason, VmReason,
    lab::{OF_HOSTS, OF_MACHINES, Setting},
};

fn page(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// Compares the part of a page between `<!-- name -->` and `<!-- end -->` with what it has to be.
fn check(page_name: &str, name: &str, wanted: &str) {
    let path = page(page_name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page_name}: {error}"));
    let start = format!("<!-- {name} -->\n");
    let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("{page_name} has no part '{name}'"));
    let (found, after) = rest.split_once("<!-- end -->").expect("a part ends");
    if found == wanted {
        return;
    }
    assert!(env::var_os("UPDATE_DOCS").is_some(), "docs/{page_name}, part '{name}', is not what the table says");
    fs::write(&path, format!("{before}{start}{wanted}<!-- end -->{after}")).expect("the page can be written");
}

/// A section for each reason of a kind.
fn sections<R: Reason>() -> String {
    let mut text = String::new();
    for reason in R::ALL {
        let about = reason.about();
        write!(text, "\n### {}\n\n{}\n\n", reason.name(), about.meaning).unwrap();
        for (what, says) in [("When", about.cause), ("Read from", about.source), ("What helps", about.remedy)] {
            writeln!(text, "- {what}: {}", says.trim_end_matches('.')).unwrap();
        }
        writeln!(text, "- To raise it here: {}", about.lab).unwrap();
    }
    text + "\n"
}

fn table(settings: &[Setting]) -> String {
    let mut text = String::from("\n| key | values | if it is not set | what it is |\n|---|---|---|---|\n");
    for Setting { key, values, default, meaning } in settings {
        writeln!(text, "| `{key}` | {values} | {default} | {meaning} |").unwrap();
    }
    text + "\n"
}

#[test]
fn every_reason_is_on_the_page_about_directpath() {
    check("directpath.md", "reasons of the virtual machine", &sections::<VmReason>());
    check("directpath.md", "other reasons of the adapter", &sections::<OtherReason>());
    check("directpath.md", "reasons of the network", &sections::<PortReason>());
    check("directpath.md", "other reasons of the port", &sections::<PortOther>());
    check("directpath.md", "reasons of the host", &sections::<HostReason>());
}

#[test]
fn every_setting_is_on_the_page_about_the_lab() {
    check("lab.md", "options of machines", &table(&OF_MACHINES));
    check("lab.md", "options of hosts", &table(&OF_HOSTS));
}

//! Generates the Rust types of the vSphere API from the facts in `schema/`.
//!
//! Written per data type: the struct, a static descriptor, an indexed accessor. Everything else (codecs, diff,
//! property paths) walks descriptors, so that the generated code stays small enough to compile in seconds.

#![allow(clippy::print_stdout, reason = "a build script speaks to cargo on standard output")]

mod common;
mod emit;
mod names;
mod schema;

use std::{env, fs, path::PathBuf};

fn main() {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let folder = manifest.join("../../schema");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("schema/{name}: {e}"));
    let tables: Vec<String> = ["vmodl.txt", "vim.txt", "vsan.txt"].map(read).into();
    let schema = schema::Schema::parse(&tables, &read("versions.txt"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    for (name, text) in emit::files(&schema) {
        fs::write(out.join(&name), text).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

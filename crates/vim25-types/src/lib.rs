//! Every data type, enum, managed object and method of the vSphere API (`vim`, `vmodl`, `vsan`) as Rust types with
//! reflection, generated at build time from the facts in `schema/`.
//!
//! A data type is a plain struct with its base embedded as field `base` (and [`Deref`](std::ops::Deref) to it). A place
//! that holds another data object holds an [`Obj`]: shared, copy-on-write, and able to carry any subtype. Generic code
//! (codecs, diff, paths) sees every type through [`DataObject`]: a static descriptor and fields by index.
//!
//! Left out on purpose: wire formats, I/O, async runtimes.

mod any;
mod common;
mod descriptor;
mod eq;
mod moref;
mod morefs;
mod obj;
mod registry;
mod text;
mod time;
mod value;
mod version;

pub use any::{Any, AnyList, Binary};
pub use common::{Common, Group, Held};
pub use descriptor::{Api, EnumType, Field, Kind, Method, MethodInfo, Service, Type};
pub use eq::{equal, unshared};
pub use moref::MoRef;
pub use morefs::MoRefs;
pub use obj::{DataObject, DataType, Extends, Obj, Shared, cast, cast_mut};
pub use registry::{all_enums, all_managed, all_types, enum_type, managed_type, type_named};
pub use text::Str;
pub use time::DateTime;
pub use value::{EnumValue, List, ListMut, Ref, Scalar, Slot, Value};
pub use version::ApiVersion;

/// Data types and enums, by their wire names.
#[allow(missing_docs, non_upper_case_globals, clippy::all)]
pub mod types {
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}

/// Managed objects: one struct per type holds the object's properties.
#[allow(missing_docs, non_upper_case_globals, clippy::all)]
pub mod mo {
    include!(concat!(env!("OUT_DIR"), "/mo.rs"));
}

/// Arguments of every method, by the method's wire name.
#[allow(missing_docs, non_camel_case_types, non_upper_case_globals, clippy::all)]
pub mod args {
    include!(concat!(env!("OUT_DIR"), "/args.rs"));
}

//! What the server and its hosts say they are.

use vim25::{ApiVersion, DataType, Str, types::AboutInfo};

use crate::{
    HostProfile,
    host::forget_newer,
    kit::{some, text},
};

/// vCenter Server 8.0.3 that speaks `api_version`.
pub fn vcenter(api_version: ApiVersion, instance_uuid: Str) -> AboutInfo {
    AboutInfo::with(|a| {
        name(a, "VMware vCenter Server", "8.0.3", "24022515", api_version);
        a.patch_level = some("00000");
        a.os_type = text("linux-x64");
        a.product_line_id = text("vpx");
        a.api_type = text("VirtualCenter");
        a.instance_uuid = Some(instance_uuid);
        a.license_product_name = some("VMware VirtualCenter Server");
        a.license_product_version = some("8.0");
    })
}

/// A host of a profile that speaks `api_version`.
pub fn esxi(profile: HostProfile, api_version: ApiVersion) -> AboutInfo {
    let product = profile.product();
    let mut about = AboutInfo::with(|a| {
        name(a, product.name, product.version, product.build, api_version);
        a.patch_level = some("0.0");
        a.os_type = text("vmnix-x86");
        a.product_line_id = text(product.line);
        a.api_type = text("HostAgent");
        a.license_product_name = some("VMware ESX Server");
        a.license_product_version = some(product.license_version);
    });
    forget_newer(&mut about, api_version);
    about
}

fn name(a: &mut AboutInfo, name: &'static str, version: &'static str, build: &'static str, api: ApiVersion) {
    a.name = text(name);
    a.full_name = format!("{name} {version} build-{build}").into();
    a.vendor = text("VMware, Inc.");
    a.version = text(version);
    a.build = text(build);
    a.locale_version = some("INTL");
    a.locale_build = some("000");
    a.api_version = text(api.label());
}

//! What the server and its hosts say they are.

use vim25::{ApiVersion, DataType, Str, types::AboutInfo};

use crate::kit::{some, text};

const HOST_BUILD: &str = "24022510";

fn product(name: &'static str, build: &'static str, api_version: ApiVersion) -> AboutInfo {
    AboutInfo::with(|a| {
        a.name = text(name);
        a.full_name = format!("{name} 8.0.3 build-{build}").into();
        a.vendor = text("VMware, Inc.");
        a.version = text("8.0.3");
        a.patch_level = some("00000");
        a.build = text(build);
        a.locale_version = some("INTL");
        a.locale_build = some("000");
        a.api_version = text(api_version.label());
        a.license_product_version = some("8.0");
    })
}

/// vCenter Server 8.0.3 that speaks `api_version`.
pub fn vcenter(api_version: ApiVersion, instance_uuid: Str) -> AboutInfo {
    AboutInfo {
        os_type: text("linux-x64"),
        product_line_id: text("vpx"),
        api_type: text("VirtualCenter"),
        instance_uuid: Some(instance_uuid),
        license_product_name: some("VMware VirtualCenter Server"),
        ..product("VMware vCenter Server", "24022515", api_version)
    }
}

/// ESXi 8.0.3 that speaks `api_version`.
pub fn esxi(api_version: ApiVersion) -> AboutInfo {
    AboutInfo {
        patch_level: some("0.0"),
        os_type: text("vmnix-x86"),
        product_line_id: text("embeddedEsx"),
        api_type: text("HostAgent"),
        license_product_name: some("VMware ESX Server"),
        ..product("VMware ESXi", HOST_BUILD, api_version)
    }
}

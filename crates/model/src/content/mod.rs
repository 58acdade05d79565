//! The service instance and the managers that exist once in a server.
//!
//! Only what is here is named in `ServiceInstance.content`: a client never gets a reference that leads nowhere.

pub mod about;
mod authorization;
mod description;
pub mod extended;
mod license;
mod names;
pub mod performance;
mod privileges;
mod service;
mod settings;

use inventory::Tx;
use vim25::{DataType, MoRef, MoRefs, Obj, mo, types::*};

pub use names::{manager, service_instance};
pub use privileges::{privilege_ids, single_privileges};

use crate::{Settings, kit::texts};

/// Puts the service instance and its managers into the world.
pub(crate) fn insert(tx: &mut Tx, settings: &Settings, root: &MoRef) {
    let about = if settings.esx {
        about::esxi(settings.host_profile, settings.api_version)
    } else {
        about::vcenter(settings.api_version, tx.uuid().to_string().into())
    };
    let now = tx.now();
    tx.insert(service_instance(), service::service_instance(about, root.clone(), settings.esx, now));
    put(tx, settings, authorization::authorization_manager());
    put(tx, settings, description::task_manager());
    put(tx, settings, description::event_manager());
    put(tx, settings, description::alarm_manager());
    put(tx, settings, description::scheduled_task_manager());
    put(tx, settings, performance::performance_manager());
    put(tx, settings, settings::option_manager(settings.esx));
    let assignments = manager("LicenseAssignmentManager", settings.esx);
    put(tx, settings, license::license_manager(assignments, now));
    put(tx, settings, mo::LicenseAssignmentManager::default());
    put(tx, settings, session_manager());
    insert_plain(tx, settings);
}

/// Those that start with nothing to tell.
fn insert_plain(tx: &mut Tx, settings: &Settings) {
    put(tx, settings, mo::PropertyCollector { filter: Some(MoRefs::new()) });
    put(tx, settings, mo::ViewManager { view_list: Some(MoRefs::new()) });
    put(tx, settings, mo::UserDirectory { domain_list: Some(texts(["vsphere.local", "localos"])) });
    put(tx, settings, mo::ExtensionManager { extension_list: Some(vec![]) });
    put(tx, settings, mo::CustomizationSpecManager { info: Some(vec![]), encryption_key: None });
    put(tx, settings, mo::CustomFieldsManager { field: Some(vec![]) });
    put(tx, settings, ovf_manager());
    put(tx, settings, mo::DiagnosticManager::default());
    put(tx, settings, mo::SearchIndex::default());
    put(tx, settings, mo::FileManager::default());
    put(tx, settings, mo::DatastoreNamespaceManager::default());
    put(tx, settings, mo::VirtualDiskManager::default());
    put(tx, settings, mo::IpPoolManager::default());
    put(tx, settings, mo::DistributedVirtualSwitchManager::default());
    put(tx, settings, mo::StorageResourceManager::default());
    put(tx, settings, mo::VirtualMachineProvisioningChecker::default());
}

/// Puts a manager where it belongs, unless this kind of server has none of its type.
fn put<T: DataType>(tx: &mut Tx, settings: &Settings, object: T) {
    if let Some(moref) = manager(T::TYPE.name, settings.esx) {
        tx.insert(moref, object);
    }
}

fn session_manager() -> mo::SessionManager {
    let locales = || Some(texts(["en", "de", "es", "fr", "it", "ja", "ko", "zh_CN", "zh_TW"]));
    mo::SessionManager::with(|s| {
        s.session_list = Some(vec![]);
        s.message = Some("".into());
        s.message_locale_list = locales();
        s.supported_locale_list = locales();
        s.default_locale = "en".into();
    })
}

fn ovf_manager() -> mo::OvfManager {
    let option = |name: &'static str, message: &'static str| {
        let description = LocalizableMessage { key: name.into(), message: Some(message.into()), ..Default::default() };
        Obj::from(OvfOptionInfo { option: name.into(), description: description.into() })
    };
    mo::OvfManager {
        ovf_import_option: Some(vec![]),
        ovf_export_option: Some(vec![
            option("mac", "Keep the MAC addresses of network cards"),
            option("uuid", "Keep the UUID of the virtual machine"),
            option("extraconfig", "Keep the extra configuration"),
        ]),
    }
}

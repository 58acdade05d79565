//! `LicenseManager` and `LicenseAssignmentManager`: keys, and what runs under which. Any well-formed key is taken as one
//! of the full product: there is nothing to unlock here.

mod assign;
#[cfg(test)]
mod tests;

use ::inventory::Tx;
use vim25::{
    MoRef, Obj, Str, args, mo,
    types::{KeyValue, LicenseManagerLicenseInfo},
};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::LicenseManager, args::AddLicense>(add)?;
    registry.on::<mo::LicenseManager, args::UpdateLicense>(update)?;
    registry.on::<mo::LicenseManager, args::RemoveLicense>(remove)?;
    registry.on::<mo::LicenseManager, args::DecodeLicense>(decode)?;
    registry.on::<mo::LicenseManager, args::UpdateLicenseLabel>(update_label)?;
    registry.on::<mo::LicenseManager, args::RemoveLicenseLabel>(remove_label)?;
    registry.on::<mo::LicenseAssignmentManager, args::UpdateAssignedLicense>(assign::update)?;
    registry.on::<mo::LicenseAssignmentManager, args::RemoveAssignedLicense>(assign::remove)?;
    registry.on::<mo::LicenseAssignmentManager, args::QueryAssignedLicenses>(assign::query)
}

type License = Obj<LicenseManagerLicenseInfo>;
type Labels = Option<Vec<Obj<KeyValue>>>;

/// `AddLicense`: a key that is there already stays as it is.
fn add(call: &Call, args: args::AddLicense) -> Result<License, Fault> {
    let license = made_of(&args.license_key, args.labels)?;
    call.commit(|tx| {
        let all = licenses(tx, &call.this)?;
        if let Some(known) = all.iter().find(|l| l.license_key == license.license_key) {
            return Ok(known.clone());
        }
        all.push(license.clone());
        Ok(license)
    })
}

/// `UpdateLicense`: sets the labels of a key.
fn update(call: &Call, args: args::UpdateLicense) -> Result<License, Fault> {
    call.commit(|tx| {
        let license = find(tx, &call.this, &args.license_key)?;
        license.labels = args.labels;
        Ok(license.clone())
    })
}

/// `RemoveLicense`: one that is assigned stays.
fn remove(call: &Call, args: args::RemoveLicense) -> Result<(), Fault> {
    call.commit(|tx| {
        find(tx, &call.this, &args.license_key)?;
        if assign::is_assigned(tx, &call.this, &args.license_key) {
            return Err(Fault::invalid_argument("licenseKey", "the license is assigned"));
        }
        licenses(tx, &call.this)?.retain(|license| license.license_key != args.license_key);
        Ok(())
    })
}

/// `DecodeLicense`: what a key stands for, without adding it.
fn decode(_: &Call, args: args::DecodeLicense) -> Result<License, Fault> {
    made_of(&args.license_key, None)
}

/// `UpdateLicenseLabel`.
fn update_label(call: &Call, args: args::UpdateLicenseLabel) -> Result<(), Fault> {
    call.commit(|tx| {
        let labels = find(tx, &call.this, &args.license_key)?.labels.get_or_insert_default();
        labels.retain(|label| label.key != args.label_key);
        labels.push(KeyValue { key: args.label_key, value: args.label_value }.into());
        Ok(())
    })
}

/// `RemoveLicenseLabel`.
fn remove_label(call: &Call, args: args::RemoveLicenseLabel) -> Result<(), Fault> {
    call.commit(|tx| {
        let labels = find(tx, &call.this, &args.license_key)?.labels.get_or_insert_default();
        let before = labels.len();
        labels.retain(|label| label.key != args.label_key);
        match labels.len() < before {
            true => Ok(()),
            false => Err(Fault::invalid_argument("labelKey", "the license has no such label")),
        }
    })
}

/// A license of the full product, if the key is five groups of five letters and digits.
fn made_of(key: &Str, labels: Labels) -> Result<License, Fault> {
    let group = |group: &str| group.len() == 5 && group.bytes().all(|b| b.is_ascii_alphanumeric());
    if key.split('-').count() != 5 || !key.split('-').all(group) {
        return Err(Fault::invalid_argument("licenseKey", "it is not of the form AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"));
    }
    let info = LicenseManagerLicenseInfo {
        license_key: key.clone(),
        edition_key: "esx.enterprisePlus.cpuPackage".into(),
        name: "VMware vSphere 8 Enterprise Plus".into(),
        total: 0,
        used: Some(0),
        cost_unit: "cpuPackage".into(),
        properties: None,
        labels,
    };
    Ok(info.into())
}

fn licenses<'t>(tx: &'t mut Tx<'_>, this: &MoRef) -> Result<&'t mut Vec<License>, Fault> {
    let manager = tx.edit::<mo::LicenseManager>(this).ok_or_else(|| Fault::object_not_found(this))?;
    Ok(&mut manager.licenses)
}

fn find<'t>(tx: &'t mut Tx<'_>, this: &MoRef, key: &Str) -> Result<&'t mut License, Fault> {
    let found = licenses(tx, this)?.iter_mut().find(|license| license.license_key == *key);
    found.ok_or_else(|| Fault::invalid_argument("licenseKey", "there is no such license"))
}

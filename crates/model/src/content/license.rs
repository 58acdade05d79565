//! Licences: a fresh server runs in evaluation mode.

use vim25::{Any, DataType, DateTime, MoRef, Obj, mo::LicenseManager, types::*};

use crate::kit::text;

/// How long an evaluation lasts.
const EVALUATION_HOURS: i64 = 60 * 24;

/// The licence manager of a server first started at `now`.
pub(crate) fn license_manager(assignments: Option<MoRef>, now: DateTime) -> LicenseManager {
    let properties = evaluation_properties(now);
    LicenseManager::with(|l| {
        l.source = EvaluationLicenseSource { remaining_hours: Some(EVALUATION_HOURS), ..Default::default() }.into();
        l.source_available = true;
        l.feature_info = Some(vec![]);
        l.licensed_edition = text("eval");
        l.licenses = vec![evaluation_license(properties.clone()).into()];
        l.license_assignment_manager = assignments;
        l.evaluation = LicenseManagerEvaluationInfo { properties }.into();
    })
}

fn evaluation_license(properties: Vec<Obj<KeyAnyValue>>) -> LicenseManagerLicenseInfo {
    LicenseManagerLicenseInfo {
        license_key: text("00000-00000-00000-00000-00000"),
        edition_key: text("eval"),
        name: text("Evaluation Mode"),
        total: 0,
        used: None,
        cost_unit: text(""),
        properties: Some(properties),
        labels: None,
    }
}

fn evaluation_properties(now: DateTime) -> Vec<Obj<KeyAnyValue>> {
    let property = |key, value: Any| Obj::from(KeyAnyValue { key: text(key), value });
    vec![
        property("expirationHours", EVALUATION_HOURS.into()),
        property("expirationMinutes", (EVALUATION_HOURS * 60).into()),
        property("expirationDate", now.plus_seconds(EVALUATION_HOURS * 3600).into()),
    ]
}

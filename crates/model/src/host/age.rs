//! What a host's software does not know yet stays unset.

use vim25::{ApiVersion, DataObject, Field, Kind, List, ListMut, Ref};

/// Unsets every optional property that is newer than `version`, at any depth, and says no where a newer flag has to have
/// a value. What holds nothing newer stays shared.
pub(crate) fn forget_newer(object: &mut dyn DataObject, version: ApiVersion) {
    if let Some(base) = object.base_mut() {
        forget_newer(base, version);
    }
    for (index, field) in object.descriptor().fields.iter().enumerate() {
        if !has_newer(object.get(index), field, version) {
            continue;
        }
        let Some(slot) = object.slot(index) else { continue };
        if is_newer(field, version) {
            slot.clear();
        } else if field.list {
            slot.list_mut().into_iter().for_each(|list| forget_in_list(list, version));
        } else if let Some(inner) = slot.object_mut() {
            forget_newer(inner, version);
        }
    }
}

fn forget_in_list(list: &mut dyn ListMut, version: ApiVersion) {
    for index in 0..list.len() {
        let newer = matches!(list.as_list().at(index), Ref::Object(item) if holds_newer(&**item, version));
        let item = if newer { list.at_mut(index) } else { None };
        if let Some(item) = item.and_then(|slot| slot.object_mut()) {
            forget_newer(item, version);
        }
    }
}

/// Whether a field is to be cleared: it is newer, and what it holds can be left out.
fn is_newer(field: &Field, version: ApiVersion) -> bool {
    field.since > version && (field.optional || field.kind == Kind::Bool)
}

fn has_newer(value: Ref<'_>, field: &Field, version: ApiVersion) -> bool {
    match value {
        Ref::Unset | Ref::Bool(false) if !field.optional || value.is_unset() => false,
        _ if is_newer(field, version) => true,
        Ref::Object(inner) => holds_newer(&**inner, version),
        Ref::List(list) => in_list(list, version),
        _ => false,
    }
}

fn in_list(list: &dyn List, version: ApiVersion) -> bool {
    (0..list.len()).any(|index| matches!(list.at(index), Ref::Object(item) if holds_newer(&**item, version)))
}

/// Whether an object has anything to forget.
fn holds_newer(object: &dyn DataObject, version: ApiVersion) -> bool {
    let own = object.descriptor().fields.iter().enumerate();
    object.base().is_some_and(|base| holds_newer(base, version))
        || own.into_iter().any(|(index, field)| has_newer(object.get(index), field, version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vim25::{Obj, types::*};

    fn version(label: &str) -> ApiVersion {
        ApiVersion::parse(label).unwrap()
    }

    fn network() -> HostNetworkInfo {
        let old = PhysicalNic { device: "vmnic0".into(), ..Default::default() };
        let new = PhysicalNic { dpu_id: Some("dpu".into()), ..old.clone() };
        HostNetworkInfo { pnic: Some(vec![old.into(), new.into()]), ..Default::default() }
    }

    #[test]
    fn newer_properties_are_forgotten_at_any_depth() {
        let mut made = network();
        made.at_boot_ip_v6_enabled = Some(false);
        forget_newer(&mut made, version("4.0"));
        assert_eq!(made.at_boot_ip_v6_enabled, None);
        let pnics = made.pnic.unwrap();
        assert_eq!((pnics.len(), &*pnics[1].device, &pnics[1].dpu_id), (2, "vmnic0", &None));
    }

    #[test]
    fn what_holds_nothing_newer_stays_shared() {
        let made = network();
        let mut pruned = made.clone();
        forget_newer(&mut pruned, version("7.0.0.0"));
        let (before, after) = (made.pnic.unwrap(), pruned.pnic.unwrap());
        assert!(Obj::same(&before[0], &after[0]) && !Obj::same(&before[1], &after[1]));
    }

    #[test]
    fn a_newer_flag_that_has_to_be_there_says_no() {
        let mut made = HostCapability { nested_hv_supported: true, vmotion_supported: true, ..Default::default() };
        assert!(holds_newer(&made, version("5.0")));
        forget_newer(&mut made, version("5.0"));
        assert_eq!((made.nested_hv_supported, made.vmotion_supported), (false, true));
        assert!(!holds_newer(&made, version("5.0")), "once is enough");
    }
}

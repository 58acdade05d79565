//! The properties of one object that a plan wants.

use vim25::{
    Any, DataObject, MoRef, Obj, Ref, Shared, Str, Type,
    types::{DynamicProperty, MissingProperty, ObjectContent},
};

use super::spec::{FilterPlan, Properties};
use crate::rights::Access;

/// One wanted property with its value.
pub(super) struct Found {
    pub name: Str,
    pub value: Any,
}

/// What was read of an object.
#[derive(Default)]
pub(super) struct Content {
    pub found: Vec<Found>,
    pub missing: Vec<Obj<MissingProperty>>,
}

/// The parts of the plan that speak of an object of this type; none if the plan does not report it.
pub(super) fn wanted<'p>(plan: &'p FilterPlan, object: &dyn DataObject) -> Vec<&'p Properties> {
    wanted_of(plan, object.descriptor())
}

/// The same for any object of a type.
pub(super) fn wanted_of<'p>(plan: &'p FilterPlan, kind: &'static Type) -> Vec<&'p Properties> {
    plan.properties.iter().filter(|p| kind.is_a(p.kind)).collect()
}

/// Whether the plan reports objects of a type.
pub(super) fn wants(plan: &FilterPlan, kind: &'static Type) -> bool {
    plan.properties.iter().any(|p| kind.is_a(p.kind))
}

/// Reads what the plan wants of an object; none if it wants nothing of its type.
pub(super) fn read(plan: &FilterPlan, moref: &MoRef, object: &Shared, access: &Access<'_>) -> Option<Content> {
    let wanted = wanted(plan, &**object);
    if wanted.is_empty() {
        return None;
    }
    let mut content = Content::default();
    if wanted.iter().any(|p| p.all) {
        all(plan, &**object, access, &mut content);
    }
    let paths = wanted.iter().filter(|_| !wanted.iter().any(|p| p.all)).flat_map(|p| &p.paths);
    for wanted in paths {
        if content.found.iter().any(|f| f.name == wanted.text) {
            continue;
        }
        let name = &wanted.path.steps()[0].field;
        if !access.allows_named(&**object, name) {
            let field = object.descriptor().field(name).map(|(_, _, field)| field);
            let fault = access.refusal(moref, field).localized();
            let missing = MissingProperty { path: wanted.text.clone(), fault };
            content.missing.push(missing.into());
        } else if let Ok(Some(value)) = wanted.path.read(&**object) {
            content.found.push(Found { name: wanted.text.clone(), value });
        }
    }
    Some(content)
}

/// Every property that has a value and that the client's version of the API has.
fn all(plan: &FilterPlan, object: &dyn DataObject, access: &Access<'_>, out: &mut Content) {
    if let Some(base) = object.base() {
        all(plan, base, access, out);
    }
    for (index, field) in object.descriptor().fields.iter().enumerate() {
        if field.since > plan.version || !access.allows(field) {
            continue;
        }
        match object.get(index) {
            Ref::Unset => {}
            value => {
                let name = Str::new_static(field.name);
                out.found.extend(value.to_any(field.kind).map(|value| Found { name, value }));
            }
        }
    }
}

/// The object as retrieval returns it.
pub(super) fn object_content(moref: MoRef, content: Content) -> Obj<ObjectContent> {
    let properties = content.found.into_iter().map(|f| DynamicProperty { name: f.name, val: f.value }.into());
    ObjectContent {
        obj: moref,
        prop_set: Some(properties.collect::<Vec<_>>()).filter(|p| !p.is_empty()),
        missing_set: Some(content.missing).filter(|m| !m.is_empty()),
    }
    .into()
}

//! Pieces, joined, are the whole.

use super::*;
use crate::{
    ApiVersion, DataType, Method, MethodInfo, MoRef, Obj, all_managed, all_types, args, json, soap,
    testing::{Generator, Shape, arbitrary_object},
    types::*,
};

const SIZES: [usize; 4] = [1, 100, 4096, usize::MAX];

/// Everything that the writer gives, `enough` bytes at a time, and how many pieces that were.
fn joined(enough: usize, mut write: impl FnMut(&mut Vec<u8>, usize) -> bool) -> (String, usize) {
    let (mut whole, mut pieces) = (Vec::new(), 0);
    loop {
        let mut piece = Vec::new();
        let more = write(&mut piece, enough);
        whole.extend_from_slice(&piece);
        pieces += 1;
        if !more {
            let mut rest = Vec::new();
            assert!(!write(&mut rest, enough) && rest.is_empty(), "nothing comes behind the end");
            return (String::from_utf8(whole).unwrap(), pieces);
        }
        assert!(!piece.is_empty(), "a piece has something in it, or the reply would never end");
    }
}

fn check(method: &'static MethodInfo, value: impl Fn() -> Any, version: &str) -> usize {
    let version = ApiVersion::parse(version).unwrap();
    let place = Field { ..method.result };
    let outcome = value();
    let xml = String::from_utf8(soap::response(method, outcome.read(), version)).unwrap();
    let mut text = Vec::new();
    json::encode_result(&mut text, &place, outcome.read(), version);
    let text = String::from_utf8(text).unwrap();
    let mut most = 0;
    for enough in SIZES {
        let mut pieces = soap::Pieces::new(method, Source::value(value()), version);
        let (whole, count) = joined(enough, |out, enough| pieces.write(out, enough));
        assert!(whole == xml, "{}: {whole}\n{xml}", method.name);
        let mut pieces = json::Pieces::new(Field { ..method.result }, Source::value(value()), version);
        let (whole, _) = joined(enough, |out, enough| pieces.write(out, enough));
        assert!(whole == text, "{}: {whole}\n{text}", method.name);
        most = most.max(count);
    }
    most
}

fn references(count: usize) -> Any {
    let items = (0..count).map(|n| MoRef::new("VirtualMachine", format!("vm-{n}")).into()).collect();
    Any::List(AnyList { item: Kind::MoRef("VirtualMachine"), items })
}

fn property(name: &str, val: Any) -> Obj<DynamicProperty> {
    DynamicProperty { name: name.into(), val }.into()
}

fn content(id: usize, properties: Vec<Obj<DynamicProperty>>) -> Obj<ObjectContent> {
    let obj = MoRef::new("VirtualMachine", format!("vm-{id}"));
    ObjectContent { obj, prop_set: Some(properties), missing_set: None }.into()
}

fn many(count: usize) -> Vec<Obj<ObjectContent>> {
    (0..count).map(|id| content(id, vec![property("name", format!("<{id}>").into())])).collect()
}

#[test]
fn a_random_result_of_every_method_is_the_same_in_pieces() {
    for (seed, method) in all_managed().iter().flat_map(|t| t.methods).enumerate() {
        let field = Field { ..method.result };
        if method.task || field.kind == Kind::Void {
            continue;
        }
        for version in ["8.0.3.0", "6.0"] {
            check(
                method,
                || {
                    let mut random = Generator::new(seed as u64, Shape::FULL);
                    let count = if field.list { 3 } else { 1 };
                    let mut items: Vec<Any> = (0..count).filter_map(|_| random.value(field.kind)).collect();
                    match field.list {
                        true => Any::List(AnyList { item: field.kind, items }),
                        false => items.pop().unwrap_or(Any::Bool(true)),
                    }
                },
                version,
            );
        }
    }
}

#[test]
fn long_lists_are_cut_wherever_they_stand() {
    let few = || content(7, vec![property("name", "x".into()), property("view", references(1000))]);
    let boxed = |objects: Vec<Obj<ObjectContent>>| Any::object(RetrieveResult { token: Some("3".into()), objects });
    let ex = args::RetrievePropertiesEx::METHOD;
    for count in [
        check(ex, || boxed(many(1000)), "8.0.3.0"),
        check(ex, || boxed(vec![few(), few()]), "8.0.3.0"),
        check(ex, || boxed(vec![few()]), "5.5"),
        check(args::RetrieveProperties::METHOD, || list(many(1000)), "8.0.3.0"),
        check(args::RetrieveProperties::METHOD, || list(vec![few()]), "8.0.3.0"),
        check(args::WaitForUpdatesEx::METHOD, || updates(1000, few()), "8.0.3.0"),
        check(args::WaitForUpdatesEx::METHOD, || updates(1, few()), "8.0.3.0"),
    ] {
        assert!(count > 1000, "{count} pieces");
    }
}

fn list(items: Vec<Obj<ObjectContent>>) -> Any {
    let items = items.into_iter().map(|c| Any::Object(c.shared().clone())).collect();
    Any::List(AnyList { item: Kind::Object(ObjectContent::TYPE), items })
}

fn updates(count: usize, content: Obj<ObjectContent>) -> Any {
    let changes = content.prop_set.iter().flatten().map(|p| {
        let op = PropertyChangeOp::Assign;
        PropertyChange { name: p.name.clone(), op, val: Some(p.val.clone()) }.into()
    });
    let change_set = Some(changes.collect::<Vec<_>>());
    let update = || ObjectUpdate {
        kind: ObjectUpdateKind::Enter,
        obj: content.obj.clone(),
        change_set: change_set.clone(),
        missing_set: None,
    };
    let objects = (0..count).map(|_| update().into()).collect();
    let filter = PropertyFilterUpdate::with(|f| f.object_set = Some(objects));
    Any::object(UpdateSet { version: "1".into(), filter_set: Some(vec![filter.into()]), truncated: Some(false) })
}

#[test]
fn a_fault_in_a_large_value_keeps_its_form() {
    let missing = || {
        let fault = LocalizedMethodFault::with(|l| l.localized_message = Some("gone".into()));
        MissingProperty { path: "name".into(), fault: fault.into() }.into()
    };
    let content = || {
        let mut content = (*content(1, vec![property("vm", references(300))])).clone();
        content.missing_set = Some((0..300).map(|_| missing()).collect());
        Obj::from(content)
    };
    assert!(check(args::RetrieveProperties::METHOD, || list(vec![content()]), "8.0.3.0") > 600);
}

#[test]
fn objects_that_are_made_while_they_are_written_look_like_those_that_are_there() {
    let version = ApiVersion::newest();
    let made = |frame: Option<(Shared, &'static str)>, count: usize| {
        let items = many(count).into_iter().map(|c| c.shared().clone());
        Source::Objects(Objects { frame, items: Box::new(items) })
    };
    for count in [0, 1, 3] {
        let frame = |objects| RetrieveResult { token: Some("9".into()), objects };
        let whole = Any::object(frame(many(count)));
        let method = args::RetrievePropertiesEx::METHOD;
        let source = || made(Some((Arc::new(frame(vec![])), "objects")), count);
        let mut pieces = soap::Pieces::new(method, source(), version);
        let (text, _) = joined(1, |out, enough| pieces.write(out, enough));
        assert_eq!(text.as_bytes(), soap::response(method, whole.read(), version));
        let mut pieces = json::Pieces::new(Field { ..method.result }, source(), version);
        let (text, _) = joined(1, |out, enough| pieces.write(out, enough));
        let mut expected = Vec::new();
        json::encode_result(&mut expected, &method.result, whole.read(), version);
        assert_eq!(text.as_bytes(), expected);

        let method = args::RetrieveProperties::METHOD;
        let mut pieces = soap::Pieces::new(method, made(None, count), version);
        let (text, _) = joined(1, |out, enough| pieces.write(out, enough));
        assert_eq!(text.as_bytes(), soap::response(method, list(many(count)).read(), version));
    }
}

#[test]
fn what_several_objects_share_looks_the_same_wherever_it_stands() {
    let grouped = |ty: &'static Type| ty.lineage().any(|level| !level.common.is_empty());
    for (seed, ty) in all_types().iter().enumerate().filter(|(seed, ty)| seed % 16 == 0 || grouped(ty)) {
        let shared = arbitrary_object(ty, seed as u64, Shape::FULL);
        // A copy is an object of its own, which shares the groups.
        let objects = || [shared.clone(), shared.clone(), shared.clone_shared(), shared.clone_shared()];
        let items = || Any::List(AnyList { item: Kind::Object(ty), items: objects().map(Any::Object).into() });
        let value = || {
            let single = objects().map(|object| property("one", Any::Object(object)));
            let all = [property("all", items()), property("again", items())];
            list(vec![content(1, single.into_iter().chain(all).collect())])
        };
        for version in ["8.0.3.0", "6.0", "8.0.3.0"] {
            check(args::RetrieveProperties::METHOD, value, version);
        }
    }
}

#[test]
fn what_was_shared_and_is_changed_is_written_anew() {
    let mut disk = VirtualDisk::default();
    disk.base.common = VirtualDeviceCommon { unit_number: Some(1), ..Default::default() }.into();
    let mut changed = disk.clone();
    for unit in 2..20 {
        changed.base.common.unit_number = Some(unit);
        let (disk, changed) = (Obj::from(disk.clone()), Obj::from(changed.clone()));
        let property = |disk: &Obj<VirtualDisk>| property("disk", Any::Object(disk.shared().clone()));
        let value = || list(vec![content(1, vec![property(&disk), property(&changed), property(&disk)])]);
        check(args::RetrieveProperties::METHOD, value, "8.0.3.0");
    }
}

//! Writes the generated Rust.

use std::fmt::Write;

use crate::{
    common,
    names::{snake, type_name, variant},
    schema::{Data, EMPTY_ROOTS, Enum, Kind, Managed, Member, Method, Schema},
};

/// The generated files: name and text.
pub fn files(schema: &Schema) -> Vec<(String, String)> {
    let mut types = String::from("use crate::{*, types as t};\n");
    let data: Vec<&Data> = schema.data.values().collect();
    for item in &data {
        struct_of(&mut types, schema, item, "Data", &[]);
    }
    for item in schema.enums.values() {
        enum_of(&mut types, item);
    }
    index(&mut types, "TYPES", "Type", data.iter().map(|d| d.name.as_str()));
    index(&mut types, "ENUMS", "EnumType", schema.enums.keys().map(String::as_str));

    let mut mo = String::from("use crate::{*, types as t};\n");
    let mut args = String::from("use crate::{*, types as t};\n");
    for item in schema.managed.values() {
        managed(&mut mo, &mut args, schema, item);
    }
    index(&mut mo, "TYPES", "Type", schema.managed.keys().map(String::as_str));
    let named = |n: &str, text: String| (n.to_string(), text);
    vec![named("types.rs", types), named("mo.rs", mo), named("args.rs", args), named("versions.rs", versions(schema))]
}

fn versions(schema: &Schema) -> String {
    let mut out = String::from("static VERSIONS: &[(&str, &str)] = &[\n");
    for version in &schema.versions {
        writeln!(out, "    ({:?}, {:?}),", version.id, version.label).unwrap();
    }
    out + "];\n"
}

fn index<'a>(out: &mut String, name: &str, kind: &str, items: impl Iterator<Item = &'a str>) {
    write!(out, "pub(crate) static {name}: &[&{kind}] = &[").unwrap();
    for item in items {
        write!(out, "&D_{item}, ").unwrap();
    }
    out.push_str("];\n");
}

fn managed(mo: &mut String, args: &mut String, schema: &Schema, item: &Managed) {
    struct_of(mo, schema, &item.data, "Managed", &item.methods);
    for method in &item.methods {
        arguments(args, schema, &item.data, method);
    }
}

fn arguments(out: &mut String, schema: &Schema, owner: &Data, method: &Method) {
    let data = Data {
        name: method.name.clone(),
        dotted: format!("{}.{}", owner.dotted, method.dotted),
        base: None,
        since: method.result.since,
        service: owner.service,
        members: vec![],
        fault: false,
    };
    let data = Data { members: method.params.iter().map(copy).collect(), ..data };
    struct_of(out, schema, &data, "Arguments", &[]);
    let name = type_name(&method.name);
    let output = match (method.task, &method.result.kind) {
        (true, _) => "MoRef".to_string(),
        (false, Kind::Void) => "()".to_string(),
        (false, _) => rust_type(&method.result),
    };
    writeln!(
        out,
        "impl Method for {name} {{ type Output = {output}; const METHOD: &'static MethodInfo = &M_{wire}; }}",
        wire = method.name
    )
    .unwrap();
    let faults: Vec<String> = method.faults.iter().map(|f| format!("{f:?}")).collect();
    writeln!(
        out,
        "pub(crate) static M_{wire}: MethodInfo = MethodInfo {{ name: {wire:?}, dotted: {:?}, owner: {:?}, task: {}, \
         result: {}, params: &D_{wire}, privilege: {:?}, faults: &[{}], since: {} }};",
        method.dotted,
        owner.name,
        method.task,
        field(&method.result),
        method.result.privilege,
        faults.join(", "),
        since(method.result.since),
        wire = method.name,
    )
    .unwrap();
}

fn copy(m: &Member) -> Member {
    Member { name: m.name.clone(), kind: m.kind.clone(), privilege: m.privilege.clone(), ..*m }
}

fn struct_of(out: &mut String, schema: &Schema, data: &Data, api: &str, methods: &[Method]) {
    let name = type_name(&data.name);
    let base = data.base.as_deref().map(type_name);
    let common = common::of(data).unwrap_or_default();
    let own = data.members.iter().enumerate().filter(|(i, _)| !common.get(*i).is_some_and(|c| *c)).map(|(_, m)| m);
    writeln!(out, "/// `{}`", data.dotted).unwrap();
    writeln!(out, "#[derive(Clone, Default)]\npub struct {name} {{").unwrap();
    if let Some(base) = &base {
        writeln!(out, "    /// What it inherits.\n    pub base: {base},").unwrap();
    }
    own.for_each(|member| struct_field(out, member, api));
    if !common.is_empty() {
        writeln!(out, "    /// What it has in common with others.\n    pub common: Common<{name}Common>,").unwrap();
    }
    out.push_str("}\n");
    if !common.is_empty() {
        group(out, data, api, &common);
    }
    descriptor(out, data, api, methods, &common);
    data_object(out, data, &name, base.is_some(), &common);
    traits(out, schema, data, &name, base.as_deref());
}

fn struct_field(out: &mut String, member: &Member, api: &str) {
    writeln!(out, "    /// `{}`\n    pub {}: {},", member.name, snake(&member.name), field_type(member, api)).unwrap();
}

/// The fields that objects have in common. A type without a base shows them as its own.
fn group(out: &mut String, data: &Data, api: &str, common: &[bool]) {
    let name = type_name(&data.name);
    writeln!(out, "/// What objects of type `{}` mostly have in common.", data.dotted).unwrap();
    writeln!(out, "#[derive(Clone, Default, PartialEq, Debug)]\npub struct {name}Common {{").unwrap();
    data.members.iter().zip(common).filter(|(_, c)| **c).for_each(|(member, _)| struct_field(out, member, api));
    writeln!(
        out,
        "}}\nimpl Group for {name}Common {{ fn blank() -> &'static Self {{ \
         static BLANK: std::sync::LazyLock<{name}Common> = std::sync::LazyLock::new(Default::default); &BLANK }} }}"
    )
    .unwrap();
    if data.base.is_none() {
        deref(out, &name, &format!("{name}Common"), "common");
    }
}

fn deref(out: &mut String, name: &str, target: &str, field: &str) {
    writeln!(
        out,
        "impl std::ops::Deref for {name} {{ type Target = {target}; fn deref(&self) -> &{target} {{ &self.{field} }} }}\n\
         impl std::ops::DerefMut for {name} {{ fn deref_mut(&mut self) -> &mut {target} {{ &mut self.{field} }} }}"
    )
    .unwrap();
}

fn descriptor(out: &mut String, data: &Data, api: &str, methods: &[Method], common: &[bool]) {
    let fields: Vec<String> = data.members.iter().map(field).collect();
    let methods: Vec<String> = methods.iter().map(|m| format!("&crate::args::M_{}", m.name)).collect();
    let service = match data.service {
        "vsan" => "Vsan",
        "reflect" => "Reflect",
        _ => "Vim25",
    };
    let base = data.base.as_ref().map_or("None".to_string(), |b| format!("Some(&D_{b})"));
    writeln!(
        out,
        "pub(crate) static D_{wire}: Type = Type {{ name: {wire:?}, dotted: {:?}, base: {base}, service: Service::{service}, \
         since: {}, api: Api::{api}, fault: {}, fields: &[{}], common: &{:?}, methods: &[{}], new: || std::sync::Arc::new({}::default()) }};",
        data.dotted,
        since(data.since),
        data.fault,
        fields.join(", "),
        common::runs(common),
        methods.join(", "),
        type_name(&data.name),
        wire = data.name,
    )
    .unwrap();
}

fn data_object(out: &mut String, data: &Data, name: &str, has_base: bool, common: &[bool]) {
    let (base, base_mut) = if has_base { ("Some(&self.base)", "Some(&mut self.base)") } else { ("None", "None") };
    let (level, level_mut) =
        if has_base { ("self.base.level(of)", "self.base.level_mut(of)") } else { ("None", "None") };
    let own = format!("std::ptr::eq(of, &D_{})", data.name);
    let mut get = String::new();
    let mut slot = String::new();
    for (i, member) in data.members.iter().enumerate() {
        let place = if common.get(i).is_some_and(|c| *c) { "common." } else { "" };
        let field = format!("{place}{}", snake(&member.name));
        write!(get, "{i} => self.{field}.read(), ").unwrap();
        write!(slot, "{i} => Some(&mut self.{field}), ").unwrap();
    }
    if data.members.is_empty() {
        get = "_ => Ref::Unset".into();
        slot = "_ => None".into();
    } else {
        get.push_str("_ => Ref::Unset");
        slot.push_str("_ => None");
    }
    let held = match common {
        [] => "",
        _ => "\n    fn common(&self) -> Option<&dyn Held> { self.common.held() }",
    };
    // `level` calls that of the base: with those of all bases in it, thousands of types would take half a MiB more.
    writeln!(
        out,
        "impl DataObject for {name} {{\n    fn descriptor(&self) -> &'static Type {{ &D_{} }}\n    \
         fn base(&self) -> Option<&dyn DataObject> {{ {base} }}\n    \
         fn base_mut(&mut self) -> Option<&mut dyn DataObject> {{ {base_mut} }}\n    \
         #[inline(never)]\n    fn level(&self, of: &'static Type) -> Option<&dyn std::any::Any> {{ if {own} {{ Some(self) }} \
         else {{ {level} }} }}\n    \
         #[inline(never)]\n    fn level_mut(&mut self, of: &'static Type) -> Option<&mut dyn std::any::Any> {{ if {own} {{ Some(self) }} \
         else {{ {level_mut} }} }}\n    \
         fn get(&self, index: usize) -> Ref<'_> {{ match index {{ {get} }} }}\n    \
         fn slot(&mut self, index: usize) -> Option<&mut dyn Slot> {{ match index {{ {slot} }} }}\n    \
         fn clone_shared(&self) -> Shared {{ std::sync::Arc::new(self.clone()) }}{held}\n}}",
        data.name
    )
    .unwrap();
}

fn traits(out: &mut String, schema: &Schema, data: &Data, name: &str, base: Option<&str>) {
    writeln!(out, "impl DataType for {name} {{ const TYPE: &'static Type = &D_{}; }}", data.name).unwrap();
    writeln!(out, "impl PartialEq for {name} {{ fn eq(&self, other: &Self) -> bool {{ equal(self, other) }} }}")
        .unwrap();
    writeln!(
        out,
        "impl std::fmt::Debug for {name} {{ fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result \
         {{ (self as &dyn DataObject).fmt(f) }} }}"
    )
    .unwrap();
    if let Some(base) = base {
        deref(out, name, base, "base");
    }
    for ancestor in schema.bases(data) {
        writeln!(out, "impl Extends<{}> for {name} {{}}", type_name(&ancestor.name)).unwrap();
    }
}

/// The type of a field. What objects hold has lists of references that clones share; arguments come and go.
fn field_type(member: &Member, api: &str) -> String {
    let plain = rust_type(member);
    if api == "Arguments" { plain } else { plain.replace("Vec<MoRef>", "MoRefs") }
}

fn rust_type(member: &Member) -> String {
    let scalar = match &member.kind {
        Kind::Void => "()".to_string(),
        Kind::Builtin(name) => match *name {
            "Bool" => "bool",
            "Byte" => "i8",
            "Short" => "i16",
            "Int" => "i32",
            "Long" => "i64",
            "Float" => "f32",
            "Double" => "f64",
            "Uri" => "Str",
            same => same,
        }
        .to_string(),
        Kind::MoRef(_) => "MoRef".into(),
        Kind::Enum(name) => format!("t::{}", type_name(name)),
        Kind::Object(name) => format!("Obj<t::{}>", type_name(name)),
    };
    let inner = if member.list { format!("Vec<{scalar}>") } else { scalar };
    if member.optional { format!("Option<{inner}>") } else { inner }
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Void => "Kind::Void".into(),
        Kind::Builtin(name) => format!("Kind::{name}"),
        Kind::MoRef(target) => format!("Kind::MoRef({target:?})"),
        Kind::Enum(name) => format!("Kind::Enum(&t::D_{name})"),
        Kind::Object(name) => {
            assert!(!EMPTY_ROOTS.contains(&name.as_str()), "a root holds nothing");
            format!("Kind::Object(&t::D_{name})")
        }
    }
}

fn field(m: &Member) -> String {
    format!(
        "Field {{ name: {:?}, kind: {}, list: {}, optional: {}, since: {}, privilege: {:?}, secret: {} }}",
        m.name,
        kind(&m.kind),
        m.list,
        m.optional,
        since(m.since),
        m.privilege,
        m.secret
    )
}

fn since(rank: u16) -> String {
    format!("ApiVersion::ranked({rank})")
}

fn enum_of(out: &mut String, item: &Enum) {
    let name = type_name(&item.name);
    writeln!(out, "/// `{}`\n#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]\npub enum {name} {{", item.dotted)
        .unwrap();
    for (i, value) in item.values.iter().enumerate() {
        let first = if i == 0 { "#[default] " } else { "" };
        writeln!(out, "    /// `{value}`\n    {first}{},", variant(value)).unwrap();
    }
    out.push_str("    /// A value that the schema does not know.\n    Other_(Str),\n}\n");
    let mut to = String::new();
    let mut from = String::new();
    for value in &item.values {
        write!(to, "{name}::{} => {value:?}, ", variant(value)).unwrap();
        write!(from, "{value:?} => {name}::{}, ", variant(value)).unwrap();
    }
    let values: Vec<String> = item.values.iter().map(|v| format!("{v:?}")).collect();
    writeln!(
        out,
        "pub(crate) static D_{wire}: EnumType = EnumType {{ name: {wire:?}, dotted: {:?}, since: {}, values: &[{}] }};\n\
         impl EnumValue for {name} {{\n    const TYPE: &'static EnumType = &D_{wire};\n    \
         fn as_str(&self) -> &str {{ match self {{ {to}{name}::Other_(text) => text }} }}\n    \
         fn from_wire(text: Str) -> Self {{ match text.as_str() {{ {from}_ => {name}::Other_(text) }} }}\n}}\n\
         impl Scalar for {name} {{\n    fn to_ref(&self) -> Ref<'_> {{ Ref::Enum(&D_{wire}, self.as_str()) }}\n    \
         fn from_any(value: Any) -> Result<Self, Any> {{ match value {{ Any::Enum(t, text) if std::ptr::eq(t, &D_{wire}) \
         => Ok(Self::from_wire(text)), other => Err(other) }} }}\n}}\n\
         impl From<{name}> for Str {{ fn from(value: {name}) -> Str {{ value.as_str().into() }} }}",
        item.dotted,
        since(item.since),
        values.join(", "),
        wire = item.name,
    )
    .unwrap();
}

//! Static facts about types: what generic code knows of a value.

use std::ops::Range;

use crate::{DataType, Shared, Slot, Value, version::ApiVersion};

/// The service (XML namespace) in which a type is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// `urn:vim25`
    Vim25,
    /// `urn:vsan`
    Vsan,
    /// `urn:reflect`
    Reflect,
}

impl Service {
    /// The XML namespace, for example `urn:vim25`.
    pub fn namespace(self) -> &'static str {
        match self {
            Service::Vim25 => "urn:vim25",
            Service::Vsan => "urn:vsan",
            Service::Reflect => "urn:reflect",
        }
    }
}

/// What kind of thing a type describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// A data object, passed by value.
    Data,
    /// A managed object, passed by reference; its fields are its properties.
    Managed,
    /// The arguments of a method.
    Arguments,
}

/// The descriptor of a data type, of the properties of a managed object, or of a method's arguments.
#[derive(Debug)]
pub struct Type {
    /// Name on the wire, for example `VirtualMachineConfigInfo`.
    pub name: &'static str,
    /// Dotted name, for example `vim.vm.ConfigInfo`.
    pub dotted: &'static str,
    /// The base type; none where the base carries nothing (`DynamicData`, `ManagedObject`).
    pub base: Option<&'static Type>,
    /// Service that defines it.
    pub service: Service,
    /// First version that has it.
    pub since: ApiVersion,
    /// Data, managed object or arguments.
    pub api: Api,
    /// Whether it extends `MethodFault`.
    pub fault: bool,
    /// Own fields in wire order; those of the base come first on the wire.
    pub fields: &'static [Field],
    /// Which own fields stand in a group that objects share ([`Common`](crate::Common)): runs of numbers, in order.
    pub common: &'static [Range<usize>],
    /// Own methods of a managed object.
    pub methods: &'static [&'static MethodInfo],
    /// Makes a value with every field unset or at its default.
    pub new: fn() -> Shared,
}

impl Type {
    /// The type and its bases, nearest first.
    pub fn lineage(&'static self) -> impl Iterator<Item = &'static Type> {
        std::iter::successors(Some(self), |t| t.base)
    }

    /// Whether a value of this type may stand where `other` is asked for.
    #[inline]
    pub fn is_a(&'static self, other: &Type) -> bool {
        let mut at = Some(self);
        while let Some(own) = at {
            if std::ptr::eq(own, other) {
                return true;
            }
            at = own.base;
        }
        false
    }

    /// Every field, those of the furthest base first: the order of the wire.
    pub fn all_fields(&'static self) -> Vec<&'static Field> {
        let mut levels: Vec<&'static Type> = self.lineage().collect();
        levels.reverse();
        levels.into_iter().flat_map(|t| t.fields).collect()
    }

    /// Finds a field by wire name: how many bases up it stands, its index there, and the field.
    pub fn field(&'static self, name: &str) -> Option<(usize, usize, &'static Field)> {
        self.lineage()
            .enumerate()
            .find_map(|(up, t)| t.fields.iter().position(|f| f.name == name).map(|i| (up, i, &t.fields[i])))
    }

    /// Finds a method of a managed object by wire name, own or inherited.
    pub fn method(&'static self, name: &str) -> Option<&'static MethodInfo> {
        self.lineage().find_map(|t| t.methods.iter().copied().find(|m| m.name == name))
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Type) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Type {}

/// One field of a data type, property of a managed object, or parameter of a method.
#[derive(Debug)]
pub struct Field {
    /// Name on the wire.
    pub name: &'static str,
    /// What it holds (of a list: what each item holds).
    pub kind: Kind,
    /// Whether it holds a list.
    pub list: bool,
    /// Whether it may be unset.
    pub optional: bool,
    /// First version that has it.
    pub since: ApiVersion,
    /// Privilege that guards it, where the API names one.
    pub privilege: Option<&'static str>,
    /// Never to be logged.
    pub secret: bool,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Nothing: the result of a method without one.
    Void,
    /// `xsd:boolean`
    Bool,
    /// `xsd:byte`
    Byte,
    /// `xsd:short`
    Short,
    /// `xsd:int`
    Int,
    /// `xsd:long`
    Long,
    /// `xsd:float`
    Float,
    /// `xsd:double`
    Double,
    /// `xsd:string`; also type names, method names and property paths.
    Str,
    /// `xsd:anyURI`
    Uri,
    /// `xsd:dateTime`
    DateTime,
    /// `xsd:base64Binary`
    Binary,
    /// `xsd:anyType`
    Any,
    /// A reference to a managed object of the named type or a subtype.
    MoRef(&'static str),
    /// An enum.
    Enum(&'static EnumType),
    /// A data object of this type or a subtype.
    Object(&'static Type),
}

impl PartialEq for Kind {
    fn eq(&self, other: &Kind) -> bool {
        match (self, other) {
            (Kind::MoRef(a), Kind::MoRef(b)) => a == b,
            (Kind::Enum(a), Kind::Enum(b)) => std::ptr::eq(*a, *b),
            (Kind::Object(a), Kind::Object(b)) => std::ptr::eq(*a, *b),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl Kind {
    /// The type's name on the wire: `string`, `int`, `ManagedObjectReference`, `VirtualDevice`, ….
    pub fn wire_name(self) -> &'static str {
        match self {
            Kind::Void => "void",
            Kind::Bool => "boolean",
            Kind::Byte => "byte",
            Kind::Short => "short",
            Kind::Int => "int",
            Kind::Long => "long",
            Kind::Float => "float",
            Kind::Double => "double",
            Kind::Str => "string",
            Kind::Uri => "anyURI",
            Kind::DateTime => "dateTime",
            Kind::Binary => "base64Binary",
            Kind::Any => "anyType",
            Kind::MoRef(_) => "ManagedObjectReference",
            Kind::Enum(e) => e.name,
            Kind::Object(t) => t.name,
        }
    }

    /// Whether the wire name is one of XML Schema's own (`xsd:` in front of it).
    pub fn is_xsd(self) -> bool {
        !matches!(self, Kind::MoRef(_) | Kind::Enum(_) | Kind::Object(_))
    }
}

/// The descriptor of an enum.
#[derive(Debug)]
pub struct EnumType {
    /// Name on the wire.
    pub name: &'static str,
    /// Dotted name.
    pub dotted: &'static str,
    /// First version that has it.
    pub since: ApiVersion,
    /// Values in the order of the schema.
    pub values: &'static [&'static str],
}

/// The descriptor of a method.
#[derive(Debug)]
pub struct MethodInfo {
    /// Name on the wire, for example `CreateVM_Task`. Unique over all types.
    pub name: &'static str,
    /// Name in the type, for example `createVm`.
    pub dotted: &'static str,
    /// Wire name of the managed object type that declares it.
    pub owner: &'static str,
    /// Whether it returns a `Task`; `result` is then what the task yields.
    pub task: bool,
    /// What it returns.
    pub result: Field,
    /// Its parameters, as the fields of its argument type.
    pub params: &'static Type,
    /// Privilege on the receiver, where the API names one.
    pub privilege: Option<&'static str>,
    /// Faults that it declares.
    pub faults: &'static [&'static str],
    /// First version that has it.
    pub since: ApiVersion,
}

/// The arguments of one method, with what the method returns.
pub trait Method: DataType {
    /// What a call returns (a reference to the task for a method that makes one).
    type Output: Value + Slot + Default + Send;
    /// The method's descriptor.
    const METHOD: &'static MethodInfo;
}

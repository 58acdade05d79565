//! Properties of one object as a server sent them: by path, or as a typed object.

use std::{collections::BTreeMap, fmt, ops::Deref};

use vim25::{
    Any, DataObject, DataType, Kind, MoRef, Obj, Ref, Str,
    path::{Path, PathError},
    types::{LocalizedMethodFault, ObjectContent},
};

/// Properties of one object, by the paths that were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Properties {
    /// The object.
    pub object: MoRef,
    /// What could not be read, mostly for lack of a privilege.
    pub missing: Vec<Missing>,
    values: BTreeMap<Str, Any>,
}

/// A property that could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// The property.
    pub path: Str,
    /// Why.
    pub fault: Obj<LocalizedMethodFault>,
}

impl Properties {
    pub(crate) fn new(object: MoRef) -> Properties {
        Properties { object, missing: Vec::new(), values: BTreeMap::new() }
    }

    /// Properties that nobody sent, for tests of what reads them.
    pub fn made<'p>(object: MoRef, values: impl IntoIterator<Item = (&'p str, Any)>) -> Properties {
        let values = values.into_iter().map(|(path, value)| (path.into(), value)).collect();
        Properties { object, missing: Vec::new(), values }
    }

    pub(crate) fn of(content: &ObjectContent) -> Properties {
        let values = content.prop_set.iter().flatten().map(|p| (p.name.clone(), p.val.clone())).collect();
        let missing = content.missing_set.iter().flatten();
        let missing = missing.map(|m| Missing { path: m.path.clone(), fault: m.fault.clone() }).collect();
        Properties { object: content.obj.clone(), missing, values }
    }

    /// A property; none if it is unset or was not asked for.
    pub fn get(&self, path: &str) -> Option<&Any> {
        self.values.get(path)
    }

    /// A property that is a text or a value of an enum.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.get(path)?.as_str()
    }

    /// A property that is a number.
    pub fn number(&self, path: &str) -> Option<i64> {
        match *self.get(path)? {
            Any::Byte(v) => Some(v.into()),
            Any::Short(v) => Some(v.into()),
            Any::Int(v) => Some(v.into()),
            Any::Long(v) => Some(v),
            _ => None,
        }
    }

    /// A property that is true or false.
    pub fn flag(&self, path: &str) -> Option<bool> {
        match self.get(path)? {
            Any::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A property that is a reference.
    pub fn reference(&self, path: &str) -> Option<&MoRef> {
        match self.get(path)? {
            Any::MoRef(reference) => Some(reference),
            _ => None,
        }
    }

    /// A property that is a data object of type `T`, or a subtype.
    pub fn object<T: DataType>(&self, path: &str) -> Option<&T> {
        self.get(path)?.as_object()
    }

    /// The items of a property that is a list.
    pub fn list(&self, path: &str) -> &[Any] {
        match self.get(path) {
            Some(Any::List(list)) => &list.items,
            _ => &[],
        }
    }

    /// The items of a property that is a list of data objects, those that are of type `T` or a subtype.
    pub fn objects<'a, T: DataType>(&'a self, path: &str) -> impl Iterator<Item = &'a T> + use<'a, T> {
        self.list(path).iter().filter_map(Any::as_object)
    }

    /// Every property that is set, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Any)> {
        self.values.iter()
    }

    /// Sets or unsets a property.
    pub(crate) fn set(&mut self, path: &Str, value: Option<Any>) {
        match value {
            Some(value) => {
                self.values.insert(path.clone(), value);
            }
            None => {
                self.values.remove(path);
            }
        }
    }

    /// The properties in an object of type `T`, for example [`vim25::mo::VirtualMachine`]. What was not asked for is
    /// unset there, or where it cannot be unset, has its default.
    ///
    /// # Errors
    /// If `T` has no place for a property: another type's, or one whose path has a key.
    pub fn typed<T: DataType>(&self) -> Result<Found<T>, PathError> {
        let mut value = T::default();
        for (path, content) in &self.values {
            put(&mut value, &Path::parse(path)?, content.clone())?;
        }
        let set = self.values.keys().cloned().collect();
        Ok(Found { moref: self.object.clone(), missing: self.missing.clone(), set, value })
    }
}

/// A managed object with the properties that were asked for.
///
/// It derefs to its type: `found.name`, `found.runtime.power_state`. What was not asked for is unset, or where it cannot
/// be unset, has its default.
#[derive(Clone)]
pub struct Found<T> {
    /// The object.
    pub moref: MoRef,
    /// What could not be read, mostly for lack of a privilege.
    pub missing: Vec<Missing>,
    /// Paths of the properties that were sent, sorted.
    set: Vec<Str>,
    value: T,
}

impl<T> Found<T> {
    /// Whether the server sent a property that was asked for: where a field cannot be unset, only this tells a value from
    /// a default.
    pub fn has(&self, path: &str) -> bool {
        self.set.binary_search_by(|known| known.as_str().cmp(path)).is_ok()
    }
}

impl<T> Deref for Found<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Found<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.moref, self.value)
    }
}

/// Sets a property of `root`, making the objects on the way.
fn put(root: &mut dyn DataObject, path: &Path, value: Any) -> Result<(), PathError> {
    let unknown = |at: &dyn DataObject| PathError::Unknown {
        type_name: at.descriptor().name.into(),
        path: path.to_string().into(),
    };
    let mut at = root;
    let Some((last, way)) = path.steps().split_last() else { return Ok(()) };
    for step in way {
        let field = at.descriptor().field(&step.field).map(|(_, _, field)| field);
        let Some(field) = field.filter(|field| step.key.is_none() && !field.list) else { return Err(unknown(at)) };
        let unset = matches!(at.field(&step.field), Some(Ref::Unset));
        let wrong = unknown(at);
        let Some(slot) = at.field_mut(&step.field) else { return Err(wrong) };
        if let (true, Kind::Object(ty)) = (unset, field.kind) {
            slot.assign(Any::Object((ty.new)())).map_err(|_| PathError::Mismatch(path.to_string().into()))?;
        }
        at = match slot.object_mut() {
            Some(next) => next,
            None => return Err(wrong),
        };
    }
    let wrong = unknown(at);
    match at.field_mut(&last.field).filter(|_| last.key.is_none()) {
        Some(slot) => slot.assign(value).map_err(|_| PathError::Mismatch(path.to_string().into())),
        None => Err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vim25::{AnyList, EnumValue, List, mo, types};

    fn any_list(item: Kind, list: &dyn List) -> Any {
        let items = (0..list.len()).filter_map(|i| list.at(i).to_any(item)).collect();
        Any::List(AnyList { item, items })
    }

    fn vm() -> Properties {
        let mut vm = Properties::new(MoRef::new("VirtualMachine", "vm-1"));
        vm.set(&"name".into(), Some("web".into()));
        vm.set(&"config.hardware.numCPU".into(), Some(Any::Int(4)));
        let on = Any::Enum(types::VirtualMachinePowerState::TYPE, "poweredOn".into());
        vm.set(&"runtime.powerState".into(), Some(on));
        let nic = types::VirtualVmxnet3::with(|nic| nic.key = 4000);
        let devices: Vec<Obj<types::VirtualDevice>> = vec![nic.into()];
        let devices = any_list(Kind::Object(types::VirtualDevice::TYPE), &devices);
        vm.set(&"config.hardware.device".into(), Some(devices));
        vm
    }

    #[test]
    fn a_typed_object_has_what_was_asked_for() {
        let vm = vm().typed::<mo::VirtualMachine>().unwrap();
        assert_eq!((vm.name.as_str(), vm.moref.id.as_str()), ("web", "vm-1"));
        assert_eq!(vm.runtime.power_state, types::VirtualMachinePowerState::PoweredOn);
        let hardware = &vm.config.as_ref().unwrap().hardware;
        let device = &hardware.device.as_ref().unwrap()[0];
        assert_eq!((hardware.num_cpu, device.key), (4, 4000));
        assert!(device.is::<types::VirtualVmxnet3>());
        assert!(vm.guest.is_none());
        assert!(vm.has("name") && vm.has("runtime.powerState") && !vm.has("runtime.connectionState"));
    }

    #[test]
    fn values_are_read_by_path() {
        let vm = vm();
        assert_eq!((vm.text("name"), vm.text("runtime.powerState")), (Some("web"), Some("poweredOn")));
        assert_eq!((vm.number("config.hardware.numCPU"), vm.number("name")), (Some(4), None));
        assert_eq!(vm.objects::<types::VirtualEthernetCard>("config.hardware.device").count(), 1);
        assert_eq!((vm.get("guest"), vm.list("guest").len()), (None, 0));
    }

    #[test]
    fn another_type_has_no_place_for_them() {
        assert!(vm().typed::<mo::HostSystem>().is_err());
        let mut odd = Properties::new(MoRef::default());
        for path in ["config.hardware.device[4000].key", "config.hardware.device[4000]", "name.more", "a..b"] {
            odd.values = [(path.into(), Any::Int(1))].into();
            assert!(odd.typed::<mo::VirtualMachine>().is_err(), "{path}");
        }
        odd.values = [("name".into(), Any::Int(1))].into();
        assert!(matches!(odd.typed::<mo::VirtualMachine>(), Err(PathError::Mismatch(_))));
    }
}

//! A fault of the API with its text: why something cannot be done, for whoever asked for it.
//!
//! Here are the faults that any method can answer with; [`files`] and [`machine`] add those of datastores and of virtual
//! machines. Faults that one place alone has are made there, with [`Fault::new`].

mod files;
mod machine;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::{
    DataType, DecodeError, Extends, MoRef, Obj, Problem, Shared, Str,
    types::{
        ConcurrentAccess, InvalidArgument, InvalidName, InvalidRequest, InvalidType, LocalizedMethodFault,
        ManagedObjectNotFound, MethodFault, MethodNotFound, NoPermission, NoPermissionEntityPrivileges,
        NotAuthenticated, NotImplemented, NotSupported, SystemError,
    },
};

/// A fault of the API with its text for the client.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// The fault object.
    pub fault: Obj<MethodFault>,
    /// What went wrong and what to do about it, for a person.
    pub message: String,
}

impl Fault {
    /// A fault of any type.
    pub fn new(fault: impl Extends<MethodFault>, message: impl Into<String>) -> Fault {
        Fault { fault: fault.into(), message: message.into() }
    }

    /// The wire name of the fault's type.
    pub fn name(&self) -> &'static str {
        self.fault.shared().descriptor().name
    }

    /// The fault as a value: in `TaskInfo.error`, `MissingProperty.fault` and the like.
    pub fn localized(&self) -> Obj<LocalizedMethodFault> {
        LocalizedMethodFault { fault: self.fault.clone(), localized_message: Some(self.message.as_str().into()) }.into()
    }

    /// `ManagedObjectNotFound`: the reference names no object, or none that this caller can see.
    pub fn object_not_found(obj: &MoRef) -> Fault {
        let message = format!("The object '{obj}' has already been deleted or has not been completely created");
        Fault::new(ManagedObjectNotFound { obj: obj.clone(), ..Default::default() }, message)
    }

    /// `MethodNotFound`: the receiver has no such method (or not in the client's version of the API).
    pub fn method_not_found(receiver: &MoRef, method: &str) -> Fault {
        let message =
            format!("The method '{method}' is not defined on type '{}' (receiver '{}')", receiver.kind, receiver.id);
        Fault::new(MethodNotFound { receiver: receiver.clone(), method: method.into(), ..Default::default() }, message)
    }

    /// `NotImplemented`: the API has the method; this server does not do it yet.
    pub fn not_implemented(receiver: &MoRef, method: &str) -> Fault {
        let message =
            format!("'{method}' of {} is not implemented by this server (receiver '{}')", receiver.kind, receiver.id);
        Fault::new(NotImplemented::default(), message)
    }

    /// `NotSupported`: the operation does not apply to this object.
    pub fn not_supported(message: impl Into<String>) -> Fault {
        Fault::new(NotSupported::default(), message)
    }

    /// `InvalidArgument`: an argument, named by its property path, cannot be used.
    pub fn invalid_argument(property: impl Into<Str>, why: impl fmt::Display) -> Fault {
        let property = property.into();
        let message = format!("A specified parameter was not correct: {property}: {why}");
        Fault::new(InvalidArgument { invalid_property: Some(property), ..Default::default() }, message)
    }

    /// `InvalidName`: nothing can be called so.
    pub fn invalid_name(name: &str, why: impl fmt::Display) -> Fault {
        let message = format!("The name '{name}' is invalid: {why}");
        Fault::new(InvalidName { name: name.into(), ..Default::default() }, message)
    }

    /// `InvalidRequest`: the request cannot be read.
    pub fn invalid_request(message: impl Into<String>) -> Fault {
        Fault::new(InvalidRequest::default(), message)
    }

    /// `InvalidType`: the request names a type that does not exist or does not fit.
    pub fn invalid_type(argument: impl Into<Str>, message: impl Into<String>) -> Fault {
        let argument = Some(argument.into()).filter(|a: &Str| !a.is_empty());
        Fault::new(InvalidType { argument, ..Default::default() }, message)
    }

    /// `ConcurrentAccess`: the caller saw an older version of the configuration.
    pub fn concurrent_access() -> Fault {
        Fault::new(ConcurrentAccess::default(), "The object has been changed since it was read; read it and try again.")
    }

    /// `NotAuthenticated`: the caller has to log in first.
    pub fn not_authenticated(object: &MoRef, privilege: &str) -> Fault {
        let fault = NotAuthenticated::with(|f| {
            f.object = Some(object.clone());
            f.privilege_id = Some(privilege.into());
        });
        Fault::new(fault, "The session is not authenticated.")
    }

    /// `NoPermission`: the caller lacks privileges, each on an object. The first one is named as the reason.
    ///
    /// # Panics
    /// If none is missing.
    pub fn no_permission(missing: &[(MoRef, &str)]) -> Fault {
        let (object, privilege) = missing.first().expect("a privilege is missing");
        let mut lists: Vec<Obj<NoPermissionEntityPrivileges>> = Vec::new();
        for (entity, privilege) in missing {
            match lists.iter_mut().find(|list| list.entity == *entity) {
                Some(list) => list.privilege_ids.get_or_insert_default().push((*privilege).into()),
                None => {
                    let privilege_ids = Some(vec![(*privilege).into()]);
                    lists.push(NoPermissionEntityPrivileges { entity: entity.clone(), privilege_ids }.into());
                }
            }
        }
        let fault = NoPermission::with(|f| {
            f.object = Some(object.clone());
            f.privilege_id = Some((*privilege).into());
            f.missing_privileges = Some(lists);
        });
        let message = format!("This needs the privilege '{privilege}' on {} '{}'.", object.kind, object.id);
        Fault::new(fault, message)
    }

    /// `SystemError`: something broke here.
    pub fn system_error(reason: impl Into<String>) -> Fault {
        let reason = reason.into();
        Fault::new(SystemError { reason: reason.as_str().into(), ..Default::default() }, reason)
    }
}

/// What a request that cannot be decoded is answered with.
impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Fault {
        let message = error.to_string();
        match error.problem {
            Problem::UnknownType { .. } | Problem::IllTyped { .. } => Fault::invalid_type(error.path, message),
            Problem::OutOfRange { .. } => Fault::invalid_argument(error.path, error.problem),
            _ => Fault::invalid_request(message),
        }
    }
}

/// Any fault object becomes a [`Fault`] whose text is the name of its type.
impl From<Obj<MethodFault>> for Fault {
    fn from(fault: Obj<MethodFault>) -> Fault {
        let message = fault.shared().descriptor().name.to_string();
        Fault { fault, message }
    }
}

impl From<Fault> for Shared {
    fn from(fault: Fault) -> Shared {
        fault.fault.into_shared()
    }
}

//! Faults: what a client is told when a call cannot be done.

use vim25::{
    DataType, DecodeError, Extends, MoRef, Obj, Problem, Shared, Str,
    types::{
        InvalidArgument, InvalidRequest, InvalidType, LocalizedMethodFault, ManagedObjectNotFound, MethodFault,
        MethodNotFound, NotAuthenticated, NotImplemented, NotSupported, SystemError,
    },
};

/// A fault of the API with its text for the client.
#[derive(Clone, Debug, thiserror::Error)]
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

    /// The reference names no object, or none that this caller can see.
    pub fn object_not_found(obj: &MoRef) -> Fault {
        let message = format!("The object '{obj}' has already been deleted or has not been completely created");
        Fault::new(ManagedObjectNotFound { obj: obj.clone(), ..Default::default() }, message)
    }

    /// The receiver has no such method (or not in the client's version of the API).
    pub fn method_not_found(receiver: &MoRef, method: &str) -> Fault {
        let message =
            format!("The method '{method}' is not defined on type '{}' (receiver '{}')", receiver.kind, receiver.id);
        Fault::new(MethodNotFound { receiver: receiver.clone(), method: method.into(), ..Default::default() }, message)
    }

    /// The API has the method; this server does not do it yet.
    pub fn not_implemented(receiver: &MoRef, method: &str) -> Fault {
        let message =
            format!("'{method}' of {} is not implemented by this server (receiver '{}')", receiver.kind, receiver.id);
        Fault::new(NotImplemented::default(), message)
    }

    /// The operation does not apply to this object.
    pub fn not_supported(message: impl Into<String>) -> Fault {
        Fault::new(NotSupported::default(), message)
    }

    /// An argument, named by its property path, cannot be used.
    pub fn invalid_argument(property: impl Into<Str>, why: impl std::fmt::Display) -> Fault {
        let property = property.into();
        let message = format!("A specified parameter was not correct: {property}: {why}");
        Fault::new(InvalidArgument { invalid_property: Some(property), ..Default::default() }, message)
    }

    /// The request cannot be read.
    pub fn invalid_request(message: impl Into<String>) -> Fault {
        Fault::new(InvalidRequest::default(), message)
    }

    /// The request names a type that does not exist or does not fit.
    pub fn invalid_type(argument: impl Into<Str>, message: impl Into<String>) -> Fault {
        let argument = Some(argument.into()).filter(|a: &Str| !a.is_empty());
        Fault::new(InvalidType { argument, ..Default::default() }, message)
    }

    /// The caller has to log in first.
    pub fn not_authenticated(object: &MoRef, privilege: &str) -> Fault {
        let fault = NotAuthenticated::with(|f| {
            f.object = Some(object.clone());
            f.privilege_id = Some(privilege.into());
        });
        Fault::new(fault, "The session is not authenticated.")
    }

    /// Something broke here.
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

/// What the rules of virtual machines refuse.
impl From<model::vm::Fault> for Fault {
    fn from(fault: model::vm::Fault) -> Fault {
        Fault { fault: fault.fault, message: fault.message }
    }
}

impl From<Fault> for Shared {
    fn from(fault: Fault) -> Shared {
        fault.fault.into_shared()
    }
}

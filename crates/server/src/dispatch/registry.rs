//! Which handler answers which method of which type.

use std::{collections::BTreeMap, future::Future, pin::Pin};

use vim25::{DataType, Method, MethodInfo, Shared, Type, all_managed, cast, managed_type};

use super::Call;
use crate::fault::Fault;

/// What a method returned, to be written as [`MethodInfo::result`] states.
pub type Outcome = vim25::pieces::Source;

type Answer = Pin<Box<dyn Future<Output = Result<Outcome, Fault>> + Send>>;
type Handler = Box<dyn Fn(Call, Shared) -> Answer + Send + Sync>;

/// Why a registration was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RegistryError {
    /// The type does not have the method.
    #[error("{kind} has no method {method}")]
    NoSuchMethod {
        /// Wire name of the type.
        kind: &'static str,
        /// Wire name of the method.
        method: &'static str,
    },
    /// The method of this type has a handler already.
    #[error("{method} of {kind} is registered twice")]
    Twice {
        /// Wire name of the type.
        kind: &'static str,
        /// Wire name of the method.
        method: &'static str,
    },
}

/// Handlers by method and type of the receiver. A handler registered for a type serves its subtypes too, unless they
/// have their own.
#[derive(Default)]
pub struct Registry {
    handlers: BTreeMap<(&'static str, &'static str), Handler>,
}

impl Registry {
    /// Registers a handler that answers at once. Those of methods that make tasks take turns with each other.
    pub fn on<T, M>(&mut self, handler: fn(&Call, M) -> Result<M::Output, Fault>) -> Result<(), RegistryError>
    where
        T: DataType,
        M: Method,
        M::Output: Send + 'static,
    {
        self.insert::<T, M>(Box::new(move |call, arguments| {
            Box::pin(async move {
                let work = || handler(&call, take(&arguments)).map(Outcome::value);
                if M::METHOD.task { call.core.writers.take(work).await } else { work() }
            })
        }))
    }

    /// Registers a handler that may wait.
    pub fn on_async<T, M, F>(&mut self, handler: fn(Call, M) -> F) -> Result<(), RegistryError>
    where
        T: DataType,
        M: Method,
        M::Output: Send + 'static,
        F: Future<Output = Result<M::Output, Fault>> + Send + 'static,
    {
        self.insert::<T, M>(Box::new(move |call, arguments| {
            let work = handler(call, take(&arguments));
            Box::pin(async move { work.await.map(Outcome::value) })
        }))
    }

    /// Registers a handler whose result is too large to be made before it is sent. What it returns has to be what the
    /// method returns.
    pub fn on_large<T, M, F>(&mut self, handler: fn(Call, M) -> F) -> Result<(), RegistryError>
    where
        T: DataType,
        M: Method,
        F: Future<Output = Result<Outcome, Fault>> + Send + 'static,
    {
        self.insert::<T, M>(Box::new(move |call, arguments| Box::pin(handler(call, take(&arguments)))))
    }

    fn insert<T: DataType, M: Method>(&mut self, handler: Handler) -> Result<(), RegistryError> {
        let (kind, method) = (T::TYPE.name, M::METHOD.name);
        if !T::TYPE.method(method).is_some_and(|m| std::ptr::eq(m, M::METHOD)) {
            return Err(RegistryError::NoSuchMethod { kind, method });
        }
        match self.handlers.insert((method, kind), handler) {
            None => Ok(()),
            Some(_) => Err(RegistryError::Twice { kind, method }),
        }
    }

    /// The handler of `method` for a receiver of this type: its own, or that of its nearest base.
    pub fn find(&self, receiver: &'static Type, method: &MethodInfo) -> Option<&Handler> {
        receiver.lineage().find_map(|t| self.handlers.get(&(method.name, t.name)))
    }

    /// Whether a method has a handler on some receiver: every method of the schema with its answer, by type and name.
    pub fn coverage(&self) -> Vec<(&'static Type, &'static MethodInfo, bool)> {
        let all = all_managed().iter().flat_map(|t| t.methods.iter().map(move |m| (*t, *m)));
        all.map(|(owner, method)| (owner, method, self.covers(owner, method))).collect()
    }

    fn covers(&self, owner: &'static Type, method: &MethodInfo) -> bool {
        let registered = self.handlers.range((method.name, "")..).take_while(|((m, _), _)| *m == method.name);
        registered.into_iter().any(|((_, kind), _)| managed_type(kind).is_some_and(|t| t.is_a(owner)))
    }
}

/// The decoded arguments as their type. The decoder made them from the method's own descriptor.
fn take<M: Method>(arguments: &Shared) -> M {
    cast::<M>(&**arguments).expect("the decoder makes the method's argument type").clone()
}

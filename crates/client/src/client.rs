//! The client: calls, and the session.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::HeaderValue;
use vim25::{
    Any, ApiVersion, DataObject, DecodeError, Kind, Method, MethodInfo, MoRef, Obj, Problem, Slot, args,
    types::{AboutInfo, ServiceContent, UserSession},
};

use crate::{Address, Builder, Error, Protocol, transport::Transport, wire::Wire};

/// A connection to a vSphere endpoint. Clones share it, and its session; a clone costs nothing.
///
/// Nothing is done behind the caller's back: a call that fails is not repeated, a session that ends is not renewed. The
/// call after a broken connection opens a new one.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    content: Obj<ServiceContent>,
}

struct Shared {
    transport: Transport,
    wire: Wire,
    page: i32,
    /// The header that names the session, once there is one.
    session: Mutex<Option<HeaderValue>>,
}

impl Client {
    /// A client for the endpoint at `url`: `https://user:pass@host/sdk`, `host:8989`, `user:pass@host`.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), client::Error> {
    /// use client::{Client, Protocol};
    ///
    /// let client = Client::builder("https://vcenter.example.com")
    ///     .credentials("administrator@vsphere.local", "secret")
    ///     .thumbprint("A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D")
    ///     .protocol(Protocol::ViJson)
    ///     .connect()
    ///     .await?;
    /// println!("{} speaks {}", client.about().full_name, client.version());
    /// client.logout().await
    /// # }
    /// ```
    pub fn builder(url: &str) -> Builder {
        Builder::new(url)
    }

    pub(crate) fn unconnected(transport: Transport, wire: Wire, page: i32) -> Client {
        let shared = Shared { transport, wire, page, session: Mutex::default() };
        Client { shared: Arc::new(shared), content: Obj::default() }
    }

    pub(crate) fn with_content(self, content: Obj<ServiceContent>) -> Client {
        Client { content, ..self }
    }

    /// The references to the server's root folder and managers.
    pub fn content(&self) -> &ServiceContent {
        &self.content
    }

    /// What the server says that it is.
    pub fn about(&self) -> &AboutInfo {
        &self.content.about
    }

    /// The version of the API that is spoken.
    pub fn version(&self) -> ApiVersion {
        self.shared.wire.version
    }

    /// The protocol that is spoken.
    pub fn protocol(&self) -> Protocol {
        self.shared.wire.protocol
    }

    /// Where the server is.
    pub fn address(&self) -> &Address {
        &self.shared.transport.address
    }

    pub(crate) fn page(&self) -> i32 {
        self.shared.page
    }

    pub(crate) fn call_time(&self) -> Duration {
        self.shared.transport.bounds.call
    }

    /// Calls a method of an object and returns what the method returns: of a method that makes a task, the reference to
    /// the task.
    ///
    /// ```no_run
    /// # async fn example(client: client::Client, vm: vim25::MoRef) -> Result<(), client::Error> {
    /// use vim25::args;
    ///
    /// let task = client.call(&vm, args::PowerOnVM_Task::default()).await?;
    /// client.wait_for_task(&task).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Fault`] if the server refuses; what else can happen on the way.
    pub async fn call<M: Method>(&self, this: &MoRef, arguments: M) -> Result<M::Output, Error> {
        self.call_within(this, arguments, self.call_time()).await
    }

    /// The same, with a time limit of its own.
    ///
    /// # Errors
    /// As [`call`](Client::call).
    pub async fn call_within<M: Method>(&self, this: &MoRef, args: M, within: Duration) -> Result<M::Output, Error> {
        let value = self.call_dynamic(M::METHOD, this, &args, within).await?;
        output::<M::Output>(M::METHOD, value)
    }

    /// Calls a method that is known only at run time, with arguments of its `params` type.
    ///
    /// # Errors
    /// As [`call`](Client::call).
    pub async fn call_dynamic(
        &self,
        method: &'static MethodInfo,
        this: &MoRef,
        arguments: &dyn DataObject,
        within: Duration,
    ) -> Result<Option<Any>, Error> {
        let Shared { transport, wire, .. } = &*self.shared;
        let request = wire.request(&transport.address, method, this, arguments, self.session().as_ref())?;
        let answer = transport.send(request, within).await?;
        let result = wire.read(&transport.address, method, &answer);
        if let (Ok(_), Some(session)) = (&result, wire.granted(&answer.headers)) {
            *self.shared.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
        }
        result
    }

    fn session(&self) -> Option<HeaderValue> {
        self.shared.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Logs in; all clones are logged in with it.
    ///
    /// # Errors
    /// [`Error::Fault`] with `InvalidLogin` if name or password are wrong.
    pub async fn login(&self, username: &str, password: &str) -> Result<Obj<UserSession>, Error> {
        let manager = self.manager("SessionManager", &self.content.session_manager)?;
        let arguments = args::Login { user_name: username.into(), password: password.into(), locale: None };
        self.call(manager, arguments).await
    }

    /// Logs out. What the session made on the server, such as views and filters, ends with it.
    ///
    /// # Errors
    /// [`Error::Fault`] with `NotAuthenticated` if the session has ended already.
    pub async fn logout(&self) -> Result<(), Error> {
        let manager = self.manager("SessionManager", &self.content.session_manager)?;
        let outcome = self.call(manager, args::Logout::default()).await;
        *self.shared.session.lock().unwrap_or_else(PoisonError::into_inner) = None;
        outcome
    }

    /// A manager that not every server has.
    pub(crate) fn manager<'a>(&self, name: &str, manager: &'a Option<MoRef>) -> Result<&'a MoRef, Error> {
        manager.as_ref().ok_or_else(|| {
            let address = self.address().authority().to_owned();
            Error::Unsupported { address, reason: format!("it has no {name}") }
        })
    }
}

/// A result as its Rust type.
fn output<O: Slot + Default>(method: &'static MethodInfo, value: Option<Any>) -> Result<O, Error> {
    let mut output = O::default();
    let result = &method.result;
    let may_be_unset = !method.task && (result.optional || result.list || matches!(result.kind, Kind::Void));
    let problem = match value {
        None if may_be_unset => None,
        None => Some(Problem::Missing { owner: method.name, field: "returnval" }),
        Some(value) => output.assign(value).err().map(|other| Problem::IllTyped {
            expected: result.kind.wire_name().to_owned(),
            found: format!("{other:.80?}"),
        }),
    };
    match problem {
        None => Ok(output),
        Some(problem) => {
            Err(Error::Decode { method: method.name, source: DecodeError { path: String::new(), problem } })
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Client");
        out.field("address", &self.address().to_string()).field("version", &self.version());
        out.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_that_must_be_there_is_missed() {
        let content = output::<Obj<ServiceContent>>(args::RetrieveServiceContent::METHOD, None);
        assert!(matches!(
            content,
            Err(Error::Decode { source: DecodeError { problem: Problem::Missing { .. }, .. }, .. })
        ));
    }

    #[test]
    fn an_optional_result_and_none_at_all_may_be_unset() {
        assert!(output::<Option<MoRef>>(args::FindByUuid::METHOD, None).unwrap().is_none());
        output::<()>(args::Logout::METHOD, None).unwrap();
    }

    #[test]
    fn a_task_without_a_reference_is_missed() {
        let task = args::PowerOnVM_Task::METHOD;
        assert!(output::<MoRef>(task, None).is_err());
        let reference = MoRef::new("Task", "task-1");
        assert_eq!(output::<MoRef>(task, Some(Any::MoRef(reference.clone()))).unwrap(), reference);
    }

    #[test]
    fn a_result_of_another_type_is_refused() {
        assert!(output::<MoRef>(args::CreateFilter::METHOD, Some(Any::Bool(true))).is_err());
    }
}

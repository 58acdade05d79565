//! A server that answers as its script says, on a real socket.
#![allow(dead_code, reason = "every test file uses its own part of it")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use vim25::{ApiVersion, DataObject, Limits, Method, MoRef, Shared, Value, args, managed_type, soap, types};

/// A request as the script sees it.
pub struct Call {
    /// Name of the method; of a GET, the path.
    pub method: String,
    pub this: MoRef,
    pub arguments: Option<Shared>,
    pub head: String,
}

impl Call {
    pub fn arguments<M: Method>(&self) -> &M {
        vim25::cast(&**self.arguments.as_ref().expect("arguments")).expect("arguments of this method")
    }
}

/// An answer.
pub enum Answer {
    /// Status, more header lines, body.
    Http(u16, String, Vec<u8>),
    /// These bytes, and then the connection ends.
    Cut(Vec<u8>),
    /// None at all.
    Silence,
    /// After a while.
    Late(Duration, Box<Answer>),
}

/// What a method returns.
pub fn result<M: Method>(output: &M::Output) -> Answer {
    Answer::Http(200, "Content-Type: text/xml\r\n".into(), soap::response(M::METHOD, output.read(), version()))
}

/// A fault.
pub fn fault(fault: impl DataObject, message: &str) -> Answer {
    Answer::Http(500, "Content-Type: text/xml\r\n".into(), soap::fault(&fault, message, version()))
}

/// A method without a result.
pub fn done<M: Method<Output = ()>>() -> Answer {
    result::<M>(&())
}

pub fn version() -> ApiVersion {
    ApiVersion::parse("8.0.3.0").expect("a known version")
}

pub fn content() -> types::ServiceContent {
    let mut content = types::ServiceContent::default();
    let of = |kind: &str| MoRef::new(kind, kind);
    (content.root_folder, content.property_collector) = (of("Folder"), of("PropertyCollector"));
    content.view_manager = Some(of("ViewManager"));
    content.session_manager = Some(of("SessionManager"));
    content
}

/// What every server answers; the script need not.
fn usual(call: &Call) -> Answer {
    match call.method.as_str() {
        "RetrieveServiceContent" => result::<args::RetrieveServiceContent>(&content().into()),
        "Login" => {
            let login = call.arguments::<args::Login>();
            if login.password != "secret" {
                return fault(types::InvalidLogin::default(), "Cannot log in.");
            }
            let Answer::Http(status, headers, body) = result::<args::Login>(&types::UserSession::default().into())
            else {
                unreachable!()
            };
            Answer::Http(status, headers + "Set-Cookie: vmware_soap_session=\"key\"; Path=/\r\n", body)
        }
        "Logout" => done::<args::Logout>(),
        "DestroyView" => done::<args::DestroyView>(),
        "DestroyPropertyCollector" => done::<args::DestroyPropertyCollector>(),
        "CreateContainerView" => result::<args::CreateContainerView>(&MoRef::new("ContainerView", "view-1")),
        "CreatePropertyCollector" => {
            result::<args::CreatePropertyCollector>(&MoRef::new("PropertyCollector", "own-collector"))
        }
        "CreateFilter" => result::<args::CreateFilter>(&MoRef::new("PropertyFilter", "filter-1")),
        "GET /sdk/vimServiceVersions.xml" => {
            let list =
                "<namespaces><namespace><name>urn:vim25</name><version>8.0.3.0</version></namespace></namespaces>";
            Answer::Http(200, "Content-Type: text/xml\r\n".into(), list.into())
        }
        other => Answer::Http(404, String::new(), format!("nothing at {other}").into()),
    }
}

type Script = Box<dyn FnMut(&Call) -> Option<Answer> + Send>;

/// The running server.
#[derive(Clone)]
pub struct Fake {
    pub address: String,
    log: Arc<Mutex<Vec<String>>>,
    script: Arc<Mutex<Script>>,
}

impl Fake {
    /// Starts a server whose script answers first; what it leaves out is answered as usual.
    pub async fn start(script: impl FnMut(&Call) -> Option<Answer> + Send + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let fake = Fake::on(&listener, script);
        let running = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(running.clone().serve(stream));
            }
        });
        fake
    }

    pub fn on(listener: &TcpListener, script: impl FnMut(&Call) -> Option<Answer> + Send + 'static) -> Fake {
        let address = listener.local_addr().expect("an address").to_string();
        Fake { address, log: Arc::default(), script: Arc::new(Mutex::new(Box::new(script))) }
    }

    pub fn url(&self) -> String {
        format!("http://{}/sdk", self.address)
    }

    /// The methods called so far.
    pub fn called(&self) -> Vec<String> {
        self.log.lock().expect("no panic").clone()
    }

    /// How often a method was called.
    pub fn count(&self, method: &str) -> usize {
        self.called().iter().filter(|called| *called == method).count()
    }

    pub async fn serve(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        while let Some((head, body)) = request(&mut stream).await {
            let call = parse(head, &body);
            self.log.lock().expect("no panic").push(call.method.clone());
            let scripted = (self.script.lock().expect("no panic"))(&call);
            let mut answer = scripted.unwrap_or_else(|| usual(&call));
            while let Answer::Late(after, then) = answer {
                tokio::time::sleep(after).await;
                answer = *then;
            }
            match answer {
                Answer::Late(..) => unreachable!("it was waited for"),
                Answer::Silence => std::future::pending().await,
                Answer::Cut(bytes) => {
                    let _ = stream.write_all(&bytes).await;
                    return;
                }
                Answer::Http(status, headers, body) => {
                    let head = format!("HTTP/1.1 {status} x\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
                    let answer = [head.into_bytes(), body].concat();
                    if stream.write_all(&answer).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let mut bytes: Vec<u8> = Vec::new();
    let end = loop {
        if bytes.first().is_some_and(|first| !first.is_ascii_uppercase()) {
            // Not HTTP: a client that begins with TLS.
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let length: usize = length.unwrap_or(0);
    while bytes.len() < end + 4 + length {
        (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    }
    Some((head, bytes[end + 4..].to_vec()))
}

fn parse(head: String, body: &[u8]) -> Call {
    let text = soap::decode_text(body).unwrap_or_default();
    match soap::Request::parse(&text, Limits::REQUEST) {
        Ok(request) => {
            let this = request.this.clone().unwrap_or_default();
            let ty = managed_type(&this.kind).expect("a managed object type");
            let method = ty.method(request.method);
            let name = request.method.to_owned();
            let arguments = method.and_then(|method| request.arguments(method.params).ok());
            Call { method: name, this, arguments, head }
        }
        Err(_) => {
            let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
            Call { method: line, this: MoRef::default(), arguments: None, head }
        }
    }
}

//! Connecting, logging in, and what goes wrong on the way.

mod fake;

use std::time::Duration;

use client::{Client, Error, Protocol};
use fake::{Answer, Fake, fault, version};
use vim25::{args, types};

async fn usual() -> Fake {
    Fake::start(|_| None).await
}

#[tokio::test]
async fn connecting_agrees_on_a_version_and_logs_in() {
    let server = Fake::start(|call| {
        assert!(!call.method.contains("Logout") || call.head.contains("vmware_soap_session=\"key\""), "{}", call.head);
        None
    })
    .await;
    let client = Client::builder(&server.url()).credentials("me", "secret").connect().await.unwrap();
    assert_eq!((client.version(), client.protocol()), (version(), Protocol::Soap));
    assert_eq!(client.content().root_folder.kind, "Folder");
    client.clone().logout().await.unwrap();
    let expected = ["GET /sdk/vimServiceVersions.xml", "RetrieveServiceContent", "Login", "Logout"];
    assert_eq!(server.called(), expected);
}

#[tokio::test]
async fn the_credentials_may_stand_in_the_url() {
    let server = usual().await;
    let url = format!("http://me:secret@{}", server.address);
    Client::builder(&url).connect().await.unwrap();
    let wrong = Client::builder(&url).credentials("me", "wrong").connect().await.unwrap_err();
    assert!(wrong.fault::<types::InvalidLogin>().is_some(), "{wrong}");
    assert_eq!(wrong.to_string(), "Login: InvalidLogin: Cannot log in.");
}

#[tokio::test]
async fn without_credentials_nobody_logs_in() {
    let server = usual().await;
    Client::builder(&server.url()).connect().await.unwrap();
    assert_eq!(server.count("Login"), 0);
}

#[tokio::test]
async fn a_server_that_lists_no_versions_is_spoken_to_in_an_old_one() {
    let server =
        Fake::start(|call| call.method.starts_with("GET").then(|| Answer::Http(404, String::new(), b"no".to_vec())))
            .await;
    let client = Client::builder(&server.url()).connect().await.unwrap();
    assert_eq!(client.version().label(), "6.0");
}

#[tokio::test]
async fn vi_json_that_is_not_offered_is_said_so() {
    let server = Fake::start(|call| {
        let list = "<namespace><name>urn:vim25</name><version>7.0.3.0</version></namespace>";
        call.method.starts_with("GET").then(|| Answer::Http(200, String::new(), list.into()))
    })
    .await;
    let error = Client::builder(&server.url()).protocol(Protocol::ViJson).connect().await.unwrap_err();
    assert!(matches!(&error, Error::Unsupported { .. }) && error.to_string().contains("use SOAP"), "{error}");
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error() {
    let server = usual().await;
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    assert!(!server.address.ends_with(&format!(":{port}")));
    let error = Client::builder(&format!("http://127.0.0.1:{port}")).connect().await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_a_connect_error() {
    let server = usual().await;
    let error = Client::builder(&format!("https://{}", server.address)).insecure().connect().await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
}

#[tokio::test]
async fn silence_ends_with_the_time_limit() {
    let server = Fake::start(|call| call.method.starts_with("Retrieve").then_some(Answer::Silence)).await;
    let short = Duration::from_millis(200);
    let error = Client::builder(&server.url()).timeout(short).connect().await.unwrap_err();
    assert!(matches!(error, Error::Timeout { after, .. } if after == short), "{error:?}");
    assert!(error.to_string().contains("within 0.2 s"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_a_broken_connection() {
    for cut in [&b""[..], b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<half"] {
        let server = Fake::start(move |call| call.method.starts_with("Retr").then(|| Answer::Cut(cut.to_vec()))).await;
        let error = Client::builder(&server.url()).connect().await.unwrap_err();
        assert!(matches!(error, Error::Broken { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_while_it_is_read() {
    let server = Fake::start(|call| {
        call.method.starts_with("Retrieve").then(|| Answer::Http(200, String::new(), vec![b' '; 100_000]))
    })
    .await;
    let error = Client::builder(&server.url()).max_reply(10_000).connect().await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 10_000, .. }), "{error:?}");
}

#[tokio::test]
async fn another_service_is_told_from_a_vsphere_endpoint() {
    let server = Fake::start(|_| Some(Answer::Http(200, String::new(), b"<h1>It works!</h1>".to_vec()))).await;
    let error = Client::builder(&server.url()).connect().await.unwrap_err();
    assert!(matches!(error, Error::Http { status: 200, .. }), "{error:?}");
    assert!(error.to_string().contains("It works!"), "{error}");
}

#[tokio::test]
async fn a_service_that_answers_anything_with_nothing_is_no_endpoint() {
    let server = Fake::start(|call| match call.method.as_str() {
        "POST /api/vcenter/system?action=hello" => {
            Some(Answer::Http(200, String::new(), br#"{"api_release":"8.0.3.0"}"#.to_vec()))
        }
        _ => Some(Answer::Http(200, "Content-Type: application/json\r\n".into(), b"{}".to_vec())),
    })
    .await;
    let error = Client::builder(&server.url()).protocol(Protocol::ViJson).connect().await.unwrap_err();
    assert!(matches!(&error, Error::Unsupported { reason, .. } if reason.contains("not a vSphere")), "{error:?}");
}

#[tokio::test]
async fn a_session_that_has_ended_is_told_and_not_renewed() {
    let server = Fake::start(|call| {
        (call.method == "CurrentTime").then(|| fault(types::NotAuthenticated::default(), "Not authenticated."))
    })
    .await;
    let client = Client::builder(&server.url()).credentials("me", "secret").connect().await.unwrap();
    let service = vim25::MoRef::new("ServiceInstance", "ServiceInstance");
    let error = client.call(&service, args::CurrentTime::default()).await.unwrap_err();
    assert!(error.is_not_authenticated(), "{error}");
    assert_eq!(server.count("Login"), 1);
}

#[tokio::test]
async fn the_call_after_a_broken_connection_connects_anew() {
    let mut first = true;
    let server = Fake::start(move |call| {
        let cut = call.method == "CurrentTime" && std::mem::take(&mut first);
        cut.then(|| Answer::Cut(vec![])).or_else(|| {
            let now = vim25::DateTime::from_micros(5_000_000);
            (call.method == "CurrentTime").then(|| fake::result::<args::CurrentTime>(&now))
        })
    })
    .await;
    let client = Client::builder(&server.url()).connect().await.unwrap();
    let service = vim25::MoRef::new("ServiceInstance", "ServiceInstance");
    let error = client.call(&service, args::CurrentTime::default()).await.unwrap_err();
    assert!(matches!(error, Error::Broken { .. }), "{error:?}");
    let now = client.call(&service, args::CurrentTime::default()).await.unwrap();
    assert_eq!(now.micros(), 5_000_000);
    assert_eq!(server.count("CurrentTime"), 2);
}

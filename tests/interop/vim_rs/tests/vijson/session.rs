//! Release, login, sessions.

use crate::server::Server;
use vim_rs::core::client::Error;
use vim_rs::mo::SessionManager;
use vim_rs::types::struct_enum::StructType;

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_common_release_is_agreed_on_before_login() {
    let server = Server::start();
    let client = server.connect().await;
    assert_eq!(client.api_release(), "8.0.3.0");
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_client_gets_the_release_it_asks_for() {
    let server = Server::start();
    let older = server.builder().compatible_api_releases(vec!["8.0.2.0", "8.0.1.0"]).basic_authn("user", "pass");
    let client = older.build().await.unwrap();
    assert_eq!(client.api_release(), "8.0.2.0");
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_common_release_the_client_gives_up() {
    let server = Server::start();
    let refused = server.builder().compatible_api_releases(vec!["99.0.0.0"]).build().await.err();
    assert!(matches!(refused, Some(Error::CannotNegotiateAPIRelease(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_content_is_that_of_a_vcenter() {
    let server = Server::start();
    let client = server.connect().await;
    let content = client.service_content();
    assert_eq!((content.root_folder.r#type.as_str(), content.root_folder.value.as_str()), ("Folder", "group-d1"));
    assert_eq!(content.about.api_type, "VirtualCenter");
    assert_eq!(content.about.api_version, "8.0.3.0");
    let instance_uuid = content.about.instance_uuid.as_deref();
    assert_eq!(instance_uuid.map(str::len), Some(36));
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_a_session_until_it_is_closed() {
    let server = Server::start();
    let (staying, leaving) = (server.connect().await, server.connect_as("alice", "secret").await.unwrap());
    let id = &staying.service_content().session_manager.as_ref().unwrap().value;
    let key = SessionManager::new(leaving.clone(), id).current_session().await.unwrap().unwrap().key;
    let sessions = SessionManager::new(staying.clone(), id);
    let keys = async || sessions.session_list().await.unwrap().unwrap_or_default().into_iter().map(|s| s.key);
    assert!(keys().await.any(|k| k == key));
    leaving.close().await.unwrap();
    assert!(!keys().await.any(|k| k == key));
    staying.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_an_invalid_login() {
    let server = Server::with(&["--username", "admin", "--password", "right"]);
    match server.connect_as("admin", "wrong").await.err() {
        Some(Error::MethodFault(fault)) => assert_eq!(fault.type_, Some(StructType::InvalidLogin)),
        other => panic!("{other:?}"),
    }
    server.connect_as("admin", "right").await.unwrap().close().await.unwrap();
}

//! Reading properties page by page.

mod fake;

use client::{Client, Error, Query};
use fake::{Answer, Call, Fake, fault, result};
use vim25::{DataType, MoRef, Obj, args, mo, types};

fn vm(number: usize) -> Obj<types::ObjectContent> {
    let name = types::DynamicProperty { name: "name".into(), val: format!("vm{number}").into() };
    types::ObjectContent::with(|content| {
        content.obj = MoRef::new("VirtualMachine", format!("vm-{number}"));
        content.prop_set = Some(vec![name.into()]);
    })
    .into()
}

fn page(objects: Vec<Obj<types::ObjectContent>>, token: Option<&str>) -> Obj<types::RetrieveResult> {
    types::RetrieveResult { token: token.map(Into::into), objects }.into()
}

/// Two pages; the second one is what `second` says.
fn pages(second: impl Fn() -> Answer + Send + 'static) -> impl FnMut(&Call) -> Option<Answer> + Send + 'static {
    move |call| match call.method.as_str() {
        "RetrievePropertiesEx" => {
            let asked = call.arguments::<args::RetrievePropertiesEx>();
            assert_eq!(asked.options.max_objects, Some(2));
            Some(result::<args::RetrievePropertiesEx>(&Some(page(vec![vm(1), vm(2)], Some("token")))))
        }
        "ContinueRetrievePropertiesEx" => {
            assert_eq!(call.arguments::<args::ContinueRetrievePropertiesEx>().token, "token");
            Some(second())
        }
        "CancelRetrievePropertiesEx" => Some(fake::done::<args::CancelRetrievePropertiesEx>()),
        _ => None,
    }
}

async fn connect(server: &Fake) -> Client {
    Client::builder(&server.url()).page(2).connect().await.unwrap()
}

#[tokio::test]
async fn all_pages_are_read_and_the_view_destroyed() {
    let server = Fake::start(pages(|| result::<args::ContinueRetrievePropertiesEx>(&page(vec![vm(3)], None)))).await;
    let found = connect(&server).await.retrieve::<mo::VirtualMachine>(&["name"]).await.unwrap();
    let names: Vec<_> = found.iter().map(|vm| vm.name.as_str()).collect();
    assert_eq!(names, ["vm1", "vm2", "vm3"]);
    assert_eq!((server.count("DestroyView"), server.count("CancelRetrievePropertiesEx")), (1, 0));
}

#[tokio::test]
async fn a_page_that_fails_is_told_and_the_token_and_view_are_destroyed() {
    let server = Fake::start(pages(|| fault(types::RuntimeFault::default(), "Out of memory."))).await;
    let error = connect(&server).await.retrieve::<mo::VirtualMachine>(&["name"]).await.unwrap_err();
    assert!(error.to_string().contains("Out of memory."), "{error}");
    assert_eq!((server.count("DestroyView"), server.count("CancelRetrievePropertiesEx")), (1, 1));
}

#[tokio::test]
async fn nothing_found_is_an_empty_list() {
    let server = Fake::start(|call| {
        (call.method == "RetrievePropertiesEx").then(|| result::<args::RetrievePropertiesEx>(&None))
    })
    .await;
    let client = connect(&server).await;
    assert!(client.retrieve::<mo::VirtualMachine>(&["name"]).await.unwrap().is_empty());
    assert!(client.fetch(&Query::new().objects("Task", &[], &["info"])).await.unwrap().is_empty());
    let nothing = client.read::<mo::VirtualMachine>(&MoRef::new("VirtualMachine", "vm-1"), &["name"]).await;
    assert!(matches!(nothing, Err(Error::Unsupported { .. })));
}

#[tokio::test]
async fn a_misspelled_property_is_never_sent() {
    let server = Fake::start(|_| None).await;
    let client = connect(&server).await;
    let before = server.called().len();
    let error = client.retrieve::<mo::VirtualMachine>(&["nmae"]).await.unwrap_err();
    assert!(matches!(error, Error::Path(_)), "{error}");
    assert_eq!(server.called().len(), before);
}

#[tokio::test]
async fn what_may_not_be_read_is_named() {
    let server = Fake::start(|call| {
        let denied = types::LocalizedMethodFault::with(|f| f.fault = types::NoPermission::default().into());
        let missing = types::MissingProperty { path: "config".into(), fault: denied.into() };
        let content = types::ObjectContent { missing_set: Some(vec![missing.into()]), ..(*vm(1)).clone() };
        let page = page(vec![content.into()], None);
        (call.method == "RetrievePropertiesEx").then(|| result::<args::RetrievePropertiesEx>(&Some(page)))
    })
    .await;
    let found = connect(&server).await.retrieve::<mo::VirtualMachine>(&["name", "config"]).await.unwrap();
    assert_eq!(found[0].missing[0].path, "config");
    assert!(found[0].missing[0].fault.fault.is::<types::NoPermission>());
    assert!(found[0].config.is_none());
}

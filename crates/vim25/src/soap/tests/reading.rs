//! Documents as clients write them, and documents that are wrong.

use super::*;
use crate::{Any, AnyList, Method, Shared, args, cast};

fn envelope(body: &str) -> String {
    format!("<s:Envelope xmlns:s='{ENVELOPE}' xmlns:xsi='{XSI}' xmlns:xsd='{XSD}'><s:Body>{body}</s:Body></s:Envelope>")
}

/// The arguments of a call of `M` whose element has this content.
fn arguments<M: Method>(content: &str) -> Result<Shared, String> {
    let name = M::METHOD.name;
    let text = envelope(&format!("<{name} xmlns='urn:vim25'>{content}</{name}>"));
    let request = Request::parse(&text, Limits::REQUEST).map_err(|e| e.to_string())?;
    request.arguments(M::TYPE).map_err(|e| e.to_string())
}

/// A value of type `T` read from the content of an element.
fn read<T: crate::DataType>(content: &str) -> Result<T, String> {
    let text = format!("<o xmlns='urn:vim25' xmlns:xsi='{XSI}' xmlns:xsd='{XSD}'>{content}</o>");
    let object = decode_object(text.as_bytes(), T::TYPE, Limits::REQUEST).map_err(|e| e.to_string())?;
    Ok(cast::<T>(&*object).unwrap().clone())
}

fn any_value(element: &str) -> Result<Any, String> {
    Ok(read::<OptionValue>(&format!("<key>k</key>{element}"))?.value.unwrap())
}

#[test]
fn a_call_of_pyvmomi_is_read() {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <soapenv:Envelope xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\" \
        xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
        xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\n\
        <soapenv:Header><operationID xmlns=\"urn:vim25\" versionId=\"8.0.3.0\">op-1</operationID></soapenv:Header>\n\
        <soapenv:Body>\n\
        <Login xmlns=\"urn:vim25\"><_this versionId=\"8.0.3.0\" xsi:type=\"ManagedObjectReference\" \
        type=\"SessionManager\">SessionManager</_this><userName>root</userName><password>a&amp;b</password></Login>\n\
        </soapenv:Body>\n</soapenv:Envelope>";
    let request = Request::parse(text, Limits::REQUEST).unwrap();
    assert_eq!((request.method, request.namespace.as_str()), ("Login", "urn:vim25"));
    assert_eq!(request.this, Some(MoRef::new("SessionManager", "SessionManager")));
    assert_eq!(request.header("operationID"), Some("op-1"));
    let arguments = request.arguments(args::Login::TYPE).unwrap();
    let login = cast::<args::Login>(&*arguments).unwrap();
    assert_eq!((login.user_name.as_str(), login.password.as_str()), ("root", "a&b"));
}

#[test]
fn a_call_of_govmomi_is_read() {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"><Header><vcSessionCookie>abc</vcSessionCookie></Header>\
        <Body><SetCollectorPageSize xmlns=\"urn:vim25\"><_this type=\"TaskHistoryCollector\">c-1</_this>\
        <maxCount>10</maxCount></SetCollectorPageSize></Body></Envelope>";
    let request = Request::parse(text, Limits::REQUEST).unwrap();
    assert_eq!(request.header("vcSessionCookie"), Some("abc"));
    let arguments = request.arguments(args::SetCollectorPageSize::TYPE).unwrap();
    assert_eq!(cast::<args::SetCollectorPageSize>(&*arguments).unwrap().max_count, 10);
    let typed = "<deviceChange><operation>add</operation>\
        <device xmlns:XMLSchema-instance=\"http://www.w3.org/2001/XMLSchema-instance\" \
        XMLSchema-instance:type=\"VirtualVmxnet3\"><key>-1</key></device></deviceChange>";
    let spec = read::<VirtualMachineConfigSpec>(typed).unwrap();
    assert!(spec.device_change.unwrap()[0].device.is::<VirtualVmxnet3>());
}

#[test]
fn regression_the_usual_prefix_of_schema_types_need_not_be_declared() {
    let text = "<o><key>k</key><value xmlns:XMLSchema-instance='http://www.w3.org/2001/XMLSchema-instance' \
        XMLSchema-instance:type='xsd:int'>5</value></o>";
    let object = decode_object(text.as_bytes(), OptionValue::TYPE, Limits::REQUEST).unwrap();
    assert_eq!(cast::<OptionValue>(&*object).unwrap().value, Some(Any::Int(5)));
}

#[test]
fn a_call_of_zeep_is_read() {
    let text = "<?xml version='1.0' encoding='utf-8'?>\n\
        <soap-env:Envelope xmlns:soap-env=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap-env:Body>\
        <ns0:ReconfigVM_Task xmlns:ns0=\"urn:vim25\"><ns0:_this type=\"VirtualMachine\">vm-1</ns0:_this><ns0:spec>\
        <ns0:numCPUs>2</ns0:numCPUs><ns0:deviceChange><ns0:device \
        xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"ns0:VirtualE1000\"><ns0:key>1</ns0:key>\
        </ns0:device></ns0:deviceChange></ns0:spec></ns0:ReconfigVM_Task></soap-env:Body></soap-env:Envelope>";
    let request = Request::parse(text, Limits::REQUEST).unwrap();
    assert_eq!(request.namespace, "urn:vim25");
    let arguments = request.arguments(args::ReconfigVM_Task::TYPE).unwrap();
    let spec = &cast::<args::ReconfigVM_Task>(&*arguments).unwrap().spec;
    assert_eq!(spec.num_cpus, Some(2));
    assert!(spec.device_change.as_ref().unwrap()[0].device.is::<VirtualE1000>());
}

#[test]
fn the_receiver_may_stand_anywhere_and_may_be_missing() {
    let call = |content: &str| envelope(&format!("<Rename_Task xmlns='urn:vim25'>{content}</Rename_Task>"));
    let late = call("<newName>n</newName><_this type='Folder'>group-d1</_this>");
    let request = Request::parse(&late, Limits::REQUEST).unwrap();
    assert_eq!(request.this, Some(MoRef::new("Folder", "group-d1")));
    let arguments = request.arguments(args::Rename_Task::TYPE).unwrap();
    assert_eq!(cast::<args::Rename_Task>(&*arguments).unwrap().new_name, "n");
    let none = call("<newName>n</newName>");
    assert_eq!(Request::parse(&none, Limits::REQUEST).unwrap().this, None);
}

#[test]
fn text_is_put_together_from_references_sections_and_comments() {
    let spec = read::<VirtualMachineConfigSpec>(
        "<annotation> a&lt;b&#33;<!-- not this --><![CDATA[<&amp;>]]>&#x1F980;\r\nend&#xD; </annotation>",
    );
    assert_eq!(spec.unwrap().annotation.unwrap(), " a<b!<&amp;>🦀\nend\r ");
}

#[test]
fn simple_values_may_be_spaced_and_elements_may_be_empty_or_nil() {
    let spec = read::<VirtualMachineConfigSpec>(
        "\n <name/>\n <numCPUs> 4\n</numCPUs> <memoryMB xsi:nil='true'/> <flags/> <cpuHotAddEnabled>1</cpuHotAddEnabled>",
    );
    let spec = spec.unwrap();
    assert_eq!((spec.name.as_deref(), spec.num_cpus, spec.memory_mb), (Some(""), Some(4), None));
    assert_eq!((spec.flags.is_some(), spec.cpu_hot_add_enabled), (true, Some(true)));
}

#[test]
fn fields_are_read_in_any_order() {
    let disk = read::<VirtualDisk>("<capacityInKB>5</capacityInKB><unitNumber>1</unitNumber><key>2000</key>").unwrap();
    assert_eq!((disk.capacity_in_kb, disk.unit_number, disk.key), (5, Some(1), 2000));
}

#[test]
fn values_of_any_type_become_what_their_type_says() {
    let list = |item, items| Any::List(AnyList { item, items });
    for (element, value) in [
        ("<value>plain</value>", Any::from("plain")),
        ("<value xsi:type='xsd:int'> 5 </value>", Any::Int(5)),
        ("<value xsi:type='int'>5</value>", Any::Int(5)),
        ("<value xsi:type='xsd:anyType'>x</value>", "x".into()),
        (
            "<value xsi:type='ManagedEntityStatus'>mauve</value>",
            Any::Enum(<ManagedEntityStatus as crate::EnumValue>::TYPE, "mauve".into()),
        ),
        (
            "<value xsi:type='ManagedObjectReference' type='Folder'>group-d1</value>",
            MoRef::new("Folder", "group-d1").into(),
        ),
        (
            "<value xsi:type='ArrayOfInt'><int>1</int><int>2</int></value>",
            list(Kind::Int, vec![Any::Int(1), Any::Int(2)]),
        ),
        ("<value xsi:type='ArrayOfString'/>", list(Kind::Str, vec![])),
        ("<value xsi:type='ManagedObject' type='Folder'>group-d1</value>", MoRef::new("Folder", "group-d1").into()),
        (
            "<value xsi:type='ArrayOfAnyType'><anyType xsi:type='xsd:long'>1</anyType><anyType>x</anyType></value>",
            list(Kind::Any, vec![Any::Long(1), "x".into()]),
        ),
        (
            "<value xsi:type='ArrayOfOptionValue'><OptionValue><key>a</key></OptionValue></value>",
            list(Kind::Object(OptionValue::TYPE), vec![Any::object(OptionValue::with(|o| o.key = "a".into()))]),
        ),
    ] {
        assert_eq!(any_value(element).unwrap(), value, "{element}");
    }
}

#[test]
fn what_is_wrong_with_a_call_is_said_with_its_place() {
    for (content, problem) in [
        ("<spec><numCPUs>abc</numCPUs></spec>", "spec.numCPUs: expected int, found 'abc'"),
        ("<spec><numCPUs>4294967296</numCPUs></spec>", "spec.numCPUs: 4294967296 is out of the range of int"),
        ("<spec><numCpus>1</numCpus></spec>", "spec: VirtualMachineConfigSpec has no 'numCpus'"),
        ("<specs/>", "ReconfigVM_Task has no 'specs'"),
        ("", "ReconfigVM_Task requires 'spec'"),
        ("<spec xsi:nil='true'/>", "ReconfigVM_Task requires 'spec'"),
        ("<spec/><spec/>", "'spec' is given more than once"),
        ("<spec xsi:type='Nonsense'/>", "spec: there is no type 'Nonsense'"),
        ("<spec xsi:type='Description'/>", "spec: expected VirtualMachineConfigSpec, found 'Description'"),
        ("<spec>text</spec>", "spec: expected elements, found text 'text'"),
        ("<spec><name><b/></name></spec>", "spec.name: expected string, found element 'b'"),
        ("<spec><name xsi:type='Description'/></spec>", "spec.name: expected string, found 'Description'"),
        (
            "<spec><deviceChange/><deviceChange><device xsi:type='VirtualDisk'><key>x</key></device></deviceChange></spec>",
            "spec.deviceChange[0]: VirtualDeviceConfigSpec requires 'device'",
        ),
        (
            "<spec><deviceChange><device><key>1</key></device></deviceChange>\
             <deviceChange><device><key>x</key></device></deviceChange></spec>",
            "spec.deviceChange[1].device.key: expected int, found 'x'",
        ),
        (
            "<spec><extraConfig><key>a</key><value xsi:type='ArrayOfInt'><int>1</int><int>y</int></value></extraConfig></spec>",
            "spec.extraConfig[0].value[1]: expected int, found 'y'",
        ),
        (
            "<spec><extraConfig><key>a</key><value xsi:type='xsd:bogus'>1</value></extraConfig></spec>",
            "spec.extraConfig[0].value: there is no type 'xsd:bogus'",
        ),
    ] {
        assert_eq!(arguments::<args::ReconfigVM_Task>(content).map(|_| ()).unwrap_err(), problem, "{content}");
    }
    let untyped = arguments::<args::CreateVM_Task>("<config/><pool>resgroup-1</pool>").map(|_| ()).unwrap_err();
    assert_eq!(untyped, "pool: ManagedObjectReference requires 'type'");
}

#[test]
fn documents_that_are_not_well_formed_or_not_soap_are_refused() {
    let call =
        |content: &str| envelope(&format!("<Logout xmlns='urn:vim25'><_this type='a'>b</_this>{content}</Logout>"));
    let bomb = format!("<!DOCTYPE x [<!ENTITY a 'aaaa'>]>{}", call("&a;"));
    let lenient = Limits { skip_unknown: true, ..Limits::REQUEST };
    let many = (0..65).map(|i| format!(" a{i}=''")).collect::<String>();
    for (document, reason) in [
        (String::new(), "there is no element"),
        ("hello".into(), "text 'hello' outside of an element"),
        ("<a/>".into(), "expected the Envelope of SOAP 1.1, found element 'a'"),
        ("<Envelope xmlns='http://www.w3.org/2003/05/soap-envelope'/>".into(), "expected the Envelope of SOAP 1.1"),
        (format!("<s:Envelope xmlns:s='{ENVELOPE}'/>"), "the SOAP envelope has no Body"),
        (envelope(""), "the SOAP body is empty"),
        (envelope("<Logout/><Logout/>"), "a second element 'Logout' in the SOAP body"),
        (bomb, "a document type is not allowed"),
        (call("&a;"), "there is no entity 'a'"),
        (call("&#0;"), "there is no character '#0' in XML"),
        (call("&#x110000;"), "there is no character '#x110000' in XML"),
        (call("&#xD800;"), "there is no character '#xD800' in XML"),
        (call("& b"), "'&' must begin a reference"),
        (call("<a></b>"), "expected the end of element 'a'"),
        (call("<a"), "tag 'a' is not closed"),
        (call("<a b=c/>"), "the value of attribute 'b' is not quoted"),
        (call("<a b='1' b='2'/>"), "attribute 'b' is given twice"),
        (call("<a b='<'/>"), "the value of attribute 'b' does not end"),
        (call("<p:a/>"), "namespace prefix 'p' is not declared"),
        (call("<a p:b=''/>"), "namespace prefix 'p' is not declared"),
        (call(&format!("<a{many}/>")), "too many attributes"),
        (call("<!-- a -- b -->"), "'--' in a comment"),
        (call("<?xml version='1.0'?>"), "an XML declaration must begin the document"),
        (call("<![CDATA[x"), "a CDATA section does not end"),
        (call("") + "<more/>", "element 'more' follows the end of the document"),
        (call("").replace("</s:Envelope>", ""), "the document ends inside element 's:Envelope'"),
    ] {
        let problem = match Request::parse(&document, lenient) {
            Ok(request) => request.arguments(args::Logout::TYPE).map(|_| ()).unwrap_err(),
            Err(problem) => problem,
        };
        assert!(matches!(problem.problem, crate::Problem::Malformed { .. }), "{document}\n{problem}");
        assert!(problem.to_string().contains(reason), "{document}\n{problem}");
    }
}

#[test]
fn a_request_that_is_cut_off_anywhere_is_refused() {
    let arguments = args::ReconfigVM_Task::with(|a| {
        a.spec = VirtualMachineConfigSpec::with(|s| s.annotation = Some("a & é".into())).into();
    });
    let method = args::ReconfigVM_Task::METHOD;
    let this = MoRef::new("VirtualMachine", "vm-1");
    let whole = call(method, &this, &arguments, &[("operationID", "1")], ApiVersion::newest());
    for length in 0..whole.len() {
        let read = |text: &str| Request::parse(text, Limits::REQUEST)?.arguments(method.params);
        assert!(decode_text(&whole[..length]).and_then(|text| read(&text)).is_err(), "{length}");
    }
    assert!(Request::parse(&decode_text(&whole).unwrap(), Limits::REQUEST).unwrap().arguments(method.params).is_ok());
}

#[test]
fn nesting_and_the_number_of_objects_are_bounded() {
    let nested = |depth: usize| {
        let open = "<value xsi:type='ArrayOfAnyType'><anyType xsi:type='ArrayOfAnyType'>".repeat(depth / 2);
        any_value(&format!("{open}{}", "</anyType></value>".repeat(depth / 2)))
    };
    assert!(nested(2).is_ok());
    assert_eq!(
        any_value(&format!(
            "<value xsi:type='ArrayOfAnyType'>{}{}</value>",
            "<anyType xsi:type='ArrayOfAnyType'>".repeat(5000),
            "</anyType>".repeat(5000)
        ))
        .unwrap_err()
        .rsplit(": ")
        .next()
        .unwrap(),
        "nested deeper than 64 levels"
    );
    let text = format!("<o>{}</o>", "<option><key/></option>".repeat(11));
    let limits = Limits { objects: 10, skip_unknown: true, ..Limits::REQUEST };
    let ty = crate::type_named("HostCapability").unwrap();
    assert!(decode_object(text.as_bytes(), ty, limits).is_err());
    let text = format!("<o>{}</o>", "<extraConfig><key/></extraConfig>".repeat(11));
    let error = decode_object(text.as_bytes(), VirtualMachineConfigSpec::TYPE, limits).unwrap_err();
    assert_eq!(error.to_string(), "extraConfig[9]: more than 10 objects");
}

#[test]
fn a_client_skips_what_a_newer_server_sends() {
    let text = format!(
        "<o xmlns:xsi='{XSI}'><key>1</key><brandNew><x><y/></x></brandNew><backing xsi:type='VirtualHologramBackingInfo'>\
         <color>red</color></backing><unitNumber>3</unitNumber></o>"
    );
    let object = decode_object(text.as_bytes(), VirtualDevice::TYPE, Limits::REPLY).unwrap();
    let device = cast::<VirtualDevice>(&*object).unwrap();
    assert_eq!((device.key, device.unit_number), (1, Some(3)));
    assert_eq!(device.backing.as_ref().unwrap().shared().descriptor(), VirtualDeviceBackingInfo::TYPE);
}

#[test]
fn an_object_of_a_subtype_is_read_as_what_its_document_says() {
    let text = format!(
        "<o xmlns:xsi='{XSI}' xmlns:v='urn:vim25' xsi:type='v:VirtualDisk'><key>1</key><capacityInKB>2</capacityInKB></o>"
    );
    let object = decode_object(text.as_bytes(), VirtualDevice::TYPE, Limits::REQUEST).unwrap();
    assert!(object.is::<VirtualDisk>());
}

#[test]
fn a_fault_of_a_real_server_is_read() {
    let text = envelope(
        "<s:Fault><faultcode>ServerFaultCode</faultcode><faultstring>The session is not authenticated.</faultstring>\
         <detail><NotAuthenticatedFault xmlns='urn:vim25' xsi:type='NotAuthenticated'>\
         <object type='Folder'>group-d1</object><privilegeId>System.View</privilegeId></NotAuthenticatedFault></detail></s:Fault>",
    );
    let Reply::Fault(fault) = decode_response(text.as_bytes(), args::CurrentTime::METHOD, Limits::REPLY).unwrap()
    else {
        panic!("a fault is a fault");
    };
    assert_eq!(fault.message, "The session is not authenticated.");
    let detail = fault.detail.unwrap();
    assert_eq!(cast::<NotAuthenticated>(&*detail).unwrap().privilege_id.as_deref(), Some("System.View"));
}

#[test]
fn regression_govmomi_uses_the_prefix_xsd_without_declaring_it() {
    let text = "<o xmlns='urn:vim25'><key>guestinfo.colour</key>\
        <value xmlns:XMLSchema-instance='http://www.w3.org/2001/XMLSchema-instance' \
        XMLSchema-instance:type='xsd:string'>blue</value></o>";
    let object = decode_object(text.as_bytes(), OptionValue::TYPE, Limits::REQUEST).unwrap();
    assert_eq!(cast::<OptionValue>(&*object).unwrap().value, Some(Any::Str("blue".into())));
}

#[test]
fn what_a_server_leaves_out_has_its_default() {
    let text = "<obj xmlns='urn:vim25' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='VirtualDisk'>\
                <capacityInKB>7</capacityInKB></obj>";
    let disk = decode_object(text.as_bytes(), VirtualDevice::TYPE, Limits::REPLY).unwrap();
    let disk: &VirtualDisk = crate::cast(&*disk).unwrap();
    assert_eq!((disk.key, disk.capacity_in_kb), (0, 7));
    let refused = decode_object(text.as_bytes(), VirtualDevice::TYPE, Limits::REQUEST).unwrap_err();
    assert_eq!(refused.to_string(), "VirtualDisk requires 'key'");
}

//! Exact text of what is tricky.

use super::*;
use crate::{Any, AnyList, Binary, DateTime, EnumValue, Method, Obj, args};

fn list(item: Kind, items: Vec<Any>) -> Any {
    Any::List(AnyList { item, items })
}

fn fields_text(object: &dyn crate::DataObject, version: &str) -> String {
    let mut out = Vec::new();
    Encoder::new(&mut out, ApiVersion::parse(version).unwrap(), Service::Vim25).fields(object);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_response_has_the_envelope_of_a_vcenter() {
    let task = MoRef::new("Task", "task-1");
    let text = response(args::CreateVM_Task::METHOD, Ref::MoRef(&task), ApiVersion::newest());
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <soapenv:Envelope xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\" \
         xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n\
         <soapenv:Body>\n\
         <CreateVM_TaskResponse xmlns=\"urn:vim25\"><returnval type=\"Task\">task-1</returnval></CreateVM_TaskResponse>\n\
         </soapenv:Body>\n\
         </soapenv:Envelope>"
    );
}

#[test]
fn a_method_without_a_result_answers_with_an_empty_element() {
    let text = String::from_utf8(response(args::Logout::METHOD, Ref::Unset, ApiVersion::newest())).unwrap();
    assert!(text.contains("<LogoutResponse xmlns=\"urn:vim25\"></LogoutResponse>"), "{text}");
}

#[test]
fn a_fault_is_named_after_its_type() {
    let text = fault(&InvalidLogin::default(), "Cannot complete login <here>.", ApiVersion::newest());
    assert!(String::from_utf8(text).unwrap().contains(
        "<soapenv:Fault><faultcode>ServerFaultCode</faultcode>\
         <faultstring>Cannot complete login &lt;here&gt;.</faultstring><detail>\
         <InvalidLoginFault xmlns=\"urn:vim25\" xsi:type=\"InvalidLogin\"></InvalidLoginFault></detail></soapenv:Fault>"
    ));
}

#[test]
fn a_fault_that_the_client_does_not_know_arrives_as_its_base() {
    let old = ApiVersion::parse("5.0").unwrap();
    let newer = crate::all_types().iter().find(|t| t.fault && t.since > old && t.base.is_some_and(|b| b.since <= old));
    let newer = newer.unwrap();
    let base = newer.base.unwrap().name;
    let text = String::from_utf8(fault(&*(newer.new)(), "", old)).unwrap();
    assert!(text.contains(&format!("<detail><{base}Fault xmlns=\"urn:vim25\" xsi:type=\"{base}\">")), "{text}");
}

#[test]
fn simple_values_of_any_type_carry_the_name_of_their_type() {
    for (value, text) in [
        (Any::Bool(true), "<v xsi:type=\"xsd:boolean\">true</v>"),
        (Any::Byte(-1), "<v xsi:type=\"xsd:byte\">-1</v>"),
        (Any::Short(300), "<v xsi:type=\"xsd:short\">300</v>"),
        (Any::Int(7), "<v xsi:type=\"xsd:int\">7</v>"),
        (Any::Long(1 << 40), "<v xsi:type=\"xsd:long\">1099511627776</v>"),
        (Any::Float(0.5), "<v xsi:type=\"xsd:float\">0.5</v>"),
        (Any::Double(f64::NEG_INFINITY), "<v xsi:type=\"xsd:double\">-INF</v>"),
        ("a & b".into(), "<v xsi:type=\"xsd:string\">a &amp; b</v>"),
        (Any::Uri("ds:///x".into()), "<v xsi:type=\"xsd:anyURI\">ds:///x</v>"),
        (Any::DateTime(DateTime::from_micros(0)), "<v xsi:type=\"xsd:dateTime\">1970-01-01T00:00:00Z</v>"),
        (Any::Binary(Binary(vec![1, 2])), "<v xsi:type=\"xsd:base64Binary\">AQI=</v>"),
        (
            MoRef::new("VirtualMachine", "vm-1").into(),
            "<v xsi:type=\"ManagedObjectReference\" type=\"VirtualMachine\">vm-1</v>",
        ),
        (Any::of_enum(&ManagedEntityStatus::Green), "<v xsi:type=\"ManagedEntityStatus\">green</v>"),
        (
            Any::object(SharesInfo::with(|s| s.shares = 5)),
            "<v xsi:type=\"SharesInfo\"><shares>5</shares><level>low</level></v>",
        ),
    ] {
        assert_eq!(any_text(&value), text);
    }
}

#[test]
fn lists_of_any_type_are_named_after_their_items() {
    let nic = Any::object(VirtualVmxnet3::with(|n| n.key = 4000));
    for (value, text) in [
        (
            list(Kind::Str, vec!["a".into(), "b".into()]),
            "<v xsi:type=\"ArrayOfString\"><string>a</string><string>b</string></v>",
        ),
        (list(Kind::Int, vec![Any::Int(1)]), "<v xsi:type=\"ArrayOfInt\"><int>1</int></v>"),
        (list(Kind::Object(VirtualDevice::TYPE), vec![]), "<v xsi:type=\"ArrayOfVirtualDevice\"></v>"),
        (
            list(Kind::MoRef("VirtualMachine"), vec![MoRef::new("VirtualMachine", "vm-1").into()]),
            "<v xsi:type=\"ArrayOfManagedObjectReference\">\
             <ManagedObjectReference type=\"VirtualMachine\">vm-1</ManagedObjectReference></v>",
        ),
        (
            list(Kind::Object(VirtualDevice::TYPE), vec![nic]),
            "<v xsi:type=\"ArrayOfVirtualDevice\">\
             <VirtualDevice xsi:type=\"VirtualVmxnet3\"><key>4000</key></VirtualDevice></v>",
        ),
        (
            list(Kind::Any, vec![Any::Int(1), "x".into()]),
            "<v xsi:type=\"ArrayOfAnyType\"><anyType xsi:type=\"xsd:int\">1</anyType>\
             <anyType xsi:type=\"xsd:string\">x</anyType></v>",
        ),
        (
            list(Kind::Enum(ManagedEntityStatus::TYPE), vec![Any::of_enum(&ManagedEntityStatus::Red)]),
            "<v xsi:type=\"ArrayOfManagedEntityStatus\"><ManagedEntityStatus>red</ManagedEntityStatus></v>",
        ),
    ] {
        assert_eq!(any_text(&value), text);
    }
}

#[test]
fn a_list_of_a_typed_field_is_written_as_any_type_without_copying_it() {
    let hardware = VirtualHardware::with(|h| h.device = Some(vec![VirtualDisk::with(|d| d.key = 2000).into()]));
    let field = VirtualHardware::TYPE.field("device").unwrap().2;
    let value = (&hardware as &dyn crate::DataObject).field("device").unwrap();
    let mut out = Vec::new();
    Encoder::new(&mut out, ApiVersion::newest(), Service::Vim25).any("val", field.kind, value);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "<val xsi:type=\"ArrayOfVirtualDevice\"><VirtualDevice xsi:type=\"VirtualDisk\"><key>2000</key>\
         <capacityInKB>0</capacityInKB></VirtualDevice></val>"
    );
}

#[test]
fn a_type_is_named_only_where_it_is_not_the_declared_one() {
    let card = VirtualVmxnet3::with(|n| {
        n.key = 4000;
        n.device_info = Some(Description::with(|d| d.label = "Network adapter 1".into()).into());
        n.backing = Some(VirtualEthernetCardNetworkBackingInfo::with(|b| b.device_name = "VM Network".into()).into());
        n.mac_address = Some("00:50:56:00:00:01".into());
    });
    let change = VirtualDeviceConfigSpec::with(|c| {
        c.operation = Some(VirtualDeviceConfigSpecOperation::Add);
        c.device = card.into();
    });
    assert_eq!(
        fields_text(&change, "8.0.3.0"),
        "<operation>add</operation><device xsi:type=\"VirtualVmxnet3\"><key>4000</key>\
         <deviceInfo><label>Network adapter 1</label><summary></summary></deviceInfo>\
         <backing xsi:type=\"VirtualEthernetCardNetworkBackingInfo\"><deviceName>VM Network</deviceName></backing>\
         <macAddress>00:50:56:00:00:01</macAddress></device>"
    );
}

#[test]
fn fields_newer_than_the_client_are_left_out() {
    let card = VirtualVmxnet3::with(|n| (n.key, n.uptv2_enabled) = (4000, Some(true)));
    assert_eq!(fields_text(&card, "8.0.3.0"), "<key>4000</key><uptv2Enabled>true</uptv2Enabled>");
    assert_eq!(fields_text(&card, "7.0.3.0"), "<key>4000</key>");
}

#[test]
fn objects_newer_than_the_client_are_shown_as_their_nearest_known_base() {
    let old = ApiVersion::parse("4.0").unwrap();
    let newer: Obj<VirtualDevice> = VirtualAHCIController::with(|c| (c.key, c.bus_number) = (15_000, 2)).into();
    assert!(VirtualAHCIController::TYPE.since > old);
    let known = VirtualAHCIController::TYPE.lineage().find(|t| t.since <= old).unwrap();
    assert_eq!(known.name, "VirtualController");
    let expected = "<device xsi:type=\"VirtualController\"><key>15000</key><busNumber>2</busNumber></device>";
    let mut out = Vec::new();
    Encoder::new(&mut out, old, Service::Vim25).value(
        "device",
        Kind::Object(VirtualDevice::TYPE),
        Ref::Object(newer.shared()),
    );
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn types_of_another_service_bring_their_namespace_along() {
    let details = || Any::object(CnsBackingObjectDetails::with(|d| d.capacity_in_mb = Some(1)));
    assert_eq!(
        any_text(&details()),
        "<v xmlns:vsan=\"urn:vsan\" xsi:type=\"vsan:CnsBackingObjectDetails\">\
         <capacityInMb xmlns=\"urn:vsan\">1</capacityInMb></v>"
    );
    let shares = Any::object(SharesInfo::default());
    let text = any_text(&list(Kind::Any, vec![details(), shares]));
    assert!(
        text.ends_with("<anyType xsi:type=\"SharesInfo\"><shares>0</shares><level>low</level></anyType></v>"),
        "{text}"
    );
}

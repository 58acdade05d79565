use crate::{types::*, *};

#[track_caller]
fn refused(body: &str, declared: &'static Type) -> String {
    json::decode_object(body.as_bytes(), declared, Limits::REQUEST).expect_err("this is bad input").to_string()
}

#[track_caller]
fn spec(body: &str) -> String {
    refused(body, VirtualMachineConfigSpec::TYPE)
}

#[track_caller]
fn any(body: &str) -> String {
    json::decode_any(body.as_bytes(), Limits::REQUEST).expect_err("this is bad input").to_string()
}

#[test]
fn broken_text_is_refused_with_its_place() {
    assert_eq!(spec("{\n  \"name\": \"a\",,"), "malformed at line 2, column 15: key must be a string");
    assert_eq!(spec("{\"name\":\"a\""), "malformed at line 1, column 11: EOF while parsing an object");
    assert_eq!(spec("{} x"), "malformed at line 1, column 4: trailing characters");
    assert_eq!(
        spec("{\"name\":\"a\nb\"}"),
        "malformed at line 1, column 10: control character (\\u0000-\\u001F) found while parsing a string"
    );
    assert!(spec(r#"{"name":"\ud800","_typeName":"VirtualMachineConfigSpec"}"#).starts_with("name: malformed"));
    let not_utf8 = json::decode_object(b"{\n\"name\":\"\xff\"}", VirtualMachineConfigSpec::TYPE, Limits::REQUEST);
    assert_eq!(not_utf8.err().unwrap().to_string(), "malformed at line 2, column 9: not UTF-8");
}

#[test]
fn types_must_exist_and_fit_their_place() {
    assert_eq!(spec(r#"{"_typeName":"Foo"}"#), "there is no type 'Foo'");
    assert_eq!(spec(r#"{"_typeName":"VirtualDisk"}"#), "expected VirtualMachineConfigSpec, found VirtualDisk");
    assert_eq!(spec(r#"{"files":{"_typeName":"Foo"}}"#), "files: there is no type 'Foo'");
    assert_eq!(
        spec(r#"{"deviceChange":[{},{"device":{"_typeName":"OptionValue"}}]}"#),
        "deviceChange[0]: VirtualDeviceConfigSpec requires 'device'"
    );
    assert_eq!(
        spec(r#"{"deviceChange":[{"device":{"_typeName":"OptionValue"}}]}"#),
        "deviceChange[0].device: expected VirtualDevice, found OptionValue"
    );
    assert_eq!(refused("[]", OptionValue::TYPE), "expected OptionValue, found list");
    assert_eq!(refused("null", OptionValue::TYPE), "expected OptionValue, found null");
    assert!(spec(r#"{"_typeName":5}"#).starts_with("expected string, found"));
    assert_eq!(
        refused(r#"{"_typeName":"OptionValue"}"#, LocalizedMethodFault::TYPE),
        "expected MethodFault, found OptionValue"
    );
}

#[test]
fn values_must_be_of_the_type_that_the_field_declares() {
    assert_eq!(spec(r#"{"name":5}"#), "name: expected string, found number");
    assert_eq!(spec(r#"{"numCPUs":"2"}"#), "numCPUs: expected int, found string");
    assert_eq!(spec(r#"{"numCPUs":2.5}"#), "numCPUs: expected int, found number with a fraction");
    assert_eq!(spec(r#"{"numCPUs":2147483648}"#), "numCPUs: 2147483648 is out of the range of int");
    assert_eq!(
        spec(r#"{"memoryMB":9223372036854775808}"#),
        "memoryMB: 9223372036854775808 is out of the range of long"
    );
    assert_eq!(
        spec(r#"{"memoryMB":100000000000000000000}"#),
        "memoryMB: 100000000000000000000 is out of the range of long"
    );
    assert_eq!(spec(r#"{"createDate":"yesterday"}"#), "createDate: expected dateTime, found string");
    assert_eq!(spec(r#"{"memoryHotAddEnabled":"true"}"#), "memoryHotAddEnabled: expected boolean, found string");
    assert_eq!(spec(r#"{"extraConfig":{}}"#), "extraConfig: expected list of OptionValue, found object");
    assert_eq!(
        spec(r#"{"cpuAffinity":{"affinitySet":[1,null]}}"#),
        "cpuAffinity.affinitySet[1]: expected int, found null"
    );
    assert_eq!(any(r#"{"_typeName":"float","_value":1e39}"#), "1e39 is out of the range of float");
    assert_eq!(any(r#"{"_typeName":"double","_value":"five"}"#), "expected double, found something else");
    assert_eq!(any(r#"{"_typeName":"base64Binary","_value":"%"}"#), "expected base64Binary, found string");
}

#[test]
fn fields_must_be_known_single_and_if_required_there() {
    assert_eq!(spec(r#"{"nam":"a"}"#), "VirtualMachineConfigSpec has no 'nam'");
    assert_eq!(spec(r#"{"name":"a","name":"b"}"#), "'name' is given more than once");
    assert_eq!(
        spec(r#"{"_typeName":"VirtualMachineConfigSpec","_typeName":"VirtualMachineConfigSpec"}"#),
        "'_typeName' is given more than once"
    );
    assert_eq!(refused("{}", VirtualDisk::TYPE), "VirtualDisk requires 'key'");
    assert_eq!(refused(r#"{"key":null}"#, VirtualDisk::TYPE), "VirtualDisk requires 'key'");
    let create = managed_type("Folder").unwrap().method("CreateFolder").unwrap();
    let missing = json::decode_args(b"", create, Limits::REQUEST).err().unwrap();
    assert_eq!(missing.problem, Problem::Missing { owner: "CreateFolder", field: "name" });
    assert!(json::decode_object(br#"{"nam":{"x":[1]}}"#, VirtualMachineConfigSpec::TYPE, Limits::REPLY).is_ok());
}

#[test]
fn what_a_server_leaves_out_has_its_default() {
    let disk = json::decode_object(br#"{"capacityInKB":7}"#, VirtualDisk::TYPE, Limits::REPLY).unwrap();
    let disk: &VirtualDisk = cast(&*disk).unwrap();
    assert_eq!((disk.key, disk.capacity_in_kb), (0, 7));
}

#[test]
fn boxes_and_references_must_be_complete() {
    assert_eq!(any("5"), "expected anyType, found number");
    assert_eq!(any(r#"{"_value":5}"#), "expected anyType, found object without _typeName");
    assert_eq!(any(r#"{"_typeName":"int"}"#), "expected int, found object without _value");
    assert_eq!(any(r#"{"_typeName":"int","_value":1,"_value":2}"#), "'_value' is given more than once");
    assert_eq!(any(r#"{"_typeName":"int","_value":1,"x":2}"#), "expected int, found object with 'x'");
    assert_eq!(any(r#"{"_typeName":"int","_value":null}"#), "expected int, found null");
    assert_eq!(any(r#"{"_typeName":"ArrayOfInt","_value":[1,"2"]}"#), "[1]: expected int, found string");
    assert_eq!(any(r#"{"_typeName":"ArrayOfNothing","_value":[]}"#), "there is no type 'ArrayOfNothing'");
    assert_eq!(any(r#"{"_typeName":"ArrayOf","_value":[]}"#), "there is no type 'ArrayOf'");
    let reference = |members: &str| any(&format!(r#"{{"_typeName":"ManagedObjectReference",{members}}}"#));
    assert_eq!(reference(r#""type":"Folder""#), "ManagedObjectReference requires 'value'");
    assert_eq!(reference(r#""type":"A","type":"B""#), "'type' is given more than once");
    assert_eq!(reference(r#""kind":"A""#), "ManagedObjectReference has no 'kind'");
}

#[test]
fn depth_and_number_of_objects_are_limited() {
    let nested = |levels: usize| {
        format!("{}{}{}", r#"{"_typeName":"ArrayOfAnyType","_value":["#.repeat(levels), "", "]}".repeat(levels))
    };
    assert!(json::decode_any(nested(32).as_bytes(), Limits::REQUEST).is_ok());
    assert_eq!(any(&nested(33)).rsplit(": ").next(), Some("nested deeper than 64 levels"));
    assert!(any(&nested(100_000)).ends_with("nested deeper than 64 levels"));
    assert!(any(&"[".repeat(100_000)).contains("expected anyType"));
    let limits = Limits { objects: 3, ..Limits::REQUEST };
    let changes =
        |n: usize| format!(r#"{{"vAppConfig":{{"product":[{}]}}}}"#, vec!["{\"operation\":\"add\"}"; n].join(","));
    let decode = |n| json::decode_object(changes(n).as_bytes(), VirtualMachineConfigSpec::TYPE, limits);
    assert!(decode(1).is_ok());
    assert_eq!(decode(2).err().unwrap().problem, Problem::TooManyObjects { limit: 3 });
}

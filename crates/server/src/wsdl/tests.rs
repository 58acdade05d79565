use std::collections::{BTreeMap, BTreeSet};

use quick_xml::{Reader, events::Event};

use vim25::{Service, all_enums, all_managed, all_types};

use super::*;

const SCHEMAS: [&str; 5] =
    ["core-types.xsd", "query-types.xsd", "vim-types.xsd", "query-messagetypes.xsd", "vim-messagetypes.xsd"];

fn versions() -> Vec<ApiVersion> {
    ["2.5", "6.7", "8.0.3.0", "9.1.1.0"].iter().map(|label| ApiVersion::parse(label).unwrap()).collect()
}

fn served() -> ApiVersion {
    ApiVersion::parse("8.0.3.0").unwrap()
}

fn fetch(name: &str, version: ApiVersion) -> String {
    let (media, body) = document(&format!("/sdk/{name}"), "", "http://localhost", version).unwrap();
    assert_eq!(media, "text/xml; charset=utf-8");
    String::from_utf8(body.to_vec()).unwrap()
}

/// Names and references in documents that together describe the service.
#[derive(Default)]
struct Found {
    /// How often each `(kind, name)` is declared, for example `("complexType", "Folder")`.
    declared: BTreeMap<(String, String), usize>,
    /// Every `(attribute, name)` that points into `urn:vim25`.
    referred: BTreeSet<(String, String)>,
}

impl Found {
    fn of(version: ApiVersion) -> Found {
        let mut found = Found::default();
        SCHEMAS.iter().chain(&["vim.wsdl"]).for_each(|name| found.read(&fetch(name, version)));
        found
    }

    /// Reads a document, which must be well formed. What stands inside of a type declares nothing for others.
    fn read(&mut self, text: &str) {
        let mut reader = Reader::from_str(text);
        let mut open: Vec<String> = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(tag) => {
                    self.note(&tag, &open);
                    open.push(tag.local_name().as_ref().to_string());
                }
                Event::Empty(tag) => self.note(&tag, &open),
                Event::End(_) => drop(open.pop()),
                Event::Eof => break,
                _ => {}
            }
        }
        assert!(open.is_empty(), "unclosed: {open:?}");
    }

    fn note(&mut self, tag: &quick_xml::events::BytesStart<'_>, open: &[String]) {
        let kind = tag.local_name().as_ref().to_string();
        for attribute in tag.attributes() {
            let attribute = attribute.unwrap();
            let key = attribute.key.as_ref().to_string();
            let value = attribute.value.to_string();
            if let Some(name) = value.strip_prefix("vim25:") {
                self.referred.insert((key, name.to_string()));
            } else if key == "name"
                && matches!(open.last().map(String::as_str), Some("schema" | "definitions" | "portType"))
            {
                *self.declared.entry((kind.clone(), value)).or_default() += 1;
            }
        }
    }

    fn times(&self, kind: &str, name: &str) -> usize {
        self.declared.get(&(kind.to_string(), name.to_string())).copied().unwrap_or(0)
    }
}

#[test]
fn every_type_and_enum_of_the_version_is_declared_once_and_newer_ones_are_not() {
    for version in versions() {
        let found = Found::of(version);
        for ty in all_types() {
            let expected = match ty.service {
                _ if ty.since > version => 0..=0,
                Service::Vim25 => 1..=1,
                _ => 0..=1,
            };
            let times = found.times("complexType", ty.name);
            assert!(expected.contains(&times), "{} is declared {times} times in {version}", ty.name);
        }
        for ty in all_enums() {
            assert_eq!(
                found.times("simpleType", ty.name),
                usize::from(ty.since <= version),
                "{} in {version}",
                ty.name
            );
        }
    }
}

#[test]
fn every_method_of_the_version_is_an_operation_once_and_newer_ones_are_not() {
    for version in versions() {
        let found = Found::of(version);
        for owner in all_managed() {
            for method in owner.methods {
                let expected = owner.service == Service::Vim25 && owner.since <= version && method.since <= version;
                let request = method.name.trim_end_matches("_Task").to_string() + "RequestType";
                assert_eq!(
                    found.times("operation", method.name),
                    usize::from(expected),
                    "{} in {version}",
                    method.name
                );
                assert_eq!(found.times("complexType", &request), usize::from(expected), "{request} in {version}");
            }
        }
    }
}

#[test]
fn nothing_is_declared_twice_and_every_reference_leads_somewhere() {
    for version in versions() {
        let found = Found::of(version);
        for ((kind, name), times) in &found.declared {
            assert_eq!(*times, 1, "{kind} {name} in {version}");
        }
        for (attribute, name) in &found.referred {
            let kinds: &[&str] = match attribute.as_str() {
                "base" => &["complexType"],
                "element" => &["element"],
                "message" => &["message"],
                "type" if name == "VimPortType" => &["portType"],
                "type" => &["complexType", "simpleType"],
                other => panic!("unexpected reference {other}={name}"),
            };
            let times: usize = kinds.iter().map(|kind| found.times(kind, name)).sum();
            assert_eq!(times, 1, "{attribute}={name} in {version}");
        }
    }
}

#[test]
fn documents_are_the_same_whenever_they_are_built() {
    for (name, build) in SHARED {
        assert_eq!(build(&Scope::new(served())), build(&Scope::new(served())), "{name}");
    }
}

#[test]
fn every_included_document_is_served() {
    for (name, _) in SHARED {
        let text = fetch(name, served());
        for rest in text.split("schemaLocation=\"").skip(1) {
            let included = rest.split('"').next().unwrap();
            assert!(document(&format!("/sdk/{included}"), "", "", served()).is_some(), "{name} includes {included}");
        }
    }
}

#[test]
fn a_type_extends_its_base_and_lists_its_own_fields_in_order() {
    let expected = r#" <complexType name="TraversalSpec">
  <complexContent>
  <extension base="vim25:SelectionSpec">
  <sequence>
   <element name="type" type="xsd:string"/>
   <element name="path" type="xsd:string"/>
   <element name="skip" type="xsd:boolean" minOccurs="0"/>
   <element name="selectSet" type="vim25:SelectionSpec" minOccurs="0" maxOccurs="unbounded"/>
  </sequence>
  </extension>
  </complexContent>
 </complexType>
"#;
    assert!(fetch("query-types.xsd", served()).contains(expected));
}

#[test]
fn a_fault_as_a_value_is_localized_and_fault_types_extend_no_dynamic_data() {
    let text = fetch("core-types.xsd", served());
    assert!(text.contains(" <complexType name=\"MethodFault\">\n  <sequence>\n"));
    assert!(text.contains("<element name=\"faultCause\" type=\"vim25:LocalizedMethodFault\" minOccurs=\"0\"/>"));
}

#[test]
fn lists_in_places_of_any_type_have_a_type_even_when_only_a_task_results_in_them() {
    let found = Found::of(served());
    for name in ["ArrayOfVirtualDevice", "ArrayOfManagedObjectReference", "ArrayOfString", "ArrayOfCheckResult"] {
        assert_eq!(found.times("complexType", name), 1, "{name}");
    }
}

#[test]
fn a_task_method_answers_a_reference_and_a_void_method_nothing() {
    let text = fetch("vim.wsdl", served());
    let create = text.split("<element name=\"CreateVM_TaskResponse\">").nth(1).unwrap();
    assert!(create.split("</element>").next().unwrap().contains("returnval\" type=\"vim25:ManagedObjectReference\"/>"));
    let logout = text.split("<element name=\"LogoutResponse\">").nth(1).unwrap();
    assert!(logout.starts_with("\n  <complexType/>\n </element>"));
    assert!(text.contains("<soap:operation soapAction=\"urn:vim25/8.0.3.0\" style=\"document\"/>"));
}

#[test]
fn prior_versions_come_newest_first_and_none_is_newer_than_the_server() {
    let text = fetch("vimServiceVersions.xml", served());
    let labels: Vec<&str> = text.split("<version>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(labels[..4], ["8.0.3.0", "8.0.2.0", "8.0.1.0", "8.0.0.2"]);
    assert_eq!(labels.last(), Some(&"2.0"));
    assert!(!text.contains("8.0.3.1"));
    let ranks: Vec<_> = labels.iter().map(|label| ApiVersion::parse(label).unwrap()).collect();
    assert!(ranks.windows(2).all(|pair| pair[0] > pair[1]));
}

#[test]
fn the_service_names_the_address_by_which_it_was_reached_and_finds_its_interface_from_every_alias() {
    for (path, query, import) in [
        ("/sdk/vimService.wsdl", "", "vim.wsdl"),
        ("/sdk/vimService", "wsdl", "vim.wsdl"),
        ("/sdk/vimService", "WSDL", "vim.wsdl"),
        ("/sdk/", "wsdl", "/sdk/vim.wsdl"),
        ("/sdk", "wsdl", "/sdk/vim.wsdl"),
    ] {
        let (_, body) = document(path, query, "https://vc.example:8989", served()).unwrap();
        let text = std::str::from_utf8(&body).unwrap();
        assert!(text.contains("<soap:address location=\"https://vc.example:8989/sdk\"/>"), "{path}?{query}");
        assert!(text.contains(&format!("<import location=\"{import}\"")), "{path}?{query}");
    }
}

#[test]
fn a_host_header_cannot_write_markup() {
    let (_, body) = document("/sdk/vimService.wsdl", "", "http://\"/><x>&", served()).unwrap();
    let text = std::str::from_utf8(&body).unwrap();
    assert!(text.contains("location=\"http://&quot;/&gt;&lt;x&gt;&amp;/sdk\""), "{text}");
}

#[test]
fn other_paths_have_no_document() {
    for (path, query) in
        [("/sdk", ""), ("/sdk/vimService", ""), ("/sdk/nothing.xsd", ""), ("/vim.wsdl", ""), ("/", "wsdl")]
    {
        assert!(document(path, query, "http://localhost", served()).is_none(), "{path}?{query}");
    }
}

//! The WSDL proper: elements, messages, port type, binding, and the service with its address.

use std::{collections::BTreeSet, fmt::Write};

use vim25::{Kind, MethodInfo};

use super::{
    messages, schema,
    scope::Scope,
    xml::{DECLARATION, escape},
};

/// Schema documents that `vim.wsdl` includes; they include all others.
const INCLUDES: [&str; 3] = ["core-types.xsd", "query-messagetypes.xsd", "vim-messagetypes.xsd"];

/// The fault of which every method may answer a subtype.
const ANY_FAULT: &str = "RuntimeFault";

/// `vimService.wsdl`: `import` says where `vim.wsdl` is, and the port is at `/sdk` of `base_url`.
pub fn service(import: &str, base_url: &str) -> String {
    let address = format!("{}/sdk", base_url.trim_end_matches('/'));
    format!(
        r#"{DECLARATION}<definitions targetNamespace="urn:vim25Service" xmlns="http://schemas.xmlsoap.org/wsdl/"
 xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:interface="urn:vim25">
 <import location="{import}" namespace="urn:vim25"/>
 <service name="VimService">
  <port binding="interface:VimBinding" name="VimPort">
   <soap:address location="{}"/>
  </port>
 </service>
</definitions>
"#,
        escape(&address)
    )
}

/// `vim.wsdl`: what the service can do, and how it travels.
pub fn interface(scope: &Scope) -> String {
    let mut out = String::from(DECLARATION);
    out.push_str("<definitions targetNamespace=\"urn:vim25\" xmlns=\"http://schemas.xmlsoap.org/wsdl/\"");
    out.push_str(" xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" xmlns:vim25=\"urn:vim25\">\n");
    elements(&mut out, scope);
    message_list(&mut out, scope);
    port_type(&mut out, scope);
    binding(&mut out, scope);
    out.push_str("</definitions>\n");
    out
}

/// Names of all fault types, each of which may be the detail of a SOAP fault.
fn faults(scope: &Scope) -> impl Iterator<Item = &'static str> {
    scope.types.iter().filter(|t| t.fault).map(|t| t.name)
}

fn elements(out: &mut String, scope: &Scope) {
    out.push_str("<types>\n");
    out.push_str(schema::OPEN);
    schema::include(out, &INCLUDES);
    out.push_str(" <import namespace=\"urn:reflect\" schemaLocation=\"reflect-messagetypes.xsd\"/>\n");
    out.push_str(" <element name=\"versionURI\" type=\"xsd:string\"/>\n");
    for (_, method) in &scope.methods {
        let _ = writeln!(out, " <element name=\"{}\" type=\"vim25:{}\"/>", method.name, messages::request_type(method));
        response(out, method);
    }
    for fault in faults(scope) {
        let _ = writeln!(out, " <element name=\"{fault}Fault\" type=\"vim25:{fault}\"/>");
    }
    out.push_str("</schema>\n</types>\n");
}

fn response(out: &mut String, method: &MethodInfo) {
    let _ = write!(out, " <element name=\"{}Response\">\n  <complexType", method.name);
    if !method.task && method.result.kind == Kind::Void {
        out.push_str("/>\n </element>\n");
        return;
    }
    out.push_str(">\n   <sequence>\n    ");
    if method.task {
        out.push_str("<element name=\"returnval\" type=\"vim25:ManagedObjectReference\"/>\n");
    } else {
        schema::element(out, "returnval", &method.result);
    }
    out.push_str("   </sequence>\n  </complexType>\n </element>\n");
}

fn message_list(out: &mut String, scope: &Scope) {
    for fault in faults(scope) {
        message(out, &format!("{fault}FaultMsg"), "fault", &format!("{fault}Fault"));
    }
    for (_, method) in &scope.methods {
        message(out, &format!("{}RequestMsg", method.name), "parameters", method.name);
        message(out, &format!("{}ResponseMsg", method.name), "parameters", &format!("{}Response", method.name));
    }
}

fn message(out: &mut String, name: &str, part: &str, element: &str) {
    let _ =
        writeln!(out, "<message name=\"{name}\">\n <part name=\"{part}\" element=\"vim25:{element}\"/>\n</message>");
}

fn port_type(out: &mut String, scope: &Scope) {
    out.push_str("<portType name=\"VimPortType\">\n");
    for (_, method) in &scope.methods {
        let name = method.name;
        let _ = writeln!(out, " <operation name=\"{name}\">");
        let _ = writeln!(out, "  <input message=\"vim25:{name}RequestMsg\"/>");
        let _ = writeln!(out, "  <output message=\"vim25:{name}ResponseMsg\"/>");
        for fault in thrown(scope, method) {
            let _ = writeln!(out, "  <fault name=\"{}\" message=\"vim25:{fault}FaultMsg\"/>", fault_name(fault));
        }
        out.push_str(" </operation>\n");
    }
    out.push_str("</portType>\n");
}

fn binding(out: &mut String, scope: &Scope) {
    out.push_str("<binding name=\"VimBinding\" type=\"vim25:VimPortType\">\n");
    out.push_str(" <soap:binding style=\"document\" transport=\"http://schemas.xmlsoap.org/soap/http\"/>\n");
    for (_, method) in &scope.methods {
        let _ = writeln!(out, " <operation name=\"{}\">", method.name);
        let _ = writeln!(out, "  <soap:operation soapAction=\"urn:vim25/{}\" style=\"document\"/>", scope.version);
        out.push_str("  <input><soap:body use=\"literal\"/></input>\n");
        out.push_str("  <output><soap:body use=\"literal\"/></output>\n");
        for name in thrown(scope, method).into_iter().map(fault_name) {
            let _ = writeln!(out, "  <fault name=\"{name}\"><soap:fault name=\"{name}\" use=\"literal\"/></fault>");
        }
        out.push_str(" </operation>\n");
    }
    out.push_str("</binding>\n");
}

/// The faults of an operation: those that the method declares and the one that all may throw.
fn thrown(scope: &Scope, method: &MethodInfo) -> BTreeSet<&'static str> {
    let mut faults = scope.faults(method);
    faults.insert(ANY_FAULT);
    faults
}

/// Name of a fault within an operation: `InvalidNameFault`, but plain `RuntimeFault`.
fn fault_name(fault: &str) -> String {
    if fault == ANY_FAULT { fault.to_string() } else { format!("{fault}Fault") }
}

//! Request types: the receiver and the parameters of each method.

use std::fmt::Write;

use vim25::MethodInfo;

use super::{
    schema,
    scope::{Part, Scope},
};

/// The document with the request types of one part's methods.
pub fn requests(scope: &Scope, part: Part) -> String {
    let includes: &[&str] = match part {
        Part::Vim => &["core-types.xsd", "query-types.xsd", "vim-types.xsd"],
        Part::Core | Part::Query => &["core-types.xsd", "query-types.xsd"],
    };
    let mut out = schema::open(includes);
    for (_, method) in scope.methods.iter().filter(|(owner, _)| part_of(owner.dotted) == part) {
        request(&mut out, scope, method);
    }
    out.push_str("</schema>\n");
    out
}

/// Name of the type of a method's request: that of `CreateVM_Task` is `CreateVMRequestType`.
pub fn request_type(method: &MethodInfo) -> String {
    format!("{}RequestType", method.name.strip_suffix("_Task").unwrap_or(method.name))
}

/// There is no document for requests of `vmodl` itself, which has no methods of its own.
fn part_of(owner: &str) -> Part {
    match Part::of(owner) {
        Part::Core => Part::Vim,
        part => part,
    }
}

fn request(out: &mut String, scope: &Scope, method: &MethodInfo) {
    let _ = writeln!(out, " <complexType name=\"{}\">\n  <sequence>", request_type(method));
    out.push_str("   <element name=\"_this\" type=\"vim25:ManagedObjectReference\"/>\n");
    for parameter in scope.own_fields(method.params) {
        out.push_str("   ");
        schema::element(out, parameter.name, parameter);
    }
    out.push_str("  </sequence>\n </complexType>\n");
}

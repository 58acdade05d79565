//! SOAP requests as text, and what the load looks for in replies: simple enough for searching, no parser.

/// A reference: type and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    /// Managed object type
    pub kind: String,
    /// Id
    pub id: String,
}

impl Ref {
    /// A reference.
    pub fn new(kind: &str, id: &str) -> Self {
        Self { kind: kind.to_owned(), id: id.to_owned() }
    }

    /// As an element.
    pub fn element(&self, name: &str) -> String {
        format!(r#"<{name} type="{}">{}</{name}>"#, self.kind, self.id)
    }
}

/// A whole request: a method of an object, with arguments that are XML already.
pub fn call(this: &Ref, method: &str, arguments: &str) -> String {
    let this = this.element("_this");
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soapenv:Body><{method} xmlns="urn:vim25">{this}{arguments}</{method}></soapenv:Body></soapenv:Envelope>"#
    )
}

/// A `PropertyFilterSpec` for properties of one object.
pub fn object_spec(element: &str, object: &Ref, paths: &[&str]) -> String {
    let set = property_set(&object.kind, paths);
    format!("<{element}>{set}<objectSet>{}</objectSet></{element}>", object.element("obj"))
}

/// A `PropertyFilterSpec` for properties of all machines in a view.
pub fn view_spec(element: &str, view: &Ref, paths: &[&str]) -> String {
    let set = property_set("VirtualMachine", paths);
    let into = r#"<selectSet xsi:type="TraversalSpec"><type>ContainerView</type><path>view</path></selectSet>"#;
    format!("<{element}>{set}<objectSet>{}<skip>true</skip>{into}</objectSet></{element}>", view.element("obj"))
}

fn property_set(kind: &str, paths: &[&str]) -> String {
    let paths: String = paths.iter().map(|path| format!("<pathSet>{path}</pathSet>")).collect();
    format!("<propSet><type>{kind}</type>{paths}</propSet>")
}

/// The text of the first element with this name.
pub fn text<'a>(reply: &'a str, element: &str) -> Option<&'a str> {
    let rest = after(reply, element)?;
    rest.split_once('>')?.1.split('<').next()
}

/// The first reference that an element with this name holds.
pub fn reference(reply: &str, element: &str) -> Option<Ref> {
    let (attributes, rest) = after(reply, element)?.split_once('>')?;
    let kind = attributes.split("type=\"").nth(1)?.split('"').next()?;
    Some(Ref::new(kind, rest.split('<').next()?))
}

/// Every reference that elements with this name hold.
pub fn references(reply: &str, element: &str) -> Vec<Ref> {
    let starts = reply.match_indices(&format!("<{element} ")).map(|(at, _)| at).collect::<Vec<_>>();
    starts.into_iter().filter_map(|at| reference(&reply[at..], element)).collect()
}

/// What follows the name of the first element that is called so.
fn after<'a>(reply: &'a str, element: &str) -> Option<&'a str> {
    let tag = format!("<{element}");
    let starts = reply.match_indices(&tag).map(|(at, _)| &reply[at + tag.len()..]);
    starts.into_iter().find(|rest| rest.starts_with(['>', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &str = r#"<R><objects><obj type="VirtualMachine">vm-1</obj></objects><object>x</object><obj xsi:y="z" type="HostSystem">host-2</obj><version>7</version><state xsi:type="TaskInfoState">success</state></R>"#;

    #[test]
    fn texts_are_found_by_the_whole_name() {
        assert_eq!(text(REPLY, "version"), Some("7"));
        assert_eq!(text(REPLY, "object"), Some("x"));
        assert_eq!(text(REPLY, "state"), Some("success"));
        assert_eq!(text(REPLY, "vers"), None);
    }

    #[test]
    fn references_are_found_in_order() {
        assert_eq!(references(REPLY, "obj"), [Ref::new("VirtualMachine", "vm-1"), Ref::new("HostSystem", "host-2")]);
        assert_eq!(reference(REPLY, "obj"), Some(Ref::new("VirtualMachine", "vm-1")));
        assert_eq!(reference(REPLY, "nothing"), None);
    }

    #[test]
    fn a_reply_that_breaks_off_is_no_answer() {
        for cut in 0..REPLY.len() {
            let _ = (text(&REPLY[..cut], "version"), references(&REPLY[..cut], "obj"));
        }
        assert_eq!(text("<version", "version"), None);
        assert_eq!(reference("<obj type=\"", "obj"), None);
    }

    #[test]
    fn a_call_is_one_element_in_the_body() {
        let call = call(&Ref::new("Folder", "group-1"), "Rename_Task", "<newName>n</newName>");
        let expected =
            r#"<Rename_Task xmlns="urn:vim25"><_this type="Folder">group-1</_this><newName>n</newName></Rename_Task>"#;
        assert!(call.contains(expected), "{call}");
    }
}

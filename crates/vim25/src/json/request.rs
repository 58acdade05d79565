//! What a client sends and reads: the arguments of a call, and a fault that answers it.

use super::encode::Encoder;
use crate::{
    ApiVersion, DataObject, DataType, DecodeError, Limits, Obj, Shared, Str, pieces::repeats::Writer,
    types::LocalizedMethodFault,
};

/// The body of a call: the arguments as members of an object that does not name its type, as the method's name stands in
/// the path. Arguments that are newer than `version` are left out.
pub fn arguments(arguments: &dyn DataObject, version: ApiVersion) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    Encoder::new(&mut out, version).all_fields(arguments);
    // Every member begins with the comma that separates it from the one before.
    match out.first_mut() {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
    out
}

/// Reads the body of an answer that is a fault: the fault, with the message that it carries.
///
/// # Errors
/// If the body is not a fault of a known type.
pub fn decode_fault(body: &[u8], limits: Limits) -> Result<(Shared, Option<Str>), DecodeError> {
    let shared = super::decode_object(body, LocalizedMethodFault::TYPE, limits)?;
    let wrapped = Obj::<LocalizedMethodFault>::from_shared(shared);
    Ok(wrapped.map_or_else(|fault| (fault, None), |w| (w.fault.shared().clone(), w.localized_message.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, args, types};

    fn text(arguments: &dyn DataObject) -> String {
        String::from_utf8(super::arguments(arguments, ApiVersion::newest())).unwrap()
    }

    #[test]
    fn arguments_are_the_members_of_an_object_without_a_type() {
        let login = args::Login::with(|a| (a.user_name, a.password) = ("me".into(), "a\"b".into()));
        assert_eq!(text(&login), r#"{"userName":"me","password":"a\"b"}"#);
    }

    #[test]
    fn a_call_without_arguments_sends_an_empty_object() {
        assert_eq!(text(&args::RetrieveServiceContent::default()), "{}");
    }

    #[test]
    fn what_a_client_sends_is_what_a_server_reads() {
        let spec = types::PropertySpec::with(|s| (s.type_, s.path_set) = ("VirtualMachine".into(), Some(vec![])));
        let filter = types::PropertyFilterSpec::with(|f| f.prop_set = vec![spec.into()]);
        let sent = args::CreateFilter::with(|a| (a.spec, a.partial_updates) = (filter.into(), true));
        let body = arguments(&sent, ApiVersion::newest());
        let read = super::super::decode_args(&body, <args::CreateFilter as crate::Method>::METHOD, Limits::REQUEST);
        assert!(crate::equal(&*read.unwrap(), &sent));
    }

    #[test]
    fn a_fault_is_read_with_its_message() {
        let sent = types::InvalidLogin::default();
        let body = super::super::fault(&sent, "Wrong password.", ApiVersion::newest());
        let (fault, message) = decode_fault(&body, Limits::REPLY).unwrap();
        assert!(fault.is::<types::InvalidLogin>());
        assert_eq!(message.as_deref(), Some("Wrong password."));
    }

    #[test]
    fn a_page_of_a_proxy_is_not_a_fault() {
        assert!(decode_fault(b"<html>502</html>", Limits::REPLY).is_err());
        assert!(decode_fault(br#"{"_typeName":"AboutInfo"}"#, Limits::REPLY).is_err());
    }
}

//! Calls as HTTP requests, and answers as results: the two protocols.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, COOKIE, SET_COOKIE, USER_AGENT},
};
use http_body_util::Full;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use vim25::{
    Any, ApiVersion, DataObject, DecodeError, Kind, Limits, MethodInfo, MoRef, Obj, Shared,
    json::{self, decode_fault, decode_value},
    soap::{self, Reply, SoapFault, decode_response},
};

use crate::{Address, Error, Fault, error::excerpt, transport::Answer};

/// How a client and a server talk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// SOAP: every vCenter and ESXi has it.
    #[default]
    Soap,
    /// VI/JSON: vCenter 8.0.1 and later.
    ViJson,
}

const SESSION_HEADER: &str = "vmware-api-session-id";
const SESSION_COOKIE: &str = "vmware_soap_session";

/// What every request of a client carries.
pub(crate) struct Wire {
    pub(crate) protocol: Protocol,
    pub(crate) version: ApiVersion,
    pub(crate) user_agent: HeaderValue,
    pub(crate) limits: Limits,
}

impl Wire {
    /// The request that calls `method` on `this`.
    pub(crate) fn request(
        &self,
        address: &Address,
        method: &MethodInfo,
        this: &MoRef,
        arguments: &dyn DataObject,
        session: Option<&HeaderValue>,
    ) -> Result<Request<Full<Bytes>>, Error> {
        let (url, body) = match self.protocol {
            Protocol::Soap => (address.sdk(), soap::call(method, this, arguments, &[], self.version)),
            Protocol::ViJson => (self.resource(address, method, this), json::arguments(arguments, self.version)),
        };
        let mut request = Request::post(url).header(USER_AGENT, &self.user_agent);
        request = match self.protocol {
            Protocol::Soap => request
                .header(CONTENT_TYPE, "text/xml; charset=utf-8")
                .header("SOAPAction", format!("\"{}/{}\"", method.params.service.namespace(), self.version)),
            Protocol::ViJson => request.header(CONTENT_TYPE, "application/json").header(ACCEPT, "application/json"),
        };
        if let Some(session) = session {
            let name = if self.protocol == Protocol::Soap { COOKIE.as_str() } else { SESSION_HEADER };
            request = request.header(name, session);
        }
        request
            .body(Full::new(body.into()))
            .map_err(|error| Error::Setting(format!("cannot make the request: {error}")))
    }

    fn resource(&self, address: &Address, method: &MethodInfo, this: &MoRef) -> String {
        let part = |text: &str| utf8_percent_encode(text, PART).to_string();
        let (kind, id) = (part(&this.kind), part(&this.id));
        format!("{}/sdk/vim25/{}/{kind}/{id}/{}", address.root(), self.version, method.name)
    }

    /// The result in an answer.
    pub(crate) fn read(
        &self,
        address: &Address,
        method: &'static MethodInfo,
        answer: &Answer,
    ) -> Result<Option<Any>, Error> {
        match self.protocol {
            Protocol::Soap => self.read_soap(address, method, answer),
            Protocol::ViJson => self.read_json(address, method, answer),
        }
    }

    fn read_soap(&self, address: &Address, method: &'static MethodInfo, answer: &Answer) -> Result<Option<Any>, Error> {
        let readable = matches!(answer.status, StatusCode::OK | StatusCode::INTERNAL_SERVER_ERROR);
        match decode_response(&answer.body, method, self.limits) {
            Ok(Reply::Result(result)) if readable => Ok(result),
            Ok(Reply::Fault(fault)) => Err(soap_fault(method, fault)),
            Err(source) if answer.status == StatusCode::OK && is_xml(&answer.headers) => {
                Err(undecodable(method, source))
            }
            _ => Err(strange(address, method.name, answer)),
        }
    }

    fn read_json(&self, address: &Address, method: &'static MethodInfo, answer: &Answer) -> Result<Option<Any>, Error> {
        if !answer.status.is_success() {
            return Err(match decode_fault(&answer.body, self.limits) {
                Ok((fault, message)) => refusal(method, Some(fault), message.unwrap_or_default().as_str()),
                Err(_) => strange(address, method.name, answer),
            });
        }
        if answer.body.trim_ascii().is_empty() {
            return Ok(None);
        }
        let (kind, list) =
            if method.task { (Kind::MoRef("Task"), false) } else { (method.result.kind, method.result.list) };
        match decode_value(&answer.body, kind, list, self.limits) {
            Ok(value) => Ok(Some(value)),
            Err(source) if is_json(&answer.headers) => Err(undecodable(method, source)),
            Err(_) => Err(strange(address, method.name, answer)),
        }
    }

    /// The session that an answer grants, as the header that the next request sends.
    pub(crate) fn granted(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let secret = match self.protocol {
            Protocol::ViJson => headers.get(SESSION_HEADER)?.clone(),
            Protocol::Soap => {
                let cookies = headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
                let pair = cookies.filter_map(|cookie| cookie.split(';').next()).map(str::trim);
                HeaderValue::from_str(pair.into_iter().find(|pair| is_session(pair))?).ok()?
            }
        };
        let mut secret = secret;
        secret.set_sensitive(true);
        Some(secret)
    }
}

/// What is escaped in a part of a path.
const PART: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn is_session(pair: &str) -> bool {
    pair.split_once('=').is_some_and(|(name, _)| name.trim() == SESSION_COOKIE)
}

fn soap_fault(method: &'static MethodInfo, fault: SoapFault) -> Error {
    refusal(method, fault.detail, &fault.message)
}

fn refusal(method: &'static MethodInfo, fault: Option<Shared>, message: &str) -> Error {
    let fault = fault.and_then(|fault| Obj::from_shared(fault).ok());
    Error::Fault(Box::new(Fault { method: method.name.into(), fault, message: message.into() }))
}

fn undecodable(method: &'static MethodInfo, source: DecodeError) -> Error {
    Error::Decode { method: method.name, source }
}

/// The error for an answer that is not one of the API.
pub(crate) fn strange(address: &Address, what: &str, answer: &Answer) -> Error {
    Error::Http {
        address: address.authority().to_owned(),
        what: what.to_owned(),
        status: answer.status.as_u16(),
        excerpt: excerpt(&answer.body),
    }
}

fn is_xml(headers: &HeaderMap) -> bool {
    content_type(headers).contains("xml")
}

fn is_json(headers: &HeaderMap) -> bool {
    content_type(headers).contains("json")
}

fn content_type(headers: &HeaderMap) -> String {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vim25::{Method, args, types};

    fn wire(protocol: Protocol) -> Wire {
        let (version, limits) = (ApiVersion::parse("8.0.3.0").unwrap(), Limits::REPLY);
        Wire { protocol, version, limits, user_agent: HeaderValue::from_static("test") }
    }

    fn address() -> Address {
        Address::parse("http://host:1/sdk").unwrap().0
    }

    fn answer(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.into() }
    }

    const LOGIN: &MethodInfo = args::Login::METHOD;

    #[test]
    fn soap_names_version_and_session_in_headers() {
        let this = MoRef::new("SessionManager", "SessionManager");
        let session = HeaderValue::from_static("vmware_soap_session=\"x\"");
        let request = wire(Protocol::Soap).request(&address(), LOGIN, &this, &args::Login::default(), Some(&session));
        let request = request.unwrap();
        assert_eq!(request.uri(), "http://host:1/sdk");
        assert_eq!(request.headers()["soapaction"], "\"urn:vim25/8.0.3.0\"");
        assert_eq!(request.headers()["cookie"], "vmware_soap_session=\"x\"");
    }

    #[test]
    fn json_names_release_object_and_method_in_the_path() {
        let this = MoRef::new("Folder", "group/v 1");
        let request = wire(Protocol::ViJson).request(&address(), LOGIN, &this, &args::Login::default(), None).unwrap();
        assert_eq!(request.uri(), "http://host:1/sdk/vim25/8.0.3.0/Folder/group%2Fv%201/Login");
        assert!(request.headers().get(SESSION_HEADER).is_none());
    }

    #[test]
    fn the_session_is_taken_from_the_answer_and_never_shown() {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, HeaderValue::from_static("other=1; Path=/"));
        headers.append(SET_COOKIE, HeaderValue::from_static("vmware_soap_session=\"s3cret\"; Path=/; HttpOnly"));
        headers.append(SESSION_HEADER, HeaderValue::from_static("s3cret"));
        let granted = wire(Protocol::Soap).granted(&headers).unwrap();
        assert_eq!(granted, "vmware_soap_session=\"s3cret\"");
        assert!(!format!("{granted:?}").contains("s3cret"));
        assert_eq!(wire(Protocol::ViJson).granted(&headers).unwrap(), "s3cret");
        assert!(wire(Protocol::Soap).granted(&HeaderMap::new()).is_none());
    }

    #[test]
    fn both_protocols_carry_the_fault() {
        let (fault, version) = (types::InvalidLogin::default(), ApiVersion::newest());
        let soap = answer(500, "text/xml", vim25::soap::fault(&fault, "No.", version));
        let json = answer(500, "application/json", vim25::json::fault(&fault, "No.", version));
        for (protocol, answer) in [(Protocol::Soap, soap), (Protocol::ViJson, json)] {
            let error = wire(protocol).read(&address(), LOGIN, &answer).unwrap_err();
            assert!(error.fault::<types::InvalidLogin>().is_some(), "{error}");
            assert_eq!(error.to_string(), "Login: InvalidLogin: No.");
        }
    }

    #[test]
    fn a_page_of_a_proxy_is_shown_with_its_status() {
        for protocol in [Protocol::Soap, Protocol::ViJson] {
            for status in [200, 404, 500, 503] {
                let page = answer(status, "text/html", "<html>gone</html>");
                let error = wire(protocol).read(&address(), LOGIN, &page).unwrap_err();
                assert!(
                    matches!(&error, Error::Http { status: s, excerpt, .. } if *s == status && excerpt.contains("gone")),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_broken_answer_of_the_right_kind_is_a_decode_error() {
        let broken = [(Protocol::Soap, "text/xml"), (Protocol::ViJson, "application/json")];
        for (protocol, kind) in broken {
            let error = wire(protocol).read(&address(), LOGIN, &answer(200, kind, "{<")).unwrap_err();
            assert!(matches!(error, Error::Decode { method: "Login", .. }), "{error}");
        }
    }

    #[test]
    fn a_fault_of_an_unknown_type_keeps_its_message() {
        let body = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><e:Fault>\
                    <faultcode>ServerFaultCode</faultcode><faultstring>Novel.</faultstring>\
                    <detail><NovelFault/></detail></e:Fault></e:Body></e:Envelope>";
        let error = wire(Protocol::Soap).read(&address(), LOGIN, &answer(500, "text/xml", body)).unwrap_err();
        assert_eq!(error.to_string(), "Login: fault: Novel.");
    }

    #[test]
    fn a_method_without_a_result_has_none() {
        let this_is_all = answer(204, "", "");
        let logout = args::Logout::METHOD;
        assert_eq!(wire(Protocol::ViJson).read(&address(), logout, &this_is_all).unwrap(), None);
        let empty = answer(200, "text/xml", vim25::soap::response(logout, vim25::Ref::Unset, ApiVersion::newest()));
        assert_eq!(wire(Protocol::Soap).read(&address(), logout, &empty).unwrap(), None);
    }
}

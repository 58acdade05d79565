//! What a client is made with.

use std::{path::Path, time::Duration};

use http::HeaderValue;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};
use vim25::{ApiVersion, Limits, MoRef, args};

use crate::{
    Address, Client, Credentials, Error, Protocol, negotiate,
    transport::{Bounds, Transport},
    trust::Trust,
    wire::Wire,
};

/// Settings of a [`Client`]; [`connect`](Builder::connect) makes it.
#[derive(Clone, Debug)]
pub struct Builder {
    url: String,
    credentials: Option<Credentials>,
    protocol: Protocol,
    version: Option<ApiVersion>,
    trust: Trusting,
    bounds: Bounds,
    limits: Limits,
    page: i32,
    user_agent: String,
}

#[derive(Clone, Debug)]
enum Trusting {
    Authorities,
    File(std::path::PathBuf),
    Thumbprint(String),
    Anything,
}

impl Builder {
    pub(crate) fn new(url: &str) -> Builder {
        let bounds = Bounds { connect: Duration::from_secs(10), call: Duration::from_secs(60), reply: 512 << 20 };
        Builder {
            url: url.to_owned(),
            credentials: None,
            protocol: Protocol::Soap,
            version: None,
            trust: Trusting::Authorities,
            bounds,
            limits: Limits::REPLY,
            page: 500,
            user_agent: concat!("ferrosphere-client/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Who logs in. What the URL says is used otherwise; without either, nobody is logged in.
    #[must_use]
    pub fn credentials(mut self, username: impl Into<String>, password: impl Into<String>) -> Builder {
        self.credentials = Some(Credentials { username: username.into(), password: password.into() });
        self
    }

    /// SOAP (the default) or VI/JSON.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Builder {
        self.protocol = protocol;
        self
    }

    /// Speaks this version of the API instead of asking the server for the newest that both know.
    #[must_use]
    pub fn version(mut self, version: ApiVersion) -> Builder {
        self.version = Some(version);
        self
    }

    /// Trusts every certificate. An eavesdropper can then pose as the server and learn the password: for labs only.
    #[must_use]
    pub fn insecure(mut self) -> Builder {
        self.trust = Trusting::Anything;
        self
    }

    /// Trusts the one certificate with this SHA-1 or SHA-256 thumbprint, whoever signed it.
    #[must_use]
    pub fn thumbprint(mut self, thumbprint: &str) -> Builder {
        self.trust = Trusting::Thumbprint(thumbprint.to_owned());
        self
    }

    /// Trusts the authorities in this PEM file instead of those that the system trusts.
    #[must_use]
    pub fn authorities(mut self, file: impl AsRef<Path>) -> Builder {
        self.trust = Trusting::File(file.as_ref().to_owned());
        self
    }

    /// How long a call may take (60 s). Waiting for updates has its own time.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Builder {
        self.bounds.call = timeout;
        self
    }

    /// How long connecting may take (10 s).
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Builder {
        self.bounds.connect = timeout;
        self
    }

    /// The largest answer that is taken, in bytes (512 MiB).
    #[must_use]
    pub fn max_reply(mut self, bytes: usize) -> Builder {
        self.bounds.reply = bytes;
        self
    }

    /// How deep and how many objects an answer may be.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Builder {
        self.limits = limits;
        self
    }

    /// How many objects one page of a retrieval and one set of updates holds (500).
    #[must_use]
    pub fn page(mut self, objects: u16) -> Builder {
        self.page = i32::from(objects.max(1));
        self
    }

    /// What the server is told about who calls.
    #[must_use]
    pub fn user_agent(mut self, name: impl Into<String>) -> Builder {
        self.user_agent = name.into();
        self
    }

    /// Connects: agrees on a version, reads the service content and, given credentials, logs in.
    ///
    /// # Errors
    /// Everything that [`Error`] has.
    pub async fn connect(self) -> Result<Client, Error> {
        let (address, in_url) = Address::parse(&self.url)?;
        let user_agent = HeaderValue::from_str(&self.user_agent)
            .map_err(|_| Error::Setting("the user agent has a character that a header may not have".to_owned()))?;
        let transport = Transport::new(address, &self.trust.read()?, self.bounds)?;
        let version = match self.version {
            Some(version) => version,
            None => negotiate::version(&transport, self.protocol, &user_agent).await?,
        };
        let wire = Wire { protocol: self.protocol, version, user_agent, limits: self.limits };
        let client = Client::unconnected(transport, wire, self.page);
        let service = MoRef::new("ServiceInstance", "ServiceInstance");
        let content = client.call(&service, args::RetrieveServiceContent::default()).await?;
        if content.property_collector.id.is_empty() {
            let (address, reason) =
                (client.address().authority().to_owned(), "it is not a vSphere endpoint".to_owned());
            return Err(Error::Unsupported { address, reason });
        }
        let client = client.with_content(content);
        if let Some(Credentials { username, password }) = self.credentials.or(in_url) {
            client.login(&username, &password).await?;
        }
        Ok(client)
    }
}

impl Trusting {
    fn read(&self) -> Result<Trust, Error> {
        Ok(match self {
            Trusting::Authorities => Trust::Authorities,
            Trusting::Anything => Trust::Anything,
            Trusting::Thumbprint(text) => Trust::Thumbprint(text.parse()?),
            Trusting::File(file) => {
                let wrong = |error: &dyn std::fmt::Display| {
                    Error::Setting(format!("cannot read authorities from {}: {error}", file.display()))
                };
                let certificates = CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error))?;
                let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|error| wrong(&error))?;
                if certificates.is_empty() {
                    return Err(wrong(&"there is no certificate in it"));
                }
                Trust::Own(certificates)
            }
        })
    }
}

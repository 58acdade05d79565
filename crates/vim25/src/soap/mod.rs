//! The SOAP codec.

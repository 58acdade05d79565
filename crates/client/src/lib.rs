//! A client for any vSphere endpoint, SOAP and VI/JSON.

//! The vSphere API server: HTTP, sessions, dispatch, managed objects, property collector.

pub mod http;

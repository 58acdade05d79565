//! The endpoints of one machine: which ports are bound, and to what.

use std::collections::HashMap;

use crate::{addr::Port, refusal::Refusal};

/// Ports that are bound, each to a `T`.
#[derive(Debug)]
pub struct Endpoints<T> {
    bound: HashMap<Port, T>,
    next: u32,
    limit: usize,
}

impl<T> Endpoints<T> {
    /// No endpoints, and room for `limit`.
    pub fn new(limit: usize) -> Endpoints<T> {
        Endpoints { bound: HashMap::new(), next: Port::FIRST_FREE.number(), limit }
    }

    /// Binds a port, or one that is free.
    ///
    /// # Errors
    /// [`Refusal::InUse`] if the port is bound, [`Refusal::NoResources`] if there are too many.
    pub fn bind(&mut self, port: Option<Port>, endpoint: T) -> Result<Port, Refusal> {
        if self.bound.len() >= self.limit {
            return Err(Refusal::NoResources);
        }
        let port = port.unwrap_or_else(|| self.free());
        if self.bound.contains_key(&port) {
            return Err(Refusal::InUse);
        }
        self.bound.insert(port, endpoint);
        Ok(port)
    }

    /// Frees a port.
    pub fn unbind(&mut self, port: Port) -> Option<T> {
        self.bound.remove(&port)
    }

    /// What is bound to a port.
    pub fn get(&self, port: Port) -> Option<&T> {
        self.bound.get(&port)
    }

    /// How many ports are bound.
    pub fn len(&self) -> usize {
        self.bound.len()
    }

    /// Whether no port is bound.
    pub fn is_empty(&self) -> bool {
        self.bound.is_empty()
    }

    /// A port that is not bound: there are far more than `limit`.
    fn free(&mut self) -> Port {
        loop {
            let port = Port::new(self.next).unwrap_or(Port::FIRST_FREE);
            self.next = port.number() + 1;
            if !self.bound.contains_key(&port) {
                return port;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(number: u32) -> Port {
        Port::new(number).unwrap()
    }

    #[test]
    fn a_port_is_bound_once() {
        let mut endpoints = Endpoints::new(10);
        assert_eq!(endpoints.bind(Some(port(5)), 'a'), Ok(port(5)));
        assert_eq!(endpoints.bind(Some(port(5)), 'b'), Err(Refusal::InUse));
        assert_eq!((endpoints.unbind(port(5)), endpoints.get(port(5))), (Some('a'), None));
    }

    #[test]
    fn free_ports_step_over_bound_ones_and_wrap_around() {
        let mut endpoints = Endpoints::new(10);
        endpoints.bind(Some(port(1024)), ()).unwrap();
        assert_eq!(endpoints.bind(None, ()), Ok(port(1025)));
        endpoints.next = u32::MAX - 1;
        assert_eq!(endpoints.bind(None, ()), Ok(Port::MAX));
        assert_eq!(endpoints.bind(None, ()), Ok(port(1026)));
    }

    #[test]
    fn there_is_a_limit() {
        let mut endpoints = Endpoints::new(1);
        endpoints.bind(None, ()).unwrap();
        assert_eq!(endpoints.bind(None, ()), Err(Refusal::NoResources));
    }
}

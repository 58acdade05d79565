//! Addresses: a context id names a machine, a port an endpoint of it. Both are checked numbers.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// Context ids up to this one never belong to a VM.
const LAST_RESERVED: u32 = 15;

/// A context id: which machine. 32 bits; the API and vmx files show it as a signed number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cid(u32);

impl Cid {
    /// The hypervisor: services inside what runs the VM.
    pub const HYPERVISOR: Cid = Cid(0);
    /// Well known long ago; guests use it for themselves now.
    pub const LOCAL: Cid = Cid(1);
    /// The host, whatever its nesting.
    pub const HOST: Cid = Cid(2);
    /// No context in particular; never a destination.
    pub const ANY: Cid = Cid(u32::MAX);

    /// The id with these 32 bits.
    pub const fn new(bits: u32) -> Cid {
        Cid(bits)
    }

    /// The id that the API writes as `number`: sign-extended or unsigned, both forms are accepted.
    pub fn from_api(number: i64) -> Result<Cid, AddressError> {
        let signed = i32::try_from(number).ok().map(|n| n as u32);
        signed.or_else(|| u32::try_from(number).ok()).map(Cid).ok_or(AddressError::Cid)
    }

    /// As the API writes it: the sign-extended 32-bit number.
    pub fn to_api(self) -> i64 {
        i64::from(self.0 as i32)
    }

    /// The 32 bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether a VM can have this id: neither reserved nor [`Cid::ANY`].
    pub fn is_vm(self) -> bool {
        self.0 > LAST_RESERVED && self != Cid::ANY
    }
}

/// As an unsigned number.
impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cid({})", self.0)
    }
}

/// From decimal digits, signed or unsigned.
impl FromStr for Cid {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Cid, AddressError> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        match is_decimal(digits) {
            true => text.parse().ok().and_then(|number| Cid::from_api(number).ok()).ok_or(AddressError::Cid),
            false => Err(AddressError::Cid),
        }
    }
}

/// A port, or the resource of a datagram, doorbell or queue pair. Every 32-bit number but the last.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port(u32);

impl Port {
    /// The lowest.
    pub const MIN: Port = Port(0);
    /// The highest.
    pub const MAX: Port = Port(u32::MAX - 1);
    /// The first that an unprivileged program may bind, and the first that is given out.
    pub const FIRST_FREE: Port = Port(1024);

    /// The port with this number; none for `u32::MAX`, which stands for "any".
    pub const fn new(number: u32) -> Option<Port> {
        if number == u32::MAX { None } else { Some(Port(number)) }
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({})", self.0)
    }
}

/// From decimal digits.
impl FromStr for Port {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Port, AddressError> {
        let number = is_decimal(text).then(|| text.parse().ok()).flatten();
        number.and_then(Port::new).ok_or(AddressError::Port)
    }
}

/// An endpoint of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// The machine.
    pub cid: Cid,
    /// The endpoint.
    pub port: Port,
}

impl Address {
    /// The endpoint `port` of the machine `cid`.
    pub const fn new(cid: Cid, port: Port) -> Address {
        Address { cid, port }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.cid, self.port)
    }
}

/// A number that is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Not a context id.
    #[error("a context id is a decimal number of 32 bits, signed or unsigned")]
    Cid,
    /// Not a port.
    #[error("a port is a decimal number from 0 to 4294967294")]
    Port,
}

/// `str::parse` also takes a leading plus.
fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_in_both_forms_and_written_signed() {
        let id = Cid::from_api(-1_708_029_162).unwrap();
        assert_eq!(Cid::from_api(i64::from(id.bits())), Ok(id));
        assert_eq!(id.to_api(), -1_708_029_162);
        assert_eq!("-1708029162".parse(), Ok(id));
        assert_eq!("2586938134".parse(), Ok(id));
        assert_eq!(id.to_string(), "2586938134");
    }

    #[test]
    fn numbers_beyond_32_bits_are_no_ids() {
        for number in [1 << 32, i64::from(i32::MIN) - 1, i64::MAX, i64::MIN] {
            assert_eq!(Cid::from_api(number), Err(AddressError::Cid));
        }
        for text in ["", "-", "+5", "0x10", " 5", "5 ", "9223372036854775808", "--5", "4294967296"] {
            assert_eq!(text.parse::<Cid>(), Err(AddressError::Cid), "{text:?}");
        }
    }

    #[test]
    fn reserved_ids_belong_to_no_vm() {
        assert!((0..=15).all(|n| !Cid::new(n).is_vm()));
        assert!(!Cid::ANY.is_vm());
        assert!(Cid::new(16).is_vm() && Cid::new(u32::MAX - 1).is_vm());
    }

    #[test]
    fn the_last_number_is_no_port() {
        assert_eq!("4294967294".parse(), Ok(Port::MAX));
        for text in ["4294967295", "-1", "+1", "", "1e3", "9223372036854775808"] {
            assert_eq!(text.parse::<Port>(), Err(AddressError::Port), "{text:?}");
        }
    }
}

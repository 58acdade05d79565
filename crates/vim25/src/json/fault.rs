//! Faults as the answer to a request: body and HTTP status.

use super::encode::Encoder;
use crate::{ApiVersion, DataObject, Type};

/// The body of an answer that is a fault: the fault itself with its localized message.
pub fn fault(fault: &dyn DataObject, message: &str, version: ApiVersion) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(&mut out, version).object(fault, Some(message));
    out
}

/// Faults with a status of their own, nearest type first; every other fault is a 500.
///
/// What is known: VMware's OpenAPI documents list the faults of a method under 500, govmomi reads a fault from a 500 only
/// and reports any other status as a broken server, vim_rs reads a fault from every status that is not a success. So
/// every fault that a method may throw is a 500, also `NotAuthenticated`, `ManagedObjectNotFound` and `InvalidRequest`.
/// The reference of `AuthenticationRequired` says that VI/JSON answers it with 400, 401 or 403. Not known from a source:
/// the status for a method that does not exist; 404 is ours.
const STATUS: &[(&str, u16)] = &[("AuthenticationRequired", 401), ("MethodNotFound", 404)];

/// The HTTP status of an answer that is a fault of this type.
pub fn status_of(fault: &'static Type) -> u16 {
    let listed = |ty: &Type| STATUS.iter().find(|(name, _)| *name == ty.name).map(|(_, status)| *status);
    fault.lineage().find_map(listed).unwrap_or(500)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::type_named;

    #[test]
    fn a_status_belongs_to_a_fault_and_its_subtypes() {
        let status = |name| status_of(type_named(name).unwrap());
        assert_eq!(status("InvalidLogin"), 500);
        assert_eq!(status("NotAuthenticated"), 500);
        assert_eq!(status("InvalidRequest"), 500);
        assert_eq!(status("MethodNotFound"), 404);
        assert_eq!(status("AuthenticationRequired"), 401);
    }

    #[test]
    fn the_table_names_faults() {
        assert!(STATUS.iter().all(|(name, _)| type_named(name).unwrap().fault));
    }
}

//! VMCI: context ids, filter rules, the fabric of sockets.

//! Rules of VMs as sentences.

mod default_vm;

//! The generic diff.

//! The VI/JSON codec.

//! The fabric over unix sockets, driven as programs drive it.

mod bad_input;
mod bench;
mod datagrams;
mod life;
mod streams;

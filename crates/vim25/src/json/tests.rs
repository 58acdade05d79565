//! What the JSON form looks like to the byte, and what the decoder makes of good and bad input.

mod bad_input;
mod exact;
mod round_trip;

//! Any bytes as the first line on either socket of a VM: no panic, nothing read past the longest line, and what is
//! incomplete stays incomplete until its line ends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vmci::transport::unix::handshake::{LONGEST, Side, parse};

fuzz_target!(|bytes: &[u8]| {
    for side in [Side::Guest, Side::Host] {
        let whole = parse(side, bytes);
        match whole {
            Ok(Some((_, length))) => {
                assert!(length <= LONGEST && bytes[length - 1] == b'\n');
                // What follows the line does not matter, and no shorter piece is a request.
                assert_eq!(parse(side, &bytes[..length]), whole);
                assert_eq!(parse(side, &bytes[..length - 1]), Ok(None));
            }
            Ok(None) => assert!(bytes.len() < LONGEST && !bytes.contains(&b'\n')),
            Err(_) => {}
        }
    }
});

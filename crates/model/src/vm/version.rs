//! Virtual hardware versions (`vmx-21`).

use vim25::{DataType, Fault, Str, types::VirtualHardwareVersionNotSupported};

use super::surroundings::HostFacts;

/// The newest version of ESXi 8.0.3.
pub const NEWEST: u32 = 21;

/// Every version that ESXi 8.0.3 can create, oldest first. There never was a 5, and 6 is one of hosted products only.
pub const KNOWN: [u32; 16] = [4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21];

/// The newest version that a product runs, by the version of the product (`8.0.3`). One that nobody knows is taken for
/// the newest.
pub fn newest_of(product: &str) -> u32 {
    let mut parts = product.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    match (part(), part(), part()) {
        (1..=3, ..) => 4,
        (4, ..) => 7,
        (5, 0, _) => 8,
        (5, 1, _) => 9,
        (5, ..) => 10,
        (6, 0, _) => 11,
        (6, 5, _) => 13,
        (6, _, 0..=1) => 14,
        (6, ..) => 15,
        (7, 0, 0) => 17,
        (7, 0, 1) => 18,
        (7, ..) => 19,
        (8, 0, 0..=1) => 20,
        _ => NEWEST,
    }
}

/// The number of a version key, if it has the form of one: 21 for `vmx-21`.
pub fn number(key: &str) -> Option<u32> {
    let digits = key.strip_prefix("vmx-")?;
    let short = !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit());
    if short { digits.parse().ok() } else { None }
}

/// The key of a version: `vmx-07`, `vmx-21`.
pub fn key(number: u32) -> Str {
    format!("vmx-{number:02}").into()
}

/// `VirtualHardwareVersionNotSupported`: a version that the host does not run.
pub fn not_run(version: &str, host: &HostFacts) -> Fault {
    let fault = VirtualHardwareVersionNotSupported::with(|f| {
        f.host_name = host.name.clone();
        f.host = host.host.clone();
    });
    let newest = key(host.newest_hardware);
    let why = format!("Host '{}' runs virtual hardware up to '{newest}', and not '{version}'.", host.name);
    Fault::new(fault, why)
}

/// Most virtual CPUs of a VM with this version.
pub fn max_cpus(number: u32) -> i32 {
    match number {
        0..=6 => 4,
        7 => 8,
        8 => 32,
        9 => 64,
        10 => 64,
        11..=13 => 128,
        14..=17 => 256,
        _ => 768,
    }
}

/// Most memory of a VM with this version, in MB.
pub fn max_memory_mb(number: u32) -> i64 {
    const GIB: i64 = 1024;
    match number {
        0..=3 => 3_600,
        4..=6 => 65_532,
        7 => 255 * GIB,
        8..=10 => 1_011 * GIB,
        11 | 12 => 4_080 * GIB,
        13..=17 => 6_128 * GIB,
        _ => 24_560 * GIB,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_run_up_to_the_hardware_of_their_version() {
        let known =
            [("4.0.0", 7), ("4.1.0", 7), ("5.0.0", 8), ("5.5.0", 10), ("6.5.0", 13), ("6.7.0", 14), ("6.7.3", 15)];
        let newer = [("7.0.0", 17), ("7.0.3", 19), ("8.0.1", 20), ("8.0.3", 21), ("9.0.0", 21), ("", 21)];
        for (product, newest) in known.into_iter().chain(newer) {
            assert_eq!(newest_of(product), newest, "{product}");
            assert!(KNOWN.contains(&newest));
        }
    }
}

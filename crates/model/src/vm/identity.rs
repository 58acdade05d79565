//! Names that look random and are not: UUIDs and MAC addresses drawn from a seed.
//!
//! The same seed, owner and purpose give the same value in every run; other ones give, for all practical purposes,
//! another.

use vim25::Str;

/// A UUID (version 4 in form) for `purpose` of the object with id `owner`.
pub fn uuid(seed: u64, owner: &str, purpose: &str) -> Str {
    let high = draw(seed, &[owner, purpose, "high"]);
    let low = draw(seed, &[owner, purpose, "low"]);
    let bytes = ((u128::from(high) << 64) | u128::from(low)).to_be_bytes();
    format_uuid(versioned(bytes)).into()
}

/// A BIOS UUID as vCenter makes it: it starts with `42`, the mark of vCenter's own.
pub fn bios_uuid(seed: u64, owner: &str) -> Str {
    format!("42{}", &uuid(seed, owner, "bios")[2..]).into()
}

/// An instance UUID as vCenter makes it: it starts with `50`.
pub fn instance_uuid(seed: u64, owner: &str) -> Str {
    format!("50{}", &uuid(seed, owner, "instance")[2..]).into()
}

/// The UUID of a virtual disk: it starts with `6000C29`, the prefix of virtual SCSI disks.
pub fn disk_uuid(seed: u64, owner: &str, purpose: &str) -> Str {
    let plain = uuid(seed, owner, purpose);
    format!("6000C29{}", &plain[7..]).into()
}

/// A MAC address in the range that vCenter assigns, `00:50:56:80-bf:xx:xx`; `attempt` draws another one.
pub fn assigned_mac(seed: u64, owner: &str, key: i32, attempt: u32) -> Str {
    let bits = draw(seed, &[owner, "mac", &key.to_string(), &attempt.to_string()]);
    let [.., a, b, c] = bits.to_be_bytes();
    format!("00:50:56:{:02x}:{b:02x}:{c:02x}", 0x80 | (a & 0x3f)).into()
}

/// A 32-bit number for `purpose`.
pub fn number(seed: u64, owner: &str, purpose: &str) -> i32 {
    (draw(seed, &[owner, purpose]) >> 33) as i32
}

/// Brings a UUID as clients write it (upper case, braces, no dashes) into the API's form.
pub fn parse_uuid(text: &str) -> Option<Str> {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ' | '{' | '}')).collect();
    if digits.len() != 32 || !digits.is_ascii() {
        return None;
    }
    let value = u128::from_str_radix(&digits, 16).ok()?;
    Some(format_uuid(value.to_be_bytes()).into())
}

fn versioned(mut bytes: [u8; 16]) -> [u8; 16] {
    bytes[6] = 0x40 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    bytes
}

fn format_uuid(bytes: [u8; 16]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(DIGITS[usize::from(byte >> 4)].into());
        text.push(DIGITS[usize::from(byte & 0x0f)].into());
    }
    text
}

/// FNV-1a over the parts, then the finalizer of SplitMix64.
fn draw(seed: u64, parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_owner_give_the_same_uuid_and_others_another() {
        let first = bios_uuid(1, "vm-1");
        assert_eq!(first, bios_uuid(1, "vm-1"));
        assert_ne!(first, bios_uuid(2, "vm-1"));
        assert_ne!(first, bios_uuid(1, "vm-2"));
        assert!(first.starts_with("42") && first.len() == 36);
        assert_eq!(parse_uuid(&first), Some(first));
    }

    #[test]
    fn a_drawn_mac_is_in_vcenters_range() {
        for attempt in 0..100 {
            let mac = assigned_mac(7, "vm-3", 4000, attempt);
            let fourth = u8::from_str_radix(&mac[9..11], 16).unwrap();
            assert!(mac.starts_with("00:50:56:") && (0x80..=0xbf).contains(&fourth), "{mac}");
        }
    }

    #[test]
    fn uuids_are_read_in_any_common_form() {
        let want = "564d379a-0000-1111-2222-2ed352d83be0";
        assert_eq!(parse_uuid("{564D379A-0000-1111-2222-2ED352D83BE0}").unwrap(), want);
        assert_eq!(parse_uuid("564d379a0000111122222ed352d83be0").unwrap(), want);
        assert!(parse_uuid("564d379a").is_none());
        assert!(parse_uuid("zz4d379a-0000-1111-2222-2ed352d83be0").is_none());
    }
}

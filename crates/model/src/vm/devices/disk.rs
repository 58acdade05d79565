//! Virtual disks.

use std::sync::LazyLock;

use vim25::{
    Obj, Str,
    types::{SharesInfo, SharesLevel},
};

use crate::vm::identity;

static SHARES: LazyLock<Obj<SharesInfo>> =
    LazyLock::new(|| SharesInfo { shares: 1000, level: SharesLevel::Normal }.into());

/// The disk shares at level normal.
pub fn disk_shares() -> Obj<SharesInfo> {
    SHARES.clone()
}

/// `16,777,216 KB`.
pub fn disk_summary(kilobytes: i64) -> Str {
    let digits = kilobytes.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 3);
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && left % 3 == 0 && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(" KB");
    text.into()
}

/// The id of a disk's present content: 32 hexadecimal digits.
pub fn content_id(seed: u64, vm: &str, file: &str) -> Str {
    identity::uuid(seed, vm, &format!("content {file}")).replace('-', "").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disks_summary_groups_its_kilobytes_by_thousands() {
        assert_eq!(disk_summary(16_777_216), "16,777,216 KB");
        assert_eq!(disk_summary(1_024), "1,024 KB");
        assert_eq!(disk_summary(512), "512 KB");
    }
}

//! Texts that are kept for what stands there again.

use super::*;
use crate::{Shared, Type, pieces::repeats::Repeats, soap::encode::Place};

/// As an encoder with texts of earlier objects writes it in a place that declares `ty`.
fn write_as(ty: &'static Type, repeats: &mut Repeats<Place>, object: &Shared) -> String {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, ApiVersion::newest(), Service::Vim25).repeating(repeats);
    encoder.value("device", Kind::Object(ty), Ref::Object(object));
    String::from_utf8(out).unwrap()
}

/// As a device, and how many texts there are then.
fn write(repeats: &mut Repeats<Place>, object: &Shared) -> (String, usize) {
    (write_as(VirtualDevice::TYPE, repeats, object), repeats.len())
}

/// As an encoder writes it that knows nothing.
fn plainly(object: &Shared) -> String {
    write(&mut Repeats::default(), object).0
}

fn disk(key: i32, unit: i32) -> VirtualDisk {
    VirtualDisk::with(|disk| {
        disk.base.key = key;
        disk.base.common = VirtualDeviceCommon { unit_number: Some(unit), ..Default::default() }.into();
    })
}

fn shared(disk: &VirtualDisk) -> Shared {
    std::sync::Arc::new(disk.clone())
}

#[test]
fn the_text_of_an_object_with_one_owner_is_not_kept() {
    let alone: Shared = std::sync::Arc::new(disk(2000, 1));
    assert_eq!(write(&mut Repeats::default(), &alone).1, 0);
    let _second = alone.clone();
    assert_eq!(write(&mut Repeats::default(), &alone).1, 1, "its group has one owner still");
}

#[test]
fn a_group_is_written_once_for_objects_that_differ_elsewhere() {
    let mut repeats = Repeats::default();
    let (mut one, mut other) = (disk(2000, 7), disk(2001, 7));
    other.base.common = one.base.common.clone();
    for round in 0..3 {
        let (text, texts) = write(&mut repeats, &shared(&one));
        assert_eq!((text, texts), (plainly(&shared(&one)), 1), "round {round}");
        assert_eq!(write(&mut repeats, &shared(&other)), (plainly(&shared(&other)), 1));
        (one.base.key, other.base.key) = (other.base.key + 5, one.base.key);
    }
}

#[test]
fn when_there_is_no_more_room_all_texts_are_forgotten() {
    let mut repeats = Repeats::default();
    let disks: Vec<VirtualDisk> = (0..1000).map(|unit| disk(unit, unit)).collect();
    let again = disks.clone();
    let most = disks.iter().map(|disk| {
        let (text, texts) = write(&mut repeats, &shared(disk));
        assert_eq!(text, plainly(&shared(disk)));
        texts
    });
    let most = most.max().unwrap();
    assert!((10..1000).contains(&most), "{most} texts of {}", again.len());
}

#[test]
fn an_object_names_its_type_only_where_another_one_is_declared() {
    let mut repeats = Repeats::default();
    let disk = shared(&disk(2000, 1));
    let _second = disk.clone();
    for _ in 0..2 {
        let written = [VirtualDevice::TYPE, VirtualDisk::TYPE].map(|ty| write_as(ty, &mut repeats, &disk));
        assert_eq!(written.map(|text| text.contains("VirtualDisk")), [true, false]);
    }
}

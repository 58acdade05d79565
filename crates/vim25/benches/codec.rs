//! Encoding and decoding, in bytes of document per second: the full property set of one VM, and of 2,000.
#![allow(missing_docs)]

mod fixture;

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vim25::{ApiVersion, DataObject, DataType, Limits, Shared, Type, json, soap, types::*};

type Encode = fn(&dyn DataObject) -> Vec<u8>;
type Decode = fn(&[u8], &'static Type) -> Shared;

fn soap_encode(object: &dyn DataObject) -> Vec<u8> {
    soap::encode_object("returnval", object, ApiVersion::newest())
}

fn soap_decode(document: &[u8], ty: &'static Type) -> Shared {
    soap::decode_object(document, ty, Limits::REPLY).expect("what was encoded can be decoded")
}

fn json_encode(object: &dyn DataObject) -> Vec<u8> {
    json::to_vec(object, ApiVersion::newest())
}

fn json_decode(document: &[u8], ty: &'static Type) -> Shared {
    json::decode_object(document, ty, Limits::REPLY).expect("what was encoded can be decoded")
}

fn measure(c: &mut Criterion, name: &str, object: &dyn DataObject, ty: &'static Type) {
    let formats: [(&str, Encode, Decode); 2] = [("soap", soap_encode, soap_decode), ("json", json_encode, json_decode)];
    for (format, encode, decode) in formats {
        let document = encode(object);
        let mut group = c.benchmark_group(format!("{format} {name}"));
        group.throughput(Throughput::Bytes(document.len() as u64)).sample_size(20);
        group.measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
        group.bench_function("encode", |b| b.iter(|| encode(black_box(object))));
        group.bench_function("decode", |b| b.iter(|| decode(black_box(&document), ty)));
        group.finish();
    }
}

fn codec(c: &mut Criterion) {
    measure(c, "VM", &fixture::vm(1), ObjectContent::TYPE);
    measure(c, "2000 VMs", &fixture::page(2000), RetrieveResult::TYPE);
}

criterion_group!(benches, codec);
criterion_main!(benches);

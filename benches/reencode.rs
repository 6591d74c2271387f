//! Text XML into binary XML and back: `cargo bench --bench reencode`.
//!
//! - *text-to-binary*: the corpus of envelopes as text, each pushed in pieces of 4 KiB, written as binary XML. The goal is 150 MB of text a second.
//! - *binary-to-text*: the way back.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has nothing to report")]

mod corpus;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use viaduct::wire::binxml::{Dictionaries, Ids, Limits};
use viaduct::wire::xml::{BinaryToText, Charset, TextStyle, TextToBinary, XmlLimits};

fn to_text(document: &[u8], out: &mut Vec<u8>) {
    BinaryToText::new(document, Dictionaries::STATIC, Limits::default(), TextStyle::default())
        .all(out)
        .unwrap();
}

fn to_binary(text: &[u8], out: &mut Vec<u8>) {
    let mut converter = TextToBinary::new(Charset::Utf8, XmlLimits::default(), Ids::Static);
    for piece in text.chunks(4096) {
        converter.push(piece, out).unwrap();
    }
    converter.finish(out).unwrap();
}

fn benches(criterion: &mut Criterion) {
    let binary = corpus::corpus();
    let texts: Vec<Vec<u8>> = binary
        .iter()
        .map(|document| {
            let mut text = Vec::new();
            to_text(document, &mut text);
            text
        })
        .collect();
    let size: usize = texts.iter().map(Vec::len).sum();
    println!("{} envelopes, {size} bytes of text", texts.len());

    let mut group = criterion.benchmark_group("reencode");
    group.sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(6));
    group.throughput(Throughput::Bytes(size as u64));
    let mut out = Vec::new();
    group.bench_function("text-to-binary", |bencher| {
        bencher.iter(|| {
            for text in &texts {
                out.clear();
                to_binary(text, &mut out);
                black_box(&out);
            }
        });
    });
    group.bench_function("binary-to-text", |bencher| {
        bencher.iter(|| {
            for document in &binary {
                out.clear();
                to_text(document, &mut out);
                black_box(&out);
            }
        });
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);

//! Reading and writing binary XML: `cargo bench --bench binxml`.
//!
//! - *corpus*: 16 MiB of envelopes of about 500 bytes each, with a reader made for every one; elements are events. The goal is 12 ns an event.
//! - *envelope*: one envelope of 500 bytes, the reader included. The goal is 2 µs.
//! - *feed*: the corpus through the reader that is fed, in pieces of 4 KiB.
//! - *copy*: the corpus read and written again.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has nothing to report")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use viaduct::wire::binxml::{Dictionaries, Feed, Ids, Limits, Reader, Writer};
use viaduct::wire::xml::Runtime;

mod corpus;

fn read(document: &[u8], limits: &Limits) -> u64 {
    let mut reader = Reader::new(document, Dictionaries::STATIC, limits.clone());
    let mut events = 0;
    while let Some(event) = reader.next_event().unwrap() {
        black_box(event);
        events += 1;
    }
    events
}

fn benches(criterion: &mut Criterion) {
    let (corpus, limits) = (corpus::corpus(), Limits::default());
    let events: u64 = corpus.iter().map(|document| read(document, &limits)).sum();
    let size: usize = corpus.iter().map(Vec::len).sum();
    println!("{} envelopes, {size} bytes, {events} events", corpus.len());

    let mut group = criterion.benchmark_group("binxml");
    group.sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(events));
    group.bench_function("corpus", |bencher| {
        bencher.iter(|| corpus.iter().map(|document| read(document, &limits)).sum::<u64>());
    });
    group.bench_function("feed", |bencher| {
        bencher.iter(|| {
            for document in &corpus {
                let mut feed = Feed::new(limits.clone());
                for piece in document.chunks(4096) {
                    feed.push(piece);
                    while let Some(event) = feed.next_event(Dictionaries::STATIC).unwrap() {
                        black_box(event);
                    }
                }
                feed.finish();
                assert_eq!(feed.next_event(Dictionaries::STATIC), Ok(None));
            }
        });
    });
    group.bench_function("copy", |bencher| {
        bencher.iter(|| {
            for document in &corpus {
                let mut reader = Reader::new(document, Dictionaries::STATIC, limits.clone());
                let mut writer = Writer::new(Ids::Static, Runtime::Framework);
                while let Some(event) = reader.next_event().unwrap() {
                    writer.event(event).unwrap();
                }
                black_box(writer.finish().unwrap());
            }
        });
    });
    let one = corpus.iter().max_by_key(|document| document.len()).unwrap();
    group.throughput(Throughput::Bytes(one.len() as u64));
    group.bench_function("envelope", |bencher| bencher.iter(|| read(black_box(one), &limits)));
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);

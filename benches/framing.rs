//! Reading message framing: `cargo bench --bench framing`.
//!
//! - *records/64*: sized envelopes of 64 bytes, one after the other, cut at random into pieces of at most 8 KiB, as reads of a busy connection
//!   are. The goal is 15 million records a second.
//! - *records/65536*: as many envelopes of 64 KiB in the same number of pieces: a record costs the same, since nobody looks at a payload.
//! - *follower/…*: the same by the follower that walks beside a splice.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has nothing to report")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use viaduct::wire::follow::{Follower as _, Passage};
use viaduct::wire::framing::{
    FramingLimits, InitiatorDecoder, InitiatorFollower, Policy, PreambleEvent, PreambleReader, encode,
    followers,
};

const PREAMBLE: &[u8] = b"\x00\x01\x00\x01\x02\x02\x11net.tcp://h/other\x03\x08\x0c";
const RECORDS: usize = 16 * 1024;

/// A session of [`RECORDS`] envelopes of this size, and where it is cut: on average after this many records.
fn session(size: usize, records_a_piece: usize) -> (Vec<u8>, Vec<usize>) {
    let mut random = SmallRng::seed_from_u64(11);
    let (mut stream, payload) = (PREAMBLE.to_vec(), vec![0x40; size]);
    for _ in 0..RECORDS {
        let size = u32::try_from(size).unwrap();
        encode::record(&viaduct::wire::framing::Record::SizedEnvelope { size }, &mut stream);
        stream.extend_from_slice(&payload);
    }
    let (mut cuts, mut at) = (Vec::new(), 0);
    while at < stream.len() {
        at = stream.len().min(at + random.random_range(1..2 * records_a_piece * size));
        cuts.push(at);
    }
    (stream, cuts)
}

fn limits() -> FramingLimits {
    FramingLimits::default()
}

/// Reads the stream as its pieces arrive: what no record took yet is shown again with the next piece.
fn decode(stream: &[u8], cuts: &[usize]) -> u64 {
    let mut decoder = InitiatorDecoder::new(Policy::relay(limits()));
    let (mut at, mut pieces) = (0, 0);
    for &cut in cuts {
        while let Some((piece, used)) = decoder.next(&stream[at..cut]).unwrap() {
            black_box(piece);
            at += used;
            pieces += 1;
        }
    }
    assert_eq!(at, stream.len());
    pieces
}

fn begun() -> (InitiatorFollower, usize) {
    let (mut reader, mut at) = (PreambleReader::new(), 0);
    loop {
        let (event, used) = reader.read(&PREAMBLE[at..], &Policy::relay(limits())).unwrap().unwrap();
        at += used;
        if let PreambleEvent::Begun(session) = event {
            return (followers(&session, &limits()).0, at);
        }
    }
}

/// Follows the stream as a splice does: what a follower need not see is not shown to it.
fn follow(stream: &[u8], cuts: &[usize]) {
    let (mut follower, mut at) = begun();
    for &cut in cuts {
        if cut <= at {
            continue;
        }
        let Passage::All { unseen } = follower.follow(&stream[at..cut]) else {
            panic!("the stream is good");
        };
        at = cut + usize::try_from(unseen).unwrap();
    }
    assert_eq!(at, stream.len());
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("framing");
    group.sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    group.throughput(Throughput::Elements(RECORDS as u64));
    // 32 records a piece: reads of about 2 KiB where envelopes are small.
    for size in [64, 65_536] {
        let (stream, cuts) = session(size, 32);
        println!("{size}: {RECORDS} records, {} pieces, {} bytes", cuts.len(), stream.len());
        group.bench_function(BenchmarkId::new("records", size), |bencher| {
            bencher.iter(|| decode(black_box(&stream), &cuts));
        });
        group.bench_function(BenchmarkId::new("follower", size), |bencher| {
            bencher.iter(|| follow(black_box(&stream), &cuts));
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);

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
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;
use viaduct::wire::binxml::{Dictionaries, Feed, Ids, Limits, Reader, Writer, find_static};
use viaduct::wire::xml::{DateTime, Decimal, Runtime, Str, Value};

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const CORPUS: usize = 16 << 20;

/// A request as WCF's binary encoder writes it without a session: headers of WS-Addressing, a body of a data contract.
fn envelope(random: &mut SmallRng) -> Vec<u8> {
    let fixed = |text: &str| find_static(text).unwrap();
    let mut writer = Writer::new(Ids::Static, Runtime::Framework);
    let (soap, addressing) = (fixed(SOAP), fixed(ADDRESSING));
    writer.start_element(Some("s"), fixed("Envelope"), soap).unwrap();
    writer.declare("a", addressing).unwrap();
    writer.start_element(Some("s"), fixed("Header"), soap).unwrap();
    let header = |writer: &mut Writer<'_>, name: &str, must_understand: bool, value: Value<'_>| {
        writer.start_element(Some("a"), fixed(name), addressing).unwrap();
        if must_understand {
            writer.start_attribute(Some("s"), fixed("mustUnderstand"), soap).unwrap();
            writer.text("1").unwrap();
            writer.end_attribute().unwrap();
        }
        writer.value(&value).unwrap();
        writer.end_element().unwrap();
    };
    header(&mut writer, "Action", true, Value::Chars("http://tempuri.org/ICreditCheck/Check"));
    header(&mut writer, "MessageID", false, Value::UniqueId(Uuid::from_u128(random.random())));
    writer.start_element(Some("a"), fixed("ReplyTo"), addressing).unwrap();
    header(
        &mut writer,
        "Address",
        false,
        Value::Dictionary(fixed("http://www.w3.org/2005/08/addressing/anonymous")),
    );
    writer.end_element().unwrap();
    header(&mut writer, "To", true, Value::Chars("net.tcp://contoso.example.net/credit-check"));
    writer.end_element().unwrap();
    writer.start_element(Some("s"), fixed("Body"), soap).unwrap();
    let (service, data) =
        (Str::plain("http://tempuri.org/"), Str::plain("http://schemas.example.net/credit"));
    writer.start_element(Some(""), Str::plain("Check"), service).unwrap();
    writer.start_element(Some(""), Str::plain("request"), service).unwrap();
    writer.declare("b", data).unwrap();
    writer.declare("i", fixed("http://www.w3.org/2001/XMLSchema-instance")).unwrap();
    let names = [
        "Amount",
        "Applicant",
        "BirthDate",
        "Currency",
        "Dependants",
        "Existing",
        "Income",
        "Postcode",
        "Score",
    ];
    for name in names {
        writer.start_element(Some("b"), Str::plain(name), data).unwrap();
        match name {
            "Amount" | "Income" => {
                let digits = u128::from(random.random::<u32>());
                writer.value(&Value::Decimal(Decimal::new(false, digits, 2).unwrap())).unwrap();
            }
            "Applicant" => {
                let size = random.random_range(8..24);
                writer.text(&"Margarethe van der Linden"[..size]).unwrap();
            }
            "BirthDate" => {
                let ticks = random.random_range(600_000_000_000_000_000..630_000_000_000_000_000);
                writer.value(&Value::DateTime(DateTime::from_bits(ticks).unwrap())).unwrap();
            }
            "Existing" => writer.value(&Value::Bool(random.random())).unwrap(),
            "Currency" => writer.text("EUR").unwrap(),
            "Postcode" => writer.text("1011 AB").unwrap(),
            _ => writer.value(&Value::Int32(random.random_range(0..900))).unwrap(),
        }
        writer.end_element().unwrap();
    }
    for _ in ["request", "Check", "Body", "Envelope"] {
        writer.end_element().unwrap();
    }
    writer.finish().unwrap()
}

fn corpus() -> Vec<Vec<u8>> {
    let mut random = SmallRng::seed_from_u64(7);
    let (mut envelopes, mut size) = (Vec::new(), 0);
    while size < CORPUS {
        let envelope = envelope(&mut random);
        size += envelope.len();
        envelopes.push(envelope);
    }
    envelopes
}

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
    let (corpus, limits) = (corpus(), Limits::default());
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

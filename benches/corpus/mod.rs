//! The envelopes that the benches read: requests as WCF's binary encoder writes them without a session.

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;
use viaduct::wire::binxml::{Ids, Writer, find_static};
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

/// 16 MiB of them, of about 390 bytes each; the same in every run.
pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let mut random = SmallRng::seed_from_u64(7);
    let (mut envelopes, mut size) = (Vec::new(), 0);
    while size < CORPUS {
        let envelope = envelope(&mut random);
        size += envelope.len();
        envelopes.push(envelope);
    }
    envelopes
}

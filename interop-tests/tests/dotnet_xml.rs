//! Microsoft's own reader and writer of binary XML, those of .NET 8, as judge of ours.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use viaduct::wire::binxml::{Dictionaries, Ids, Limits, OutgoingTable, Reader, SessionTable, Writer};
use viaduct::wire::xml::Runtime;

#[path = "dotnet_xml/dotnet.rs"]
mod dotnet;
#[path = "dotnet_xml/files.rs"]
mod files;
#[path = "dotnet_xml/infoset.rs"]
mod infoset;

use dotnet::{file, judge, strings};
use files::Kind;
use infoset::Infoset;

/// Documents in each direction.
const DOCUMENTS: usize = 10_000;

#[test]
fn what_dotnet_writes_is_read_alike_and_written_again_byte_for_byte() {
    let (made, dumps) = (file("made-by-dotnet"), file("made-by-dotnet.dumps"));
    judge(&["write", strings(), &made, &dumps, &std::env::var("SEED").unwrap_or("1".into()), &DOCUMENTS.to_string()]);
    let documents = files::read_documents(&std::fs::read(made).unwrap());
    let dumps = files::read_dumps(&std::fs::read(dumps).unwrap());
    assert_eq!((documents.len(), dumps.len()), (DOCUMENTS, DOCUMENTS));

    let (mut read, mut sent) = (SessionTable::new(), OutgoingTable::default());
    let (mut bad, mut bad2) = (0, 0);
    for (number, ((kind, message), dump)) in documents.iter().zip(&dumps).enumerate() {
        if *kind == Kind::NewSession {
            (read, sent) = (SessionTable::new(), OutgoingTable::default());
        }
        let (at, dictionaries) = match kind {
            Kind::Static => (0, Dictionaries::STATIC),
            _ => (read.read(message).unwrap(), Dictionaries::session(&read)),
        };
        let document = &message[at..];
        let ours = Infoset::read(document, dictionaries).unwrap();
        if ours != *dump {
            bad += 1;
            if bad < 10 { 
                for (a, b) in ours.lines().zip(dump.lines()).filter(|(a,b)| a!=b).take(2) {
                eprintln!("{number}\n ours {a:.150}\n net  {b:.150}"); }
            }
        }
        let ids = if *kind == Kind::Static { Ids::Static } else { Ids::Session(&mut sent) };
        let mut writer = Writer::new(ids, Runtime::Net8);
        let mut reader = Reader::new(document, dictionaries, Limits::default());
        while writer.copy(&mut reader).unwrap() {}
        let written = writer.finish().unwrap();
        if &written != message {
            bad2 += 1;
            if bad2 < 10 {
            let at = written.iter().zip(message).take_while(|(a, b)| a == b).count();
            let from = at.saturating_sub(20);
            eprintln!("{number} {kind:?} at {at} \n ours {:02x?}\n net  {:02x?}", &written[from..(at+20).min(written.len())], &message[from..(at+20).min(message.len())]);
            }
        }
    }
    panic!("{bad} {bad2}");
}

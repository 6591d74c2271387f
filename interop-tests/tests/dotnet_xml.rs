//! Microsoft's own reader and writer of binary XML, those of .NET 8, as judge of ours: 10,000 documents in each direction.
//!
//! Documents about which the two may differ are listed and explained in `dotnet-xml/exceptions.txt`.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::BTreeSet;

use viaduct::wire::binxml::{
    Dictionaries, Ids, Limits, OutgoingTable, Reader, RecordType, Records, SessionTable, Writer,
};
use viaduct::wire::xml::Runtime;

#[path = "dotnet_xml/dice.rs"]
mod dice;
#[path = "dotnet_xml/differences.rs"]
mod differences;
#[path = "dotnet_xml/dotnet.rs"]
mod dotnet;
#[path = "dotnet_xml/exceptions.rs"]
mod exceptions;
#[path = "dotnet_xml/files.rs"]
mod files;
#[path = "dotnet_xml/infoset.rs"]
mod infoset;
#[path = "dotnet_xml/made.rs"]
mod made;
#[path = "dotnet_xml/values.rs"]
mod values;
#[path = "dotnet_xml/variants.rs"]
mod variants;

use dice::Dice;
use dotnet::{file, judge, strings};
use files::Kind;
use infoset::{Infoset, first_difference};
use made::Made;

/// Documents in each direction.
const DOCUMENTS: usize = 10_000;

#[test]
fn the_judge_is_microsofts_and_no_other() {
    let said = judge(&["who"]);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    for whose in &lines[..2] {
        assert!(whose.starts_with("System.Private.DataContractSerialization, Version=8.0.0.0,"), "{whose}");
        assert!(whose.contains("target/interop/dotnet/"), "{whose}");
    }
    assert_eq!(lines[2..], ["version 8.0.4", "zone 00:00:00"]);
}

#[test]
fn what_we_write_is_read_by_dotnet_as_it_was_meant() {
    let mut documents = made::documents(1, DOCUMENTS - differences::COUNT);
    documents.extend(differences::documents());
    exceptions::check("written-by-us", &misread("made-by-us", &documents));
}

#[test]
fn forms_that_no_writer_chooses_are_read_by_dotnet_and_us_alike() {
    let mut dice = Dice::new(2);
    let mut documents = made::documents(3, DOCUMENTS);
    let (mut session, mut kinds) = (SessionTable::new(), BTreeSet::new());
    for made in &mut documents {
        let (document, _) = open(made.kind, &made.message, &mut session);
        let recoded = variants::recode(document, &mut dice);
        let mut records = Records::new(&recoded);
        while let Some(record) = records.next_record().unwrap() {
            // The number of items stands behind the name of their type.
            record.names(|name| {
                kinds.insert(name.to_string().split('[').next().map(str::to_owned));
            });
        }
        let at = made.message.len() - document.len();
        made.message.truncate(at);
        made.message.extend(recoded);
    }
    exceptions::check("recoded", &misread("recoded", &documents));

    let all = (0x01..=0xbd).filter(|kind| !matches!(kind, 0x78..=0x7f | 0xa5 | 0xa7)).map(RecordType);
    let missing: Vec<_> = all.filter(|kind| !kinds.contains(&Some(kind.to_string()))).collect();
    assert!(missing.is_empty(), "no document has {missing:?}");
}

#[test]
fn what_dotnet_writes_is_read_alike_and_written_again_byte_for_byte() {
    let (made, dumps) = (file("made-by-dotnet"), file("made-by-dotnet.dumps"));
    judge(&["write", strings(), &made, &dumps, "1", &DOCUMENTS.to_string()]);
    let documents = files::read_documents(&std::fs::read(made).unwrap());
    let said = files::read_dumps(&std::fs::read(dumps).unwrap());
    assert_eq!((documents.len(), said.len()), (DOCUMENTS, DOCUMENTS));

    let mut differences = Vec::new();
    let (mut session, mut sent) = (SessionTable::new(), OutgoingTable::default());
    for (number, ((kind, message), dotnet)) in documents.iter().zip(&said).enumerate() {
        let (document, dictionaries) = open(*kind, message, &mut session);
        let ours = Infoset::read(document, dictionaries).unwrap();
        let difference = first_difference(&ours, dotnet, |ours, dotnet| ours == dotnet);

        if *kind == Kind::NewSession {
            sent = OutgoingTable::default();
        }
        let ids = if *kind == Kind::Static { Ids::Static } else { Ids::Session(&mut sent) };
        let mut writer = Writer::new(ids, Runtime::Net8);
        let mut reader = Reader::new(document, dictionaries, Limits::default());
        while writer.copy(&mut reader).unwrap() {}
        let written = writer.finish().unwrap();
        let difference = difference.or_else(|| byte_difference(&written, message));
        differences.extend(difference.map(|difference| (number, difference)));
    }
    exceptions::check("written-by-dotnet", &differences);
}

/// The documents that .NET's reader reads otherwise than ours, which reads all of them as they were meant.
fn misread(name: &str, documents: &[Made]) -> Vec<(usize, String)> {
    let (messages_file, dumps) = (file(name), file(&format!("{name}.dumps")));
    let messages = documents.iter().map(|made| (made.kind, &*made.message));
    std::fs::write(&messages_file, files::documents(messages)).unwrap();
    judge(&["read", strings(), &messages_file, &dumps]);
    let said = files::read_dumps(&std::fs::read(dumps).unwrap());
    assert_eq!((documents.len(), said.len()), (DOCUMENTS, DOCUMENTS));

    let (mut differences, mut session) = (Vec::new(), SessionTable::new());
    for (number, (made, dotnet)) in documents.iter().zip(&said).enumerate() {
        let (document, dictionaries) = open(made.kind, &made.message, &mut session);
        let ours = Infoset::read(document, dictionaries).unwrap();
        assert_eq!(made.expected.difference(&ours), None, "{number}: meant | read by ourselves");
        let difference = first_difference(&ours, dotnet, |ours, dotnet| ours == dotnet);
        differences.extend(difference.map(|difference| (number, difference)));
    }
    differences
}

/// The document of a message, and its dictionaries.
fn open<'a>(kind: Kind, message: &'a [u8], session: &'a mut SessionTable) -> (&'a [u8], Dictionaries<'a>) {
    if kind == Kind::Static {
        return (message, Dictionaries::STATIC);
    }
    if kind == Kind::NewSession {
        *session = SessionTable::new();
    }
    let at = session.read(message).unwrap();
    (&message[at..], Dictionaries::session(session))
}

/// Where two documents are not the same.
fn byte_difference(ours: &[u8], dotnet: &[u8]) -> Option<String> {
    let same = ours.iter().zip(dotnet).take_while(|(ours, dotnet)| ours == dotnet).count();
    let around = |bytes: &[u8]| {
        let near = &bytes[same.saturating_sub(20)..bytes.len().min(same + 20)];
        near.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    (ours != dotnet).then(|| format!("at byte {same}: {} | {}", around(ours), around(dotnet)))
}

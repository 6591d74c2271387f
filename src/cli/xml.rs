//! `viaduct xml`: binary XML to text and back, from standard input to standard output.

use std::io::{self, IsTerminal, Read};

use super::args::{Dictionary, XmlArgs, XmlCommand};
use super::failure::Failure;
use super::output::print_bytes;
use crate::wire::binxml::{Dictionaries, Ids, Limits, OutgoingTable, Reader, SessionTable, Writer};
use crate::wire::xml::{Event, Runtime, TextReader, TextStyle, TextWriter, XmlError, XmlLimits};

/// Runs it.
pub(super) fn run(args: &XmlArgs) -> Result<(), Failure> {
    let mut input = Vec::new();
    io::stdin()
        .read_to_end(&mut input)
        .map_err(|error| Failure::new(format!("standard input: {error}"), "look where it comes from"))?;
    match &args.command {
        XmlCommand::Decode(args) => {
            let mut text = decode(&input, args.dictionary)?;
            if io::stdout().is_terminal() {
                text.push(b'\n');
            }
            print_bytes(&text)
        }
        XmlCommand::Encode(args) => print_bytes(&encode(&input, args.dictionary)?),
    }
}

/// The text of the document; of a session that of each document, line by line.
fn decode(input: &[u8], dictionary: Dictionary) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    match dictionary {
        Dictionary::None => document(input, 0, Dictionaries::NONE, Until::End, &mut out)?,
        Dictionary::Static => document(input, 0, Dictionaries::STATIC, Until::End, &mut out)?,
        Dictionary::Session => {
            let mut table = SessionTable::with_limits(SESSION_BYTES, SESSION_BYTES);
            let mut at = 0;
            while at < input.len() || at == 0 {
                let start = table.read(&input[at..]).map_err(|error| refused(at, &error, ADVICE))?;
                if at > 0 {
                    out.push(b'\n');
                }
                at = document(input, at + start, Dictionaries::session(&table), Until::Root, &mut out)?;
            }
            return Ok(out);
        }
    };
    Ok(out)
}

/// How far a document goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// To the end of the input.
    End,
    /// To the end of its root: what follows is another message.
    Root,
}

/// Appends the text of the document that begins at `at`, and says where it ends.
fn document(
    input: &[u8],
    at: usize,
    dictionaries: Dictionaries<'_>,
    until: Until,
    out: &mut Vec<u8>,
) -> Result<usize, Failure> {
    let mut reader = Reader::new(&input[at..], dictionaries, Limits::default());
    let mut writer = TextWriter::new(TextStyle { lenient: true, ..TextStyle::default() });
    loop {
        let place = at + reader.position();
        let Some(&event) = reader.next_event().map_err(|error| refused(place, &error, ADVICE))? else {
            break;
        };
        writer.event(&event).map_err(|error| refused(place, &error, "no text can say it"))?;
        if until == Until::Root && event == Event::End && reader.depth() == 0 {
            break;
        }
    }
    writer.take(out);
    Ok(at + reader.position())
}

/// The binary form of the text, as .NET writes what it reads from text: every string inline. A session's table in front of it is empty.
fn encode(input: &[u8], dictionary: Dictionary) -> Result<Vec<u8>, Failure> {
    let mut table = OutgoingTable::default();
    let ids = match dictionary {
        Dictionary::None => Ids::None,
        Dictionary::Static => Ids::Static,
        Dictionary::Session => Ids::Session(&mut table),
    };
    let mut reader = TextReader::new(XmlLimits::default());
    let mut writer = Writer::new(ids, Runtime::Net8);
    reader.push(input);
    reader.finish();
    loop {
        let event = match reader.next() {
            Ok(Some(event)) => event,
            Ok(None) => break,
            Err(error) => return Err(wrong_text(&error, reader.span().end)),
        };
        if let Err(error) = writer.event(&event) {
            return Err(Failure::new(format!("standard input: {error}"), "correct the document"));
        }
    }
    writer
        .finish()
        .map_err(|error| Failure::new(format!("standard input: {error}"), "give one whole document"))
}

fn refused(at: usize, error: &dyn std::fmt::Display, advice: &str) -> Failure {
    Failure::new(format!("standard input, at byte {at}: {error}"), advice)
}

fn wrong_text(error: &XmlError, at: u64) -> Failure {
    Failure::new(format!("standard input, near byte {at}: {error}"), "give one document of text XML")
}

const ADVICE: &str = "give one document of binary XML, and its --dictionary";

/// Services may take more in a session than .NET's 2048 bytes.
const SESSION_BYTES: usize = 16 << 20;

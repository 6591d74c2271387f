//! To rewritten: everything else of an envelope stays what it was. Framing page 7.4.

use viaduct::wire::binxml::{DecodeError, Dictionaries, Limits, Reader, SessionTable};
use viaduct::wire::soap::{
    Addressing, HeaderReader, Headers, Place, RewriteError, SessionRewriter, SoapLimits, TextRewriter,
    ToRoute, rewrite_binary, rewrite_text,
};
use viaduct::wire::xml::{Charset, Event, TextReader, XmlLimits};

use super::cut::{cut, ways};
use super::document::Summary;
use super::envelopes::envelopes;
use super::options::{bit, choose, options};
use super::xml_text::charset;

/// As [`super::binxml_reader::MEMORY`]: envelopes are read to their end here, to be compared.
pub const MEMORY: usize = 128 << 20;

/// Options: form and charset, the route, the service's table, two sizes of pieces.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([form, route, sent, first, second], rest) = options(input);
    let Some(route) = self::route(route) else { return };
    match form >> 6 {
        0 => in_text(rest, charset(form), &route, [first, second]),
        1 => in_binary(rest, &route),
        _ => in_session(rest, &route, choose(sent, [2048, 120, 40, 0])),
    }
}

fn route(option: u8) -> Option<ToRoute> {
    let front = choose(option, ["/probe", "", "/a/b", "/svc/"]);
    let service = choose(
        option >> 2,
        [
            "net.tcp://h:1/s",
            "net.tcp://a-host-with-a-long-name.example.net:12345/and/a/long/path/to/the/service",
            "http://h/x?y&z",
            "sb://[::1]/probe/",
        ],
    );
    ToRoute::new(front, service, bit(option, 4)).ok()
}

/// What an envelope says up to To, from there on, and in To.
#[derive(Debug, Clone, PartialEq)]
struct Says {
    others: Summary,
    to: String,
    headers: Option<Headers>,
}

/// Reads an envelope to its end. The text of the first To that counts stands apart.
struct Splitter {
    says: Says,
    headers: HeaderReader,
    to: String,
    error: bool,
}

impl Splitter {
    fn new() -> Self {
        Self {
            says: Says { others: Summary::of_content(), to: String::new(), headers: None },
            headers: HeaderReader::new(SoapLimits::default()),
            to: String::new(),
            error: false,
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        let before = self.headers.has_to();
        let place = self.headers.event(event);
        self.error |= place.is_err();
        match (place, event) {
            // A comment inside may go with what it stands in.
            (Ok(Place::To), Event::Text(_) | Event::Comment(_)) if !before => {
                if let Event::Text(value) = event {
                    self.to.push_str(&value.text());
                }
            }
            (place, event) => {
                if place == Ok(Place::To) && matches!(event, Event::End) {
                    if self.headers.has_to() && !before {
                        self.says.to = std::mem::take(&mut self.to);
                    } else {
                        // It was for somebody else and stays as it is.
                        self.says.others.event(&Event::Comment(&std::mem::take(&mut self.to)));
                    }
                }
                self.says.others.event(event);
            }
        }
    }

    fn done(mut self) -> Says {
        self.says.headers = self.headers.into_headers();
        self.says
    }
}

/// The same envelope but for To, which is what the route says.
fn check_says(before: &Says, after: &Says, given: &Headers, route: &ToRoute) {
    assert_eq!(before.headers.as_ref(), Some(given), "the headers that are told are those that came");
    assert_eq!(before.others, after.others);
    let (Some(old), Some(new)) = (&before.headers, &after.headers) else { panic!("{before:?} {after:?}") };
    let to = old.to.as_ref().map(|to| route.judge(&to.text).expect("it was judged before"));
    match to {
        None => assert!(new.to.is_none()),
        Some(None) => assert_eq!(before.to, after.to),
        Some(Some(to)) => {
            assert!(!old.to.as_ref().is_some_and(|to| to.signed), "what is signed stays");
            assert_eq!(after.to, to);
            assert_eq!(route.judge(&to), Ok(None), "it is where it belongs");
        }
    }
    let without_to = |headers: &Headers| Headers { to: None, ..headers.clone() };
    assert_eq!(without_to(old), without_to(new));
}

/// An error has words, and a fault that can be sent.
fn check_error(error: &RewriteError) {
    assert!(!error.to_string().is_empty());
    if let Some(fault) = error.fault(Addressing::Ws10) {
        assert!(!fault.reason.is_empty());
    }
}

fn read_binary(document: &[u8], dictionaries: Dictionaries<'_>) -> Result<Says, DecodeError> {
    let limits = Limits { array_items: 2000, ..Limits::default() };
    let (mut reader, mut splitter) = (Reader::new(document, dictionaries, limits), Splitter::new());
    while let Some(&event) = reader.next_event()? {
        splitter.event(&event);
    }
    Ok(splitter.done())
}

fn in_binary(message: &[u8], route: &ToRoute) {
    let mut out = b"kept".to_vec();
    let headers = match rewrite_binary(message, route, &mut out) {
        Ok(headers) => headers,
        Err(error) => {
            assert_eq!(out, b"kept");
            return check_error(&error);
        }
    };
    let out = &out[4..];
    match (read_binary(message, Dictionaries::STATIC), read_binary(out, Dictionaries::STATIC)) {
        (Ok(before), Ok(after)) => check_says(&before, &after, &headers, route),
        // The body is not looked at.
        (before, after) => assert_eq!(before.err(), after.err()),
    }
    let mut again = Vec::new();
    rewrite_binary(out, route, &mut again).expect("what was rewritten can be rewritten");
    assert_eq!(again, out, "a second time changes nothing");
}

fn in_session(messages: &[u8], route: &ToRoute, sent: usize) {
    let mut rewriter = SessionRewriter::with_limits(route.clone(), 2048, sent);
    let (mut client, mut service) = (SessionTable::new(), SessionTable::with_limits(sent, 4096));
    let mut failed: Option<RewriteError> = None;
    for message in envelopes(messages) {
        let mut out = b"kept".to_vec();
        let headers = match (rewriter.rewrite(message, &mut out), &failed) {
            (Ok(headers), None) => headers,
            (Ok(_), Some(error)) => panic!("a session that failed goes on: {error}"),
            (Err(error), before) => {
                assert!(before.as_ref().is_none_or(|before| *before == error));
                assert_eq!(out, b"kept");
                check_error(&error);
                failed = Some(error);
                continue;
            }
        };
        let out = &out[4..];
        let begins = client.read(message).expect("the rewriter has read it");
        let sent_begins = service.read(out).expect("the table fits the service");
        let before = read_binary(&message[begins..], Dictionaries::session(&client));
        let after = read_binary(&out[sent_begins..], Dictionaries::session(&service));
        match (before, after) {
            (Ok(before), Ok(after)) => check_says(&before, &after, &headers, route),
            // Ids that are none in the body: which one says so depends on how they are numbered.
            (Err(_), Err(_)) => {}
            (before, after) => panic!("{before:?} {after:?}"),
        }
    }
}

fn read_text(document: &[u8], told: Charset) -> Option<Says> {
    let mut reader = TextReader::told(told, XmlLimits::default());
    reader.push(document);
    reader.finish();
    let mut splitter = Splitter::new();
    loop {
        match reader.next() {
            Ok(Some(event)) => splitter.event(&event),
            Ok(None) => return Some(splitter.done()),
            Err(_) => return None,
        }
    }
}

fn in_text(message: &[u8], told: Charset, route: &ToRoute, sizes: [u8; 2]) {
    let mut out = b"kept".to_vec();
    let whole = rewrite_text(message, told, route, &mut out);
    let out = out.split_off(4);
    for sizes in ways(message.len(), sizes) {
        let (mut rewriter, mut pieces) = (TextRewriter::new(route, told), Vec::new());
        let done = cut(message, sizes).try_for_each(|piece| rewriter.push(piece, &mut pieces));
        let headers = rewriter.headers().cloned();
        let done = done.and_then(|()| rewriter.finish());
        assert_eq!(whole.as_ref().map(|_| ()).map_err(Clone::clone), done, "cut by {sizes:?}");
        assert_eq!(out, pieces);
        if let Ok(whole) = &whole {
            assert_eq!(Some(whole), headers.as_ref());
        }
    }
    let headers = match whole {
        Ok(headers) => headers,
        Err(error) => {
            assert!(out.is_empty());
            return check_error(&error);
        }
    };
    // The body is not looked at.
    match (read_text(message, told), read_text(&out, told)) {
        (Some(before), Some(after)) => check_says(&before, &after, &headers, route),
        (before, after) => assert_eq!(before.is_some(), after.is_some()),
    }
    let mut again = Vec::new();
    rewrite_text(&out, told, route, &mut again).expect("what was rewritten can be rewritten");
    assert_eq!(again, out, "a second time changes nothing");
}

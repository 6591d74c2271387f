//! One record from bytes, and the text of a Via: framing page 1 and 1.2.

use secrecy::ExposeSecret;
use viaduct::wire::framing::{
    DecodeError, FramingLimits, Record, RecordType, Via, ViaText, decode, encode, with_token,
};

use super::framing_initiator::limits;
use super::options::{bit, options};

/// The longest Via, with its token, a few times over.
pub const MEMORY: usize = 1 << 20;

/// Prefixes of a record that are looked at one by one.
const PREFIXES: usize = 64;

/// Options: limits; bit 7: the rest is the text of a Via, not a record.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([option], bytes) = options(input);
    let limits = limits(option);
    if bit(option, 7) {
        if let Ok(text) = std::str::from_utf8(bytes) {
            via(text, &limits);
        }
        return;
    }
    let answer = decode::record(bytes, &RecordType::ALL, &limits);
    prefixes(bytes, answer.as_ref().ok().and_then(|answer| answer.map(|(_, used)| used)), |prefix| {
        match (decode::record(prefix, &RecordType::ALL, &limits), &answer) {
            (Ok(None), _) => Prefix::Undecided,
            (one, other) => Prefix::Decided(one == *other),
        }
    });
    if let Ok(Some((record, used))) = answer {
        let mut encoded = Vec::new();
        encode::record(&record, &mut encoded);
        assert!(encoded.len() <= used && used <= bytes.len());
        assert_eq!(
            decode::record(&encoded, &RecordType::ALL, &limits),
            Ok(Some((record, encoded.len()))),
            "it comes back"
        );
        if encoded.len() == used {
            assert_eq!(encoded, bytes[..used]);
        }
        let _shown = format!("{record:?}");
        if let Record::Via(text) = record {
            via(text.expose(), &limits);
        }
    }
    if let Err(error) = answer {
        assert!(!error.to_string().is_empty() && !error.class().is_empty());
    }
    chunk(bytes);
}

/// What a prefix of the bytes says.
enum Prefix {
    /// That more is needed.
    Undecided,
    /// The same as all of them, or not.
    Decided(bool),
}

/// Whatever a prefix decides, more bytes do not change; and nothing is decided before the last byte of a record.
fn prefixes(bytes: &[u8], used: Option<usize>, judge: impl Fn(&[u8]) -> Prefix) {
    let end = used.unwrap_or(bytes.len());
    for len in (0..end.min(PREFIXES)).chain(end.saturating_sub(2)..end) {
        match judge(&bytes[..len]) {
            Prefix::Undecided => {}
            Prefix::Decided(same) => assert!(same && used.is_none(), "{len} bytes decide otherwise"),
        }
    }
}

fn chunk(bytes: &[u8]) {
    let answer = decode::chunk_size(bytes);
    prefixes(bytes, answer.as_ref().ok().and_then(|answer| answer.map(|(_, used)| used)), |prefix| {
        match decode::chunk_size(prefix) {
            Ok(None) => Prefix::Undecided,
            one => Prefix::Decided(one == answer),
        }
    });
    if let Ok(Some((size, used))) = answer {
        let mut encoded = Vec::new();
        encode::chunk_size(size, &mut encoded);
        assert!(encoded.len() <= used);
        assert_eq!(decode::chunk_size(&encoded), Ok(Some((size, encoded.len()))));
    }
}

fn via(text: &str, limits: &FramingLimits) {
    let (shown, has_token) = ViaText::new(text).without_token();
    assert!(text.starts_with(shown) && (has_token || shown == text));
    let via = match Via::parse(text, limits) {
        Ok(via) => via,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert!(via.as_str().len() <= limits.via);
    assert!(via.as_str().contains(via.host()) && !via.host().is_empty());
    assert!(via.path() == "/" || via.as_str().contains(via.path()));
    match via.token() {
        None => assert_eq!(via.as_str(), text),
        Some(token) => without_token(text, &via, token.expose_secret(), limits),
    }
    // What is left has no token, and says the same.
    let again = Via::parse(via.as_str(), &FramingLimits { token: 0, ..*limits })
        .expect("a Via is one without its token");
    assert!(again.token().is_none());
    assert_eq!(again.as_str(), via.as_str());
    assert_eq!((again.scheme(), again.host(), again.port()), (via.scheme(), via.host(), via.port()));
    assert_eq!((again.path(), again.to_string()), (via.path(), via.to_string()));
    with_another(&via, limits);
}

/// The text is the Via's own and, at one place, a marker and the token in base64.
fn without_token(text: &str, via: &Via, token: &str, limits: &FramingLimits) {
    assert!(!token.is_empty() && token.len() <= limits.token);
    let removed = text.len() - via.as_str().len();
    let start = text.bytes().zip(via.as_str().bytes()).take_while(|(one, other)| one == other).count();
    // They may go on alike for a while behind the place where it was taken out.
    let taken_out = (0..=start).rev().find(|at| {
        text.get(*at..at + removed).is_some_and(|token| {
            token.starts_with('/')
                && text.get(..*at) == via.as_str().get(..*at)
                && text.get(at + removed..) == via.as_str().get(*at..)
        })
    });
    let at = taken_out.expect("a Via is its text without two segments");
    assert_eq!(text[at + 1..at + removed].split('/').count(), 2, "a marker and a token");
}

/// A client that adds a token to this Via is understood.
fn with_another(via: &Via, limits: &FramingLimits) {
    const TOKEN: &str = "SharedAccessSignature sr=x&sig=y&se=1&skn=z";
    let text = with_token(via.as_str(), TOKEN);
    match Via::parse(&text, limits) {
        Ok(read) => {
            assert!(limits.token >= TOKEN.len());
            assert_eq!(read.token().map(|token| token.expose_secret()), Some(TOKEN));
            let slashes = |text: &str| text.trim_end_matches('/').to_owned();
            assert_eq!(slashes(read.path()), slashes(via.path()));
        }
        Err(DecodeError::ViaTokenTooLong { max }) => assert!(max < TOKEN.len()),
        Err(error) => panic!("{error}"),
    }
}

//! The path a request names: the one gate before look-up, audience check and forwarding.

use std::fmt;

use super::EntityPath;

/// A path that a request addresses: a relay's path and perhaps a suffix. Hybrid page 1 and 5.2.
///
/// [`RelayPath::parse`] refuses whatever could mean another path to somebody behind us: dot segments, encoded
/// slashes, backslashes, control characters, escapes that are none, bytes that are no UTF-8. What it yields is used
/// for look-up, for the audience of a token and for forwarding, so these three can never disagree.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayPath {
    raw: String,
    decoded: String,
}

impl RelayPath {
    /// The longest path [`RelayPath::parse`] takes, in bytes as sent: the default of `Limits::request_path`.
    pub const LONGEST: usize = 8 << 10;

    /// Reads a percent-encoded path without query, and without the `/$hc` that leads to a WebSocket
    /// ([`RelayPath::split_hc`] cuts it). The leading slash may be missing.
    pub fn parse(raw: &str) -> Result<Self, PathError> {
        Self::parse_within(raw, Self::LONGEST)
    }

    // DIFFERS: the service passes some of the spellings that are refused here on to the listener.
    /// The same with another limit, in bytes.
    pub fn parse_within(raw: &str, most: usize) -> Result<Self, PathError> {
        if raw.len() > most {
            return Err(PathError::TooLong { length: raw.len(), most });
        }
        let raw = if raw.starts_with('/') { raw.to_owned() } else { format!("/{raw}") };
        let decoded = decode(&raw)?;
        if raw.split('/').any(escapes) {
            return Err(PathError::DotSegment);
        }
        Ok(Self { raw, decoded })
    }

    /// What follows `/$hc`, when the path begins with it: empty, or a path with its leading slash.
    ///
    /// `$hc` is matched without regard to case, and its dollar sign may be written `%24`. Hybrid page 1.
    pub fn split_hc(raw: &str) -> Option<&str> {
        let first = raw.strip_prefix('/').unwrap_or(raw);
        let name = first.strip_prefix('$').or_else(|| first.strip_prefix("%24"))?;
        let (hc, rest) = name.split_at_checked(2)?;
        (hc.eq_ignore_ascii_case("hc") && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
    }

    /// The path as it was sent, with a leading slash.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The path percent-decoded, with a leading slash. `%3F` and `%23` stay encoded, because this text goes in
    /// front of a query. Hybrid page 5.2.
    pub fn decoded(&self) -> &str {
        &self.decoded
    }

    /// The decoded segments. Empty ones at the end do not count, empty ones elsewhere do. Hybrid page 1.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        segments(&self.decoded)
    }

    /// The segments as they were sent, as many as [`RelayPath::segments`].
    pub fn raw_segments(&self) -> impl Iterator<Item = &str> {
        segments(&self.raw)
    }

    /// Every path that a relay could have of which this is below or the same, the longest first.
    pub fn prefixes(&self) -> impl Iterator<Item = EntityPath> {
        let path = self.decoded.trim_matches('/');
        let ends = path.match_indices('/').map(|(at, _)| at);
        let mut ends: Vec<usize> =
            ends.chain([path.len()]).filter(|end| *end <= EntityPath::LONGEST).collect();
        ends.reverse();
        ends.into_iter().filter_map(move |end| EntityPath::parse(&path[..end]).ok())
    }

    /// Whether the relay of this path is addressed, or something below it: whole segments, without regard to case.
    pub fn starts_with(&self, prefix: &EntityPath) -> bool {
        let mut own = self.segments();
        prefix.segments().all(|segment| own.next().is_some_and(|own| own.eq_ignore_ascii_case(segment)))
    }

    /// What follows the relay's path, as sent: empty, or beginning with a slash; empty segments at the end are kept.
    /// `None` when another relay is addressed.
    pub fn raw_suffix(&self, relay: &EntityPath) -> Option<&str> {
        self.starts_with(relay).then(|| after(&self.raw, relay.segments().count()))
    }

    /// The same, decoded.
    pub fn decoded_suffix(&self, relay: &EntityPath) -> Option<&str> {
        self.starts_with(relay).then(|| after(&self.decoded, relay.segments().count()))
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.trim_end_matches('/');
    // The root path has no segment; any other begins with a slash.
    path.split('/').skip(1)
}

/// What follows the first `count` segments.
fn after(path: &str, count: usize) -> &str {
    path.match_indices('/').nth(count).map_or("", |(at, _)| &path[at..])
}

/// Decodes a path once, and refuses what may not be in it.
fn decode(raw: &str) -> Result<String, PathError> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'%' => {
                let (code, tail) = escape(rest).ok_or(PathError::BadEscape)?;
                match code {
                    b'/' => return Err(PathError::EncodedSlash),
                    b'\\' => return Err(PathError::Backslash),
                    // Decoded, they would end the path.
                    b'?' => decoded.extend_from_slice(b"%3F"),
                    b'#' => decoded.extend_from_slice(b"%23"),
                    code => decoded.push(code),
                }
                rest = tail;
            }
            b'\\' => return Err(PathError::Backslash),
            // A blank ends the target of a request line; a question mark or a hash ends a path.
            b' ' | b'?' | b'#' => return Err(PathError::NotOfAPath { found: byte.into() }),
            byte => decoded.push(byte),
        }
    }
    let decoded = String::from_utf8(decoded).map_err(|_| PathError::NotUtf8)?;
    if decoded.chars().any(char::is_control) {
        return Err(PathError::ControlCharacter);
    }
    Ok(decoded)
}

/// The byte that two hex digits stand for, and what follows them.
fn escape(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], rest) = bytes.split_first_chunk()?;
    Some((hex(high)? << 4 | hex(low)?, rest))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| value.try_into().ok())
}

/// Whether a segment, as sent, means the directory itself or the one above to anybody: encoded however often, and
/// also in the way of servers that cut path parameters (`..;x`) or blanks first.
///
/// Listeners get the path decoded once, and their URL classes decode again: `%252e%252e` must not become `..` there.
fn escapes(segment: &str) -> bool {
    if !segment.contains(['.', '%']) {
        return false;
    }
    // Decodes to the end in one pass: each byte that completes an escape may itself be part of the next.
    let mut bytes: Vec<u8> = Vec::with_capacity(segment.len());
    for byte in segment.bytes() {
        bytes.push(byte);
        while let Some((head, tail)) = bytes.split_last_chunk::<3>()
            && let [b'%', code @ ..] = tail
            && let Some((byte, _)) = escape(code)
        {
            let length = head.len();
            bytes.truncate(length);
            bytes.push(byte);
        }
    }
    let pieces = bytes.split(|byte| matches!(byte, b'/' | b'\\'));
    pieces
        .filter_map(|piece| piece.split(|byte| *byte == b';').next())
        .any(|piece| matches!(piece.trim_ascii(), b"." | b".."))
}

impl fmt::Display for RelayPath {
    /// The path as sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw)
    }
}

impl fmt::Debug for RelayPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.raw, f)
    }
}

/// Why a request's path is refused before anything is looked up. Always the sender's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// More bytes than `Limits::request_path`.
    #[error("the path has {length} bytes, at most {most} are allowed")]
    TooLong {
        /// Bytes found.
        length: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// `.` or `..`, also encoded.
    #[error("the path holds a dot segment")]
    DotSegment,
    /// `%2F`.
    #[error("the path holds an encoded slash")]
    EncodedSlash,
    /// `\` or `%5C`.
    #[error("the path holds a backslash")]
    Backslash,
    /// A control character, also encoded.
    #[error("the path holds a control character")]
    ControlCharacter,
    /// `%` without two hex digits.
    #[error("the path holds a percent sign that is not followed by two hex digits")]
    BadEscape,
    /// Escapes that decode to no UTF-8.
    #[error("the path is not UTF-8 once decoded")]
    NotUtf8,
    /// A character that ends a path.
    #[error("{found:?} cannot stand in a path")]
    NotOfAPath {
        /// The first such character.
        found: char,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(raw: &str) -> RelayPath {
        RelayPath::parse(raw).unwrap()
    }

    fn entity(path: &str) -> EntityPath {
        EntityPath::parse(path).unwrap()
    }

    #[test]
    fn leading_slash_may_be_missing() {
        assert_eq!(parse("plant7/press"), parse("/plant7/press"));
        assert_eq!(parse("").raw(), "/");
        assert_eq!(parse("").segments().count(), 0);
    }

    #[test]
    fn raw_stays_as_sent_and_decoded_keeps_what_would_end_the_path() {
        let path = parse("/plant7/my%20file%3f%23%c3%bc%252e/ü");
        assert_eq!(path.raw(), "/plant7/my%20file%3f%23%c3%bc%252e/ü");
        assert_eq!(path.decoded(), "/plant7/my file%3F%23ü%2e/ü");
    }

    #[test]
    fn empty_segments_count_except_at_the_end() {
        assert_eq!(parse("/a/b//").segments().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(parse("//a//b").segments().collect::<Vec<_>>(), ["", "a", "", "b"]);
        assert_eq!(parse("///").segments().count(), 0);
    }

    #[test]
    fn prefix_is_whole_segments_without_case() {
        assert!(parse("/hyco/x").starts_with(&entity("HyCo")));
        assert!(parse("/hy%63o").starts_with(&entity("hyco")));
        assert!(parse("/hyco//").starts_with(&entity("hyco")));
        assert!(!parse("/hyco2").starts_with(&entity("hyco")));
        assert!(!parse("/hyco").starts_with(&entity("hyco/a")));
        assert!(!parse("//hyco").starts_with(&entity("hyco")));
    }

    #[test]
    fn suffix_is_what_follows_the_relay() {
        let path = parse("/Plant7/press/my%20cell//4/");
        assert_eq!(path.raw_suffix(&entity("plant7/press")), Some("/my%20cell//4/"));
        assert_eq!(path.decoded_suffix(&entity("plant7/press")), Some("/my cell//4/"));
        assert_eq!(path.raw_suffix(&entity("plant8")), None);
        assert_eq!(parse("/plant7").raw_suffix(&entity("plant7")), Some(""));
        assert_eq!(parse("/plant7/").raw_suffix(&entity("plant7")), Some("/"));
    }

    #[test]
    fn hc_is_found_in_any_case_and_with_its_dollar_encoded() {
        assert_eq!(RelayPath::split_hc("/$hc/plant7"), Some("/plant7"));
        assert_eq!(RelayPath::split_hc("/$HC/plant7"), Some("/plant7"));
        assert_eq!(RelayPath::split_hc("/%24Hc/plant7"), Some("/plant7"));
        assert_eq!(RelayPath::split_hc("$hc"), Some(""));
        assert_eq!(RelayPath::split_hc("/$hc/"), Some("/"));
        for other in ["/$hcx/a", "/hc/a", "/plant7/$hc", "/", "", "/$h", "/$hé", "//$hc/a"] {
            assert_eq!(RelayPath::split_hc(other), None, "{other}");
        }
    }

    #[test]
    fn refuses_what_could_mean_another_path() {
        use PathError::*;
        for (raw, error) in [
            ("/a/../b", DotSegment),
            ("/a/.", DotSegment),
            ("/a/./b", DotSegment),
            ("/a/%2e%2E/b", DotSegment),
            ("/a/.%2e", DotSegment),
            ("/a/%252e%252e/b", DotSegment),
            ("/a/%25252e.", DotSegment),
            ("/a/%25%32%65./b", DotSegment),
            ("/a/..%252fb", DotSegment),
            ("/a/b%252f..%255cc", DotSegment),
            ("/a/..;x=1/b", DotSegment),
            ("/a/..%3bx/b", DotSegment),
            ("/a/..%20/b", DotSegment),
            ("/a%2fb", EncodedSlash),
            ("/a/..%2Fb", EncodedSlash),
            ("/a%5cb", Backslash),
            ("/a%5Cb", Backslash),
            ("/a\\b", Backslash),
            ("/a%00", ControlCharacter),
            ("/a%0d%0aX: y", NotOfAPath { found: ' ' }),
            ("/a%0d%0aX:y", ControlCharacter),
            ("/a%7f", ControlCharacter),
            ("/a%c2%85", ControlCharacter),
            ("/a\tb", ControlCharacter),
            ("/a%", BadEscape),
            ("/a%2", BadEscape),
            ("/a%zz", BadEscape),
            ("/a%+1", BadEscape),
            ("/a%u002e", BadEscape),
            ("/a%c0%ae%c0%ae", NotUtf8),
            ("/a%ff", NotUtf8),
            ("/a?b", NotOfAPath { found: '?' }),
            ("/a#b", NotOfAPath { found: '#' }),
        ] {
            assert_eq!(RelayPath::parse(raw), Err(error), "{raw}");
        }
    }

    #[test]
    fn takes_what_only_looks_like_it() {
        for raw in ["/...", "/.well-known/x", "/a..b", "/..a", "/a/.../b", "/a%252fb", "/a;v=..", "/100%25"] {
            assert_eq!(parse(raw).raw(), raw);
        }
    }

    #[test]
    fn length_is_limited() {
        assert!(RelayPath::parse(&"a".repeat(8192)).is_ok());
        assert_eq!(RelayPath::parse(&"a".repeat(8193)), Err(PathError::TooLong { length: 8193, most: 8192 }));
        assert_eq!(RelayPath::parse_within("/abc", 3), Err(PathError::TooLong { length: 4, most: 3 }));
    }

    /// Text that is likely to hit a rule.
    fn path() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            8 => prop::sample::select(vec![
                "/", ".", "..", "%2e", "%2E", "%25", "25", "2e", "2f", "%2f", "%5c", "\\", ";", "%", "%00", "\r", "%c3", "%bc",
                "a", "%41", "?", "#", " ", "%20", "$hc", "%24",
            ]).prop_map(str::to_owned),
            1 => any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_passes_holds_nothing_dangerous(raw in path()) {
            let _ = RelayPath::split_hc(&raw);
            let Ok(path) = RelayPath::parse(&raw) else { return Ok(()) };
            prop_assert_eq!(path.segments().count(), path.raw_segments().count());
            for segment in path.segments() {
                prop_assert!(segment != "." && segment != "..");
                prop_assert!(!segment.contains(['/', '\\', '?', '#']));
                prop_assert!(!segment.chars().any(char::is_control));
            }
            // However often somebody behind us decodes, no dot segment appears.
            let mut text = path.raw().as_bytes().to_vec();
            loop {
                prop_assert!(text.split(|b| matches!(b, b'/' | b'\\')).all(|s| s != b"." && s != b".."));
                let next: Vec<u8> = percent_encoding::percent_decode(&text).collect();
                if next == text { break }
                text = next;
            }
        }

        #[test]
        fn any_text_never_panics_and_reads_the_same_again(raw in any::<String>()) {
            if let Ok(path) = RelayPath::parse(&raw) {
                prop_assert_eq!(RelayPath::parse(path.raw()).unwrap(), path);
            }
        }
    }
}

//! The path of a request at the service: the base of `--to`, and what stood behind the relay's path.
//!
//! A service often shares its host with others, so a request must not climb out of the base by any spelling that a
//! service might resolve: dot segments, encoded slashes and backslashes, also encoded twice, and the path parameters
//! that some servers cut off before they look for dots.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};

/// The path of `--to`: empty, or beginning with a slash; as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BasePath(String);

/// What a request addresses below its relay: percent-encoded, empty or beginning with a slash, and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suffix(String);

/// A path that is not sent on; the sender is told 400.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum PathRefused {
    /// `.` or `..`, in any spelling.
    #[error("the path holds a dot segment")]
    DotSegment,
    /// `%2F`.
    #[error("the path holds an encoded slash")]
    EncodedSlash,
    /// `\` or `%5C`.
    #[error("the path holds a backslash")]
    Backslash,
    /// A control character, plain or encoded.
    #[error("the path holds a control character")]
    Control,
    /// `%` without two hexadecimal digits, or bytes that are no UTF-8.
    #[error("the path is not percent-encoded UTF-8")]
    Encoding,
    /// The path does not begin with the relay's own.
    #[error("the path does not lie under the relay's path")]
    NotUnderRelay,
}

impl BasePath {
    /// Reads the path of a target URL.
    pub(crate) fn parse(path: &str) -> Result<Self, PathRefused> {
        check(path)?;
        Ok(Self(utf8_percent_encode(path, OUTSIDE_PATH).to_string()))
    }

    /// The path at the service. Without a suffix it is the base as the user wrote it.
    pub(crate) fn join(&self, suffix: &Suffix) -> String {
        let path = if suffix.0.is_empty() {
            self.0.clone()
        } else {
            format!("{}{}", self.0.trim_end_matches('/'), suffix.0)
        };
        if path.is_empty() { "/".to_owned() } else { path }
    }

    /// As the user wrote it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Suffix {
    /// From a path as the sender wrote it, percent-encoded, with a leading slash. Kept byte for byte.
    pub(crate) fn from_raw(relay: &str, raw_path: &str) -> Result<Self, PathRefused> {
        check(raw_path)?;
        Self::from_via(relay, raw_path)
    }

    /// From the path of a `requestTarget`, which the gateway has decoded (hybrid page 5.2), encoding it again.
    ///
    /// `raw_path` is the path in the message's rendezvous address. Where it says the same thing it is taken instead:
    /// it still has the spelling of the sender.
    pub(crate) fn from_target(relay: &str, target: &str, raw_path: Option<&str>) -> Result<Self, PathRefused> {
        check_decoded(target)?;
        if let Some(raw) = raw_path
            && (raw == target || says_the_same(raw, target))
        {
            return Self::from_raw(relay, raw);
        }
        let rest = below(relay, target, |segment, wanted| segment.eq_ignore_ascii_case(wanted))?;
        Ok(Self(encode_decoded(rest)))
    }

    /// From the path of a Via, which .NET writes unescaped or not ([MC-NMF] 2.2.3.3). Kept byte for byte.
    pub(crate) fn from_via(relay: &str, path: &str) -> Result<Self, PathRefused> {
        check_decoded(path)?;
        let same = |segment: &str, wanted: &str| {
            percent_decode(segment.as_bytes()).collect::<Vec<u8>>().eq_ignore_ascii_case(wanted.as_bytes())
        };
        Ok(Self(below(relay, path, same)?.to_owned()))
    }

    /// Percent-encoded; empty, or beginning with a slash.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A query that can stand in a request line: what cannot is percent-encoded.
pub(crate) fn clean_query(query: &str) -> String {
    utf8_percent_encode(query, OUTSIDE_QUERY).to_string()
}

/// Cuts the relay's segments off the front.
fn below<'a>(relay: &str, path: &'a str, same: impl Fn(&str, &str) -> bool) -> Result<&'a str, PathRefused> {
    let mut rest = path;
    for wanted in relay.split('/').filter(|segment| !segment.is_empty()) {
        let inner = rest.strip_prefix('/').ok_or(PathRefused::NotUnderRelay)?;
        let end = inner.find('/').unwrap_or(inner.len());
        if !same(&inner[..end], wanted) {
            return Err(PathRefused::NotUnderRelay);
        }
        rest = &inner[end..];
    }
    Ok(rest)
}

/// The rules for a path as it stands on the wire.
fn check(path: &str) -> Result<(), PathRefused> {
    for segment in path.split('/') {
        plain(segment)?;
        if !valid_escapes(segment) {
            return Err(PathRefused::Encoding);
        }
        let once: Vec<u8> = percent_decode(segment.as_bytes()).collect();
        let once = std::str::from_utf8(&once).map_err(|_| PathRefused::Encoding)?;
        hidden(once)?;
        if once.contains('%') {
            let twice: Vec<u8> = percent_decode(once.as_bytes()).collect();
            hidden(&String::from_utf8_lossy(&twice))?;
        }
    }
    Ok(())
}

/// The rules for a path that was decoded once on its way: escapes left in it need not be well formed.
fn check_decoded(path: &str) -> Result<(), PathRefused> {
    for segment in path.split('/') {
        plain(segment)?;
        let once: Vec<u8> = percent_decode(segment.as_bytes()).collect();
        hidden(&String::from_utf8_lossy(&once))?;
    }
    Ok(())
}

fn plain(segment: &str) -> Result<(), PathRefused> {
    if segment.contains('\\') {
        return Err(PathRefused::Backslash);
    }
    if segment.chars().any(char::is_control) {
        return Err(PathRefused::Control);
    }
    Ok(())
}

/// What decoding brought to light in one segment.
fn hidden(segment: &str) -> Result<(), PathRefused> {
    if segment.contains('/') {
        return Err(PathRefused::EncodedSlash);
    }
    plain(segment)?;
    let name = segment.split(';').next().unwrap_or_default();
    if matches!(name, "." | "..") { Err(PathRefused::DotSegment) } else { Ok(()) }
}

fn valid_escapes(segment: &str) -> bool {
    segment
        .split('%')
        .skip(1)
        .all(|after| after.len() >= 2 && after.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit))
}

/// Whether the raw path, decoded as the gateway decodes it, is the target.
fn says_the_same(raw: &str, target: &str) -> bool {
    percent_decode(raw.as_bytes()).eq(percent_decode(target.replace('%', "%25").as_bytes()))
        || percent_decode(raw.as_bytes()).eq(percent_decode(kept_escapes(target).as_bytes()))
}

/// The gateway keeps `%3F`, `%23` (and controls, which we refuse) encoded, for they would split the target.
fn kept_escapes(target: &str) -> String {
    let mut out = String::with_capacity(target.len());
    for (i, piece) in target.split('%').enumerate() {
        if i > 0 {
            let kept =
                piece.get(..2).is_some_and(|hex| matches!(hex.to_ascii_uppercase().as_str(), "3F" | "23"));
            out.push_str(if kept { "%" } else { "%25" });
        }
        out.push_str(piece);
    }
    out
}

fn encode_decoded(rest: &str) -> String {
    utf8_percent_encode(&kept_escapes(rest), OUTSIDE_PATH).to_string()
}

/// Characters that RFC 3986 3.3 does not let stand in a path. `%` stays: escapes are made before.
const OUTSIDE_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'#')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'^')
    .add(b'|');

/// The same for a query, RFC 3986 3.4, less those that every server takes and some senders write.
const OUTSIDE_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'<').add(b'>').add(b'#').add(b'`');

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(base: &str, target: &str) -> Result<String, PathRefused> {
        Ok(BasePath::parse(base)?.join(&Suffix::from_target("plant7/api", target, None)?))
    }

    #[test]
    fn puts_the_suffix_behind_the_base() {
        assert_eq!(at("", "/plant7/api").unwrap(), "/");
        assert_eq!(at("/", "/plant7/api").unwrap(), "/");
        assert_eq!(at("/base", "/plant7/api").unwrap(), "/base");
        assert_eq!(at("/base/", "/plant7/api").unwrap(), "/base/");
        assert_eq!(at("/base", "/Plant7/API/").unwrap(), "/base/");
        assert_eq!(at("/base/", "/plant7/api/jobs/4").unwrap(), "/base/jobs/4");
        assert_eq!(at("", "/plant7/api/a b/ü%x").unwrap(), "/a%20b/%C3%BC%25x");
        assert_eq!(at("", "/plant7/api/a%3Fb%23c").unwrap(), "/a%3Fb%23c");
    }

    #[test]
    fn a_path_elsewhere_is_refused() {
        for path in ["/plant7/apix", "/plant7", "/", "", "//plant7/api", "plant7/api", "/other"] {
            assert_eq!(at("/base", path), Err(PathRefused::NotUnderRelay), "{path}");
        }
    }

    #[test]
    fn nothing_leaves_the_base() {
        use PathRefused::*;
        for (path, why) in [
            ("/plant7/api/../x", DotSegment),
            ("/plant7/api/./x", DotSegment),
            ("/plant7/api/..", DotSegment),
            ("/plant7/api/%2e%2E/x", DotSegment),
            ("/plant7/api/.%2e", DotSegment),
            ("/plant7/api/..;a=b/x", DotSegment),
            ("/plant7/api/..%2fx", EncodedSlash),
            ("/plant7/api/a%2Fb", EncodedSlash),
            ("/plant7/api/..%5cx", Backslash),
            ("/plant7/api/..\\x", Backslash),
            ("/plant7/api/a%00", Control),
            ("/plant7/api/a\r\nb", Control),
            ("/plant7/api/a%0d%0ab", Control),
        ] {
            assert_eq!(at("/base", path), Err(why), "decoded {path}");
            assert_eq!(Suffix::from_raw("plant7/api", path), Err(why), "raw {path}");
        }
        for (path, why) in [
            ("/plant7/api/%252e%252e/x", DotSegment),
            ("/plant7/api/..%252fx", EncodedSlash),
            ("/plant7/api/..%255cx", Backslash),
            ("/plant7/api/%c0%ae%c0%ae/x", Encoding),
            ("/plant7/api/%zz", Encoding),
            ("/plant7/api/%2", Encoding),
        ] {
            assert_eq!(Suffix::from_raw("plant7/api", path), Err(why), "raw {path}");
        }
    }

    #[test]
    fn the_spelling_of_the_sender_is_kept_where_the_address_has_it() {
        let suffix = |target, raw| Suffix::from_target("a", target, Some(raw)).map(|suffix| suffix.0);
        assert_eq!(suffix("/a/x~y ü", "/a/x%7ey%20%c3%bc").unwrap(), "/x%7ey%20%c3%bc");
        assert_eq!(suffix("/a/50%25", "/a/50%25").unwrap(), "/50%25");
        assert_eq!(suffix("/a/50%", "/a/50%25").unwrap(), "/50%25");
        assert_eq!(suffix("/a/q%3Fx", "/a/q%3fx").unwrap(), "/q%3fx");
        // An address that says something else is no witness.
        assert_eq!(suffix("/a/x", "/a/y").unwrap(), "/x");
        assert_eq!(suffix("/a/x", "/a/../x").unwrap(), "/x");
        // The relay's own path may be encoded in the address.
        assert_eq!(suffix("/a/x", "/%61/x").unwrap(), "/x");
    }

    #[test]
    fn a_base_is_checked_like_a_request() {
        assert!(BasePath::parse("/a/../b").is_err());
        assert_eq!(BasePath::parse("/a b").unwrap().as_str(), "/a%20b");
    }

    #[test]
    fn a_query_stays_as_it_is_but_for_what_cannot_stand_in_a_request_line() {
        assert_eq!(clean_query("a=1&a=2&{x}='%c3%B8'+%20"), "a=1&a=2&{x}='%c3%B8'+%20");
        assert_eq!(clean_query("a b\r\n#ü"), "a%20b%0D%0A%23%C3%BC");
    }

    proptest! {
        #[test]
        fn whatever_passes_stays_below_the_base(path in "(/|\\.|%2[eEfF]|%5[cC]|%25|;|[a-z]|\\\\|%){0,24}") {
            let target = format!("/relay{path}");
            for suffix in [Suffix::from_raw("relay", &target), Suffix::from_target("relay", &target, None)] {
                let Ok(suffix) = suffix else { continue };
                let url = format!("http://h/base{}", suffix.as_str());
                let resolved = url::Url::parse(&url).unwrap();
                prop_assert!(resolved.path() == "/base" || resolved.path().starts_with("/base/"), "{url}");
                let again = percent_encoding::percent_decode_str(resolved.path()).decode_utf8_lossy().into_owned();
                let resolved = url::Url::parse(&format!("http://h{}", again.replace(['?', '#'], "_"))).unwrap();
                prop_assert!(resolved.path() == "/base" || resolved.path().starts_with("/base/"), "{url}");
            }
        }
    }
}

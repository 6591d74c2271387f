//! The Via: the transport address in the preamble, and the token that may travel in it.

use std::fmt;
use std::net::Ipv6Addr;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use super::error::DecodeError;
use super::policy::FramingLimits;

/// The port that `net.tcp` URIs leave out, framing page 6.2.
pub const DEFAULT_PORT: u16 = 808;

/// The segment before a token. Matched without case, also when percent-encoded.
const SAS: &str = "$sas";

/// A Via: an absolute URI with a host. A token in its last two segments is taken out when it is read and is in none of
/// its texts.
#[derive(Clone)]
pub struct Via {
    text: String,
    scheme: Scheme,
    host: Range<usize>,
    port: Option<u16>,
    path: Range<usize>,
    token: Option<SecretString>,
}

/// The scheme of a Via.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `net.tcp`.
    NetTcp,
    /// `sb`, the scheme of the relay's own clients.
    Sb,
    /// Anything else: readable, and nobody listens there.
    Other,
}

impl Via {
    /// Reads the text of a Via record.
    ///
    /// A plain `NetTcpBinding` client has no place for a token, so the last two segments of the path may be
    /// `/$sas/<base64url, no padding, of the whole SAS token>` (percent-encoding would not survive: .NET unescapes `%2F`
    /// in the path of a net.tcp URI). They are removed here, before anything can show them.
    ///
    /// # Errors
    /// [`DecodeError::ViaNotUri`], [`DecodeError::ViaTooLong`], [`DecodeError::ViaTokenUnreadable`] and
    /// [`DecodeError::ViaTokenTooLong`].
    pub fn parse(text: &str, limits: &FramingLimits) -> Result<Self, DecodeError> {
        let parts = Parts::of(text).ok_or(DecodeError::ViaNotUri)?;
        let mut text = text.to_owned();
        let mut path = parts.path;
        let mut token = None;
        if let Some(suffix) = token_segments(&text[path.clone()])? {
            let start = path.start + suffix;
            token = Some(read_token(&text[start..path.end], limits)?);
            text.replace_range(start..path.end, "");
            path.end = start;
        }
        if text.len() > limits.via {
            return Err(DecodeError::ViaTooLong { len: text.len(), max: limits.via });
        }
        Ok(Self { scheme: parts.scheme, host: parts.host, port: parts.port, path, token, text })
    }

    /// The URI as sent, without its token. It may hold user info and a query, so it is for the wire; logs take `Display`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host as sent; an IPv6 address in its brackets.
    pub fn host(&self) -> &str {
        &self.text[self.host.clone()]
    }

    /// The port; [`DEFAULT_PORT`] where the URI names none.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(DEFAULT_PORT)
    }

    /// The path as sent (percent-encoded), with its leading slash, without token and query.
    pub fn path(&self) -> &str {
        match &self.text[self.path.clone()] {
            "" => "/",
            path => path,
        }
    }

    /// The token that came in the last two segments.
    pub fn token(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }
}

/// Without user info, query and token (framing page 10, rule 27).
impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.text.split(':').next().unwrap_or_default();
        write!(f, "{scheme}://{}", self.host())?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.text[self.path.clone()])
    }
}

impl fmt::Debug for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Via({self}, token: {})", if self.token.is_some() { "yes" } else { "no" })
    }
}

/// The URI with a token as its last two path segments: the `clientVia` of a plain client. The result is a secret.
pub fn with_token(uri: &str, token: &str) -> String {
    let end = uri.find(['?', '#']).unwrap_or(uri.len());
    let (path, rest) = uri.split_at(end);
    format!("{}/{SAS}/{}{rest}", path.trim_end_matches('/'), URL_SAFE_NO_PAD.encode(token))
}

/// How many bytes a token of `token` bytes adds to a Via.
pub(super) fn token_suffix_len(token: usize) -> usize {
    "/$sas/".len() + base64_len(token)
}

fn base64_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Where `/$sas/…` begins in this path; `None` if it has no `$sas` segment.
///
/// A `$sas` anywhere but in the last place but one is refused, not taken for a path: what follows it may be a token, and
/// a path is logged and sent on.
fn token_segments(path: &str) -> Result<Option<usize>, DecodeError> {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    match decoded.split(['/', '\\']).filter(|segment| is_sas(segment)).count() {
        0 => Ok(None),
        1 => {
            // A marker behind an encoded slash or a backslash is none of the two segments, so it is not found here.
            let mut slashes = path.match_indices('/').map(|(at, _)| at);
            let marker = slashes.find(|at| path[at + 1..].split('/').next().is_some_and(is_sas));
            marker.map(Some).ok_or(DecodeError::ViaTokenUnreadable)
        }
        _ => Err(DecodeError::ViaTokenUnreadable),
    }
}

pub(super) fn is_sas(segment: &str) -> bool {
    segment.eq_ignore_ascii_case(SAS)
        || (segment.contains('%')
            && percent_decode_str(segment).decode_utf8_lossy().eq_ignore_ascii_case(SAS))
}

/// Reads `/$sas/<base64url>`.
fn read_token(suffix: &str, limits: &FramingLimits) -> Result<SecretString, DecodeError> {
    let max = limits.token;
    let mut segments = suffix.split('/').skip(2);
    let (Some(encoded), None) = (segments.next(), segments.next()) else {
        return Err(DecodeError::ViaTokenUnreadable);
    };
    if encoded.len() > base64_len(max) {
        return Err(DecodeError::ViaTokenTooLong { max });
    }
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| DecodeError::ViaTokenUnreadable)?;
    match String::from_utf8(bytes) {
        Ok(token) if !token.is_empty() => Ok(SecretString::from(token)),
        _ => Err(DecodeError::ViaTokenUnreadable),
    }
}

struct Parts {
    scheme: Scheme,
    host: Range<usize>,
    port: Option<u16>,
    path: Range<usize>,
}

impl Parts {
    /// Takes an absolute URI with an authority apart, RFC 3986 section 3. [MC-NMF] 2.2.3.3 wants the text unescaped and
    /// .NET escapes it, so the path may hold any character but controls; the look-up judges it.
    fn of(text: &str) -> Option<Self> {
        if text.chars().any(char::is_control) {
            return None;
        }
        let colon = text.find("://")?;
        let scheme = &text[..colon];
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        {
            return None;
        }
        let start = colon + "://".len();
        let path_start = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
        let path_end = text[path_start..].find(['?', '#']).map_or(text.len(), |at| path_start + at);
        let host_start = text[start..path_start].rfind('@').map_or(start, |at| start + at + 1);
        let (host_len, port) = host_and_port(&text[host_start..path_start])?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "net.tcp" => Scheme::NetTcp,
            "sb" => Scheme::Sb,
            _ => Scheme::Other,
        };
        Some(Self { scheme, host: host_start..host_start + host_len, port, path: path_start..path_end })
    }
}

/// The length of the host in `authority`, and the port behind it.
fn host_and_port(authority: &str) -> Option<(usize, Option<u16>)> {
    let host_len = if let Some(inside) = authority.strip_prefix('[') {
        let len = inside.find(']')?;
        inside[..len].parse::<Ipv6Addr>().ok()?;
        len + 2
    } else {
        let len = authority.find(':').unwrap_or(authority.len());
        let host = &authority[..len];
        // Names beyond ASCII are allowed; what could be taken for another part of a URI is not.
        let fits = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
        if host.is_empty() || !host.chars().all(fits) {
            return None;
        }
        len
    };
    match &authority[host_len..] {
        "" | ":" => Some((host_len, None)),
        rest => {
            let digits = rest.strip_prefix(':')?;
            if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                return None;
            }
            Some((host_len, Some(digits.parse().ok()?)))
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::wire::framing::ViaText;

    const TOKEN: &str = "SharedAccessSignature sr=http%3a%2f%2fh%2fe&sig=c2ln%3d&se=1700000000&skn=send";

    fn limits() -> FramingLimits {
        FramingLimits { token: 8 << 10, ..FramingLimits::default() }
    }

    fn parse(text: &str) -> Result<Via, DecodeError> {
        Via::parse(text, &limits())
    }

    #[test]
    fn takes_a_uri_apart() {
        let via = parse("NET.tcp://user@Host.example:9000/a/b%20c?q=1").unwrap();
        assert_eq!(via.scheme(), Scheme::NetTcp);
        assert_eq!(via.host(), "Host.example");
        assert_eq!(via.port(), 9000);
        assert_eq!(via.path(), "/a/b%20c");
        assert_eq!(via.as_str(), "NET.tcp://user@Host.example:9000/a/b%20c?q=1");
        assert_eq!(via.to_string(), "NET.tcp://Host.example:9000/a/b%20c");
    }

    #[test]
    fn knows_what_is_left_out() {
        let via = parse("net.tcp://h").unwrap();
        assert_eq!((via.port(), via.path()), (808, "/"));
        assert_eq!(parse("sb://h:/x").unwrap().scheme(), Scheme::Sb);
        assert_eq!(parse("http://h/x").unwrap().scheme(), Scheme::Other);
        let six = parse("net.tcp://[::1]:81/x").unwrap();
        assert_eq!((six.host(), six.port()), ("[::1]", 81));
    }

    #[test]
    fn refuses_what_is_no_absolute_uri_with_a_host() {
        for text in [
            "/echo",
            "h/e",
            "net.tcp:/h/e",
            "net.tcp://",
            "net.tcp:///e",
            "://h/e",
            "1a://h/e",
            "net.tcp://h:x/e",
            "net.tcp://h:70000/e",
            "net.tcp://h:-1/e",
            "net.tcp://[::1/e",
            "net.tcp://[x]/e",
            "net.tcp://a b/e",
            "net.tcp://a\\b/e",
            "net.tcp://h/a\nb",
            "net.tcp://h:1:2/e",
            "net.tcp://[::1]x/e",
        ] {
            assert_eq!(parse(text).unwrap_err(), DecodeError::ViaNotUri, "{text}");
        }
    }

    #[test]
    fn takes_the_token_out_of_the_last_two_segments() {
        for marker in ["$sas", "$SAS", "%24sas", "$%53as"] {
            let text = with_token("net.tcp://h:1/a/b?q", TOKEN).replace("$sas", marker);
            let via = parse(&text).unwrap();
            assert_eq!(via.token().unwrap().expose_secret(), TOKEN);
            assert_eq!(via.as_str(), "net.tcp://h:1/a/b?q");
            assert_eq!(via.path(), "/a/b");
        }
        assert_eq!(parse(&with_token("net.tcp://h", TOKEN)).unwrap().as_str(), "net.tcp://h");
        assert_eq!(parse(&with_token("net.tcp://h/a/", TOKEN)).unwrap().path(), "/a");
    }

    #[test]
    fn refuses_a_marker_without_a_readable_token_behind_it() {
        let good = with_token("net.tcp://h/a", TOKEN);
        for text in [
            "net.tcp://h/$sas".to_owned(),
            "net.tcp://h/$sas/".to_owned(),
            "net.tcp://h/$sas/a=b".to_owned(),
            "net.tcp://h/$sas/_w".to_owned(),
            good.replace("/$sas", "%2f$sas"),
            good.replace("/$sas/", "\\$sas\\"),
            good.replace("$sas/", "$sas%5C"),
            format!("{good}/"),
            format!("{good}/b"),
            with_token(&good, TOKEN),
            with_token("net.tcp://h/$sas", TOKEN),
        ] {
            assert_eq!(parse(&text).unwrap_err(), DecodeError::ViaTokenUnreadable, "{text}");
        }
    }

    #[test]
    fn limits_the_via_without_its_token_and_the_token() {
        let path = "a".repeat(2048 - "net.tcp://h/".len());
        let longest = format!("net.tcp://h/{path}");
        assert_eq!(parse(&with_token(&longest, TOKEN)).unwrap().as_str(), longest);
        let longer = with_token(&format!("{longest}a"), TOKEN);
        assert_eq!(parse(&longer).unwrap_err(), DecodeError::ViaTooLong { len: 2049, max: 2048 });
        let max = 8 << 10;
        assert!(parse(&with_token("net.tcp://h/", &"t".repeat(max))).is_ok());
        let token = "t".repeat(max + 1);
        assert_eq!(
            parse(&with_token("net.tcp://h/", &token)).unwrap_err(),
            DecodeError::ViaTokenTooLong { max }
        );
        let none = Via::parse(&with_token("net.tcp://h/", TOKEN), &FramingLimits::default());
        assert_eq!(none.unwrap_err(), DecodeError::ViaTokenTooLong { max: 0 });
    }

    #[test]
    fn never_shows_the_token() {
        let text = with_token("net.tcp://h/a", TOKEN);
        let secret = text.rsplit('/').next().unwrap();
        let via = parse(&text).unwrap();
        for shown in [format!("{via:?}"), via.to_string(), via.as_str().to_owned()] {
            assert!(!shown.contains(secret) && !shown.contains("sig="), "{shown}");
        }
        let odd = text.replace("$sas", "%24SAS");
        for text in [text.as_str(), odd.as_str(), &text["net.tcp://h".len()..]] {
            let shown = format!("{:?}", ViaText::new(text));
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

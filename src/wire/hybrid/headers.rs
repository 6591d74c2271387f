//! Which headers pass between sender and listener, and how (5.5).

use super::split_set_cookie;

/// One header line: the name as it was spelled, the value as ISO-8859-1 characters.
pub type HeaderLine = (String, String);

/// What a listener's response headers become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseLines {
    /// The lines for the sender, framing headers left out.
    pub lines: Vec<HeaderLine>,
    /// The listener's `Content-Length`, when it is one number. Kept for HEAD and 304 alone.
    pub content_length: Option<u64>,
}

/// The headers of a WebSocket sender for `connectHeaders` (3.1): all of them, repeats joined, less what is the relay's own.
///
/// `drop_authorization`: `Authorization` held the relay token (1.3).
pub fn connect_headers(lines: &[HeaderLine], drop_authorization: bool) -> Vec<HeaderLine> {
    joined(lines.iter().filter(|(name, _)| !is_relays_own(name, drop_authorization)))
}

/// The headers of an HTTP request for `requestHeaders` (5.5), with this gateway in `Via`.
pub fn request_headers(lines: &[HeaderLine], drop_authorization: bool, host: &str) -> Vec<HeaderLine> {
    let named = named_by_connection(lines);
    let passes = |name: &str| {
        !is_relays_own(name, drop_authorization)
            && !is_hop_by_hop(name)
            && !is(name, "Expect")
            && !is(name, "Content-Length")
            && !named.iter().any(|other| is(name, other))
    };
    let mut headers = joined(lines.iter().filter(|(name, _)| passes(name)));
    append_via(&mut headers, host);
    headers
}

/// The lines of a listener's response for the sender (5.5), each byte checked: names must be tokens, and a control
/// character in a value becomes a space, so that nothing a listener says can end a line.
pub fn response_lines(headers: &[(String, Vec<String>)], host: &str) -> ResponseLines {
    let flat: Vec<HeaderLine> = headers
        .iter()
        .filter(|(name, _)| is_token(name))
        .flat_map(|(name, values)| values.iter().map(move |value| (name.clone(), clean(value))))
        .collect();
    let named = named_by_connection(&flat);
    let mut out = ResponseLines::default();
    for (name, value) in flat {
        if is(&name, "Content-Length") {
            out.content_length = value.trim().parse().ok();
        } else if is_hop_by_hop(&name) || named.iter().any(|other| is(&name, other)) {
            // Framing and the connection to the sender are the gateway's business.
        } else if is(&name, "Set-Cookie") {
            out.lines
                .extend(split_set_cookie(&value).into_iter().map(|cookie| (name.clone(), cookie.to_owned())));
        } else {
            out.lines.push((name, value));
        }
    }
    append_via(&mut out.lines, host);
    out
}

/// The reason phrase for a status: the listener's own, made safe, else the standard one.
pub fn reason_phrase(status: u16, description: Option<&str>) -> String {
    match description {
        Some(description) => clean(description),
        None => http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or_default()
            .to_owned(),
    }
}

fn is(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}

fn is_relays_own(name: &str, drop_authorization: bool) -> bool {
    const PREFIX: &str = "Microsoft-Relay-";
    is(name, "ServiceBusAuthorization")
        || (drop_authorization && is(name, "Authorization"))
        || name.get(..PREFIX.len()).is_some_and(|head| is(head, PREFIX))
}

/// Headers of one connection alone, which are never passed on (5.5); those that `Connection` names come on top.
pub fn is_hop_by_hop(name: &str) -> bool {
    const HOP_BY_HOP: [&str; 8] = [
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Close",
    ];
    HOP_BY_HOP.iter().any(|other| is(name, other))
}

/// The names that `Connection` lists.
fn named_by_connection(lines: &[HeaderLine]) -> Vec<String> {
    lines
        .iter()
        .filter(|(name, _)| is(name, "Connection"))
        .flat_map(|(_, value)| value.split(','))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Joins repeats at the place and in the spelling of the first, with `, ` or, for `Cookie`, `; `.
fn joined<'a>(lines: impl Iterator<Item = &'a HeaderLine>) -> Vec<HeaderLine> {
    let mut headers: Vec<HeaderLine> = Vec::new();
    for (name, value) in lines {
        match headers.iter_mut().find(|(first, _)| is(first, name)) {
            Some((first, so_far)) => {
                so_far.push_str(if is(first, "Cookie") { "; " } else { ", " });
                so_far.push_str(value);
            }
            None => headers.push((name.clone(), value.clone())),
        }
    }
    headers
}

fn append_via(headers: &mut Vec<HeaderLine>, host: &str) {
    let hop = format!("1.1 {host}");
    match headers.iter_mut().rev().find(|(name, _)| is(name, "Via")) {
        Some((_, value)) => {
            value.push_str(", ");
            value.push_str(&hop);
        }
        None => headers.push(("Via".to_owned(), hop)),
    }
}

fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// RFC 9110 5.5: no control character but the tab stands in a value.
fn clean(value: &str) -> String {
    value.chars().map(|c| if c != '\t' && (c < ' ' || c == '\u{7f}') { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pairs: &[(&str, &str)]) -> Vec<HeaderLine> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_websocket_sender_keeps_its_key_and_loses_the_relays_own() {
        let sent = lines(&[
            ("Host", "h"),
            ("sec-websocket-key", "k"),
            ("Upgrade", "websocket"),
            ("SERVICEBUSAUTHORIZATION", "t"),
            ("Microsoft-Relay-AllowedListeners", "x"),
            ("Authorization", "mine"),
            ("X-A", "1"),
            ("x-a", "2"),
            ("Cookie", "a=1"),
            ("Cookie", "b=2"),
        ]);
        assert_eq!(
            connect_headers(&sent, false),
            lines(&[
                ("Host", "h"),
                ("sec-websocket-key", "k"),
                ("Upgrade", "websocket"),
                ("Authorization", "mine"),
                ("X-A", "1, 2"),
                ("Cookie", "a=1; b=2"),
            ])
        );
        assert!(!connect_headers(&sent, true).iter().any(|(name, _)| name == "Authorization"));
    }

    #[test]
    fn a_request_loses_hop_by_hop_headers_and_gains_via() {
        let sent = lines(&[
            ("Host", "h"),
            ("Connection", "keep-alive, X-Hop"),
            ("x-hop", "1"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "5"),
            ("Expect", "100-continue"),
            ("TE", "trailers"),
            ("Via", "1.0 edge"),
            ("!#$%&*+-.^_`~|", "\"[\\]"),
        ]);
        assert_eq!(
            request_headers(&sent, false, "relay.example.net"),
            lines(&[("Host", "h"), ("Via", "1.0 edge, 1.1 relay.example.net"), ("!#$%&*+-.^_`~|", "\"[\\]")])
        );
    }

    #[test]
    fn a_listener_cannot_end_a_line_or_frame_the_body() {
        let said = [
            ("X\r\nInjected".to_owned(), vec!["1".to_owned()]),
            ("X-A".to_owned(), vec!["a\r\nSet-Cookie: b\0".to_owned()]),
            ("transfer-encoding".to_owned(), vec!["chunked".to_owned()]),
            ("Content-Length".to_owned(), vec!["12".to_owned()]),
        ];
        let out = response_lines(&said, "h");
        assert_eq!(out.lines, lines(&[("X-A", "a  Set-Cookie: b "), ("Via", "1.1 h")]));
        assert_eq!(out.content_length, Some(12));
        assert_eq!(reason_phrase(200, Some("Fine\r\nX: y")), "Fine  X: y");
    }

    #[test]
    fn cookies_become_lines_of_their_own() {
        let said = [("Set-Cookie".to_owned(), vec!["a=1,b=2".to_owned(), "c=3".to_owned()])];
        let out = response_lines(&said, "h");
        assert_eq!(
            out.lines,
            lines(&[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Set-Cookie", "c=3"), ("Via", "1.1 h")])
        );
    }

    #[test]
    fn a_missing_description_is_the_standard_phrase() {
        assert_eq!(reason_phrase(201, None), "Created");
        assert_eq!(reason_phrase(799, None), "");
        assert_eq!(reason_phrase(200, Some("")), "");
    }
}

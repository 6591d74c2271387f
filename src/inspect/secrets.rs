//! What is never shown: tokens, passwords and cookies in heads, addresses and texts.

/// Header fields whose values are secrets. WCF relay page 8.2, hybrid page 2.2, RFC 9110 11, RFC 6265 4.
const FIELDS: [&str; 7] = [
    "authorization",
    "proxy-authorization",
    "serviceBusAuthorization",
    "serviceBusSupplementaryAuthorization",
    "relayAccessToken",
    "cookie",
    "set-cookie",
];

/// Names whose values are secrets in queries, forms and JSON.
const NAMES: [&str; 14] = [
    "sb-hc-token",
    "token",
    "access_token",
    "accessToken",
    "wrap_access_token",
    "wrap_assertion",
    "wrap_password",
    "client_secret",
    "assertion",
    "password",
    "secret",
    "sig",
    "signature",
    "swt",
];

/// What a token begins with, lower case.
const SIGNATURE: &str = "sharedaccesssignature";

/// The value of a header field, as far as it may be shown.
pub(super) fn field(name: &str, value: &str) -> String {
    if FIELDS.iter().any(|secret| secret.eq_ignore_ascii_case(name)) {
        // What kind of a secret it is may be known.
        let scheme = value
            .split_once(' ')
            .map(|(scheme, _)| scheme)
            .filter(|scheme| scheme.len() <= 24 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        return scheme.map_or("…".to_owned(), |scheme| format!("{scheme} …"));
    }
    text(value)
}

/// A text, without the values of what is a secret by its name, and without what follows `SharedAccessSignature`.
pub(super) fn text(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let bytes = lower.as_bytes();
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &lower[at..];
        let is_word_begin = at == 0 || !is_word(bytes[at - 1]);
        let hidden = if rest.starts_with(SIGNATURE) && rest.contains("sig") {
            Some((SIGNATURE.len(), ends(&rest[SIGNATURE.len()..], true)))
        } else if is_word_begin {
            named(rest)
        } else {
            None
        };
        if let Some((keep, hide)) = hidden.filter(|(_, hide)| *hide > 0) {
            shown.push_str(&text[at..at + keep]);
            shown.push('…');
            at += keep + hide;
            continue;
        }
        let next = rest.chars().next().map_or(1, char::len_utf8);
        shown.push_str(&text[at..at + next]);
        at += next;
    }
    shown
}

/// Where a secret with a name begins behind `name=`, `name":"` or `name: `, and how long it is.
fn named(rest: &str) -> Option<(usize, usize)> {
    let name = NAMES.iter().find(|name| {
        let len = name.len();
        rest.len() > len
            && rest.is_char_boundary(len)
            && rest[..len].eq_ignore_ascii_case(name)
            && !is_word(rest.as_bytes()[len])
    })?;
    let mut keep = name.len();
    let mut is_assigned = false;
    let mut quote = None;
    for byte in rest.bytes().skip(keep) {
        match byte {
            b'=' | b':' if !is_assigned => is_assigned = true,
            b'"' | b'\'' => quote = is_assigned.then_some(char::from(byte)),
            b' ' | b'\\' => {}
            _ => break,
        }
        keep += 1;
    }
    let value = &rest[keep..];
    let hide = match quote {
        Some(quote) => value.find([quote, '\\']).unwrap_or(value.len()),
        None if value.starts_with(SIGNATURE) => {
            SIGNATURE.len()
                + ends(&value[SIGNATURE.len()..], !value[SIGNATURE.len()..].starts_with(['%', '+']))
        }
        None => ends(value, false),
    };
    is_assigned.then_some((keep, hide))
}

/// Bytes up to the end of a secret; `with_spaces`: a space before the first of them is of it.
fn ends(rest: &str, with_spaces: bool) -> usize {
    let skipped = if with_spaces { rest.len() - rest.trim_start_matches([' ', '+']).len() } else { 0 };
    let end =
        |char: char| char.is_whitespace() || matches!(char, '"' | '\'' | '<' | '>' | ',' | '}' | ';' | '\\');
    let is_end = |char: char| end(char) || (!with_spaces && matches!(char, '&' | '#'));
    skipped + rest[skipped..].find(is_end).unwrap_or(rest.len() - skipped)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "SharedAccessSignature sr=http%3a%2f%2fh%2f&sig=AbC%3d&se=1&skn=k";

    #[test]
    fn secrets_are_left_out_wherever_they_stand() {
        for (given, shown) in [
            (TOKEN.to_owned(), "SharedAccessSignature…"),
            (format!("{{\"renewToken\":{{\"token\":\"{TOKEN}\"}}}}"), "{\"renewToken\":{\"token\":\"…\"}}"),
            (
                "GET /$hc/p?sb-hc-action=listen&sb-hc-token=SharedAccessSignature%20sr%3dx%26sig%3dy&sb-hc-id=1".to_owned(),
                "GET /$hc/p?sb-hc-action=listen&sb-hc-token=…&sb-hc-id=1",
            ),
            ("wrap_scope=x&wrap_assertion=Issuer%3downer%26HMAC&a=b".to_owned(), "wrap_scope=x&wrap_assertion=…&a=b"),
            ("the token is old; monkey=1".to_owned(), "the token is old; monkey=1"),
            ("Endpoint=sb://h/;SharedAccessKeyName=n".to_owned(), "Endpoint=sb://h/;SharedAccessKeyName=n"),
        ] {
            assert_eq!(text(&given), shown);
        }
    }

    #[test]
    fn header_fields_show_the_scheme_at_most() {
        assert_eq!(field("Authorization", "Bearer abc"), "Bearer …");
        assert_eq!(field("SERVICEBUSAUTHORIZATION", TOKEN), "SharedAccessSignature …");
        assert_eq!(field("Cookie", "a=b; c=d"), "…");
        assert_eq!(field("SOAPAction", "\"urn:x\""), "\"urn:x\"");
        assert_eq!(field("Location", "http://h/?token=abc"), "http://h/?token=…");
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer(given in ".*") {
            text(&given);
            field("Cookie", &given);
        }
    }
}

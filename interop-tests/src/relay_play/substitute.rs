//! What of a recording is of its own run, and what takes its place: tokens, rendezvous ids, addresses.

use std::collections::HashMap;

use crate::{KEY, Token};

use super::nmf;

const TOKEN: &[u8] = b"SharedAccessSignature ";
const POLICY: &str = "RootManageSharedAccessKey";

/// Signs the recorded tokens again, which were signed with a key of zeros and have expired.
///
/// The new ones are as long as the old ones, so that no size around them changes: where a signature has fewer characters that must be
/// escaped, others are escaped, too; where it has more, the token ends a second later. Where a token stands twice, the new one does, too.
#[derive(Debug)]
pub(super) struct Tokens {
    key: Option<String>,
    /// Seconds from now at which the tokens end, in the order in which they come; the last number is for all that follow.
    ends: Vec<i64>,
    signed: HashMap<String, String>,
}

impl Tokens {
    /// Tokens that the gateway takes, for an hour and more.
    pub(super) fn good() -> Self {
        Self::ending_in(&[4000])
    }

    /// Tokens that end so many seconds from now, or a little later.
    pub(super) fn ending_in(ends: &[i64]) -> Self {
        Self { key: Some(KEY.to_owned()), ends: ends.to_vec(), signed: HashMap::new() }
    }

    /// Tokens of another key.
    pub(super) fn signed_with(key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..Self::good() }
    }

    /// The tokens as they were recorded.
    pub(super) fn recorded() -> Self {
        Self { key: None, ..Self::good() }
    }

    /// Puts new tokens into `bytes`, wherever they stand in text or in the byte records of binary XML.
    pub(super) fn put_into(&mut self, bytes: &mut [u8]) {
        if self.key.is_none() {
            return;
        }
        let mut from = 0;
        while let Some(at) = find(&bytes[from..], TOKEN) {
            let start = from + at;
            let length = bytes[start..].iter().position(|b| !b.is_ascii_graphic() && *b != b' ');
            let end = length.map_or(bytes.len(), |length| start + length);
            let text = String::from_utf8(bytes[start..end].to_vec()).expect("a token is text");
            // Whatever may follow it, a token ends with the name of its policy; in binary XML the last one or two of its characters stand
            // in a record of their own, and stay as they are.
            let whole = text.find("&skn=").expect("a token names its policy") + "&skn=".len() + POLICY.len();
            let here = text.len().min(whole);
            let token = self.signed_again(&text[..here], whole);
            bytes[start..start + here].copy_from_slice(&token.as_bytes()[..here]);
            from = start + here;
        }
    }

    fn signed_again(&mut self, recorded: &str, length: usize) -> String {
        if let Some(signed) = self.signed.get(recorded) {
            return signed.clone();
        }
        let audience = recorded.split(['=', '&']).nth(1).expect("an audience");
        let key = self.key.as_ref().expect("it is asked for before");
        let number = self.signed.len().min(self.ends.len() - 1);
        let ends = self.ends[number];
        let token = (ends..ends + 300)
            .map(|seconds| {
                as_dotnet_escapes(&Token::for_encoded_audience(audience).key(key).ends_in(seconds))
            })
            .find_map(|token| stretched(token, length))
            .expect("a signature that is not too long");
        self.signed.insert(recorded.to_owned(), token.clone());
        token
    }
}

/// Escapes as many characters of the signature more as it takes. Nothing: the token is too long already.
fn stretched(mut token: String, length: usize) -> Option<String> {
    let mut at = token.find("&sig=").expect("a signature") + "&sig=".len();
    while token.len() < length {
        let character = token.as_bytes()[at];
        if character == b'%' {
            at += 3;
            continue;
        }
        token.replace_range(at..=at, &format!("%{character:02x}"));
        at += 3;
    }
    (token.len() == length).then_some(token)
}

/// .NET's `HttpUtility` escapes with small letters.
fn as_dotnet_escapes(token: &Token) -> String {
    let token = token.to_string();
    let mut escaped = String::with_capacity(token.len());
    let mut left = 0;
    for character in token.chars() {
        escaped.push(if left > 0 { character.to_ascii_lowercase() } else { character });
        left = if character == '%' { 2 } else { usize::saturating_sub(left, 1) };
    }
    escaped
}

/// Puts a token in the place of the simple web token of a recorded session, with every size around it: the libraries that showed such a
/// token had got it from a service that is gone.
pub(super) fn put_for_web_token(sent: &[u8], token: &str) -> Vec<u8> {
    let mut rest = sent;
    let mut replaced = Vec::new();
    while !rest.is_empty() {
        let record = nmf::record(rest).expect("whole records");
        rest = &rest[record.raw.len()..];
        match find(&record.body, b"Issuer=") {
            Some(at) => replaced.extend(with_token(&record.body, at, token)),
            None => replaced.extend(record.raw),
        }
    }
    replaced
}

/// A sized envelope whose token begins at `at`. It stands in one record of bytes and what is left of it in a second, which ends the element.
fn with_token(body: &[u8], at: usize, token: &str) -> Vec<u8> {
    const BYTES: u8 = 0x9e;
    const BYTES_AND_END: u8 = 0x9f;
    let [kind, length] = body[at - 2..at] else { panic!("two bytes") };
    assert_eq!(kind, BYTES);
    let second = at + usize::from(length);
    assert_eq!(body[second], BYTES_AND_END);
    let end = second + 2 + usize::from(body[second + 1]);
    let length = u8::try_from(token.len()).expect("a token of up to 255 bytes");
    let body = [&body[..at - 2], &[BYTES_AND_END, length], token.as_bytes(), &body[end..]].concat();
    [&[nmf::SIZED_ENVELOPE], &*nmf::size(body.len()), &body].concat()
}

/// Puts a rendezvous id in the place of the recorded one. Both are GUIDs as text.
pub(super) fn put_id(bytes: &mut [u8], id: &str) {
    const BEFORE: &[u8] = b"\x02Id\x99\x24";
    let at = find(bytes, BEFORE).expect("a RelayedAccept holds an id") + BEFORE.len();
    bytes[at..at + 36].copy_from_slice(id.as_bytes());
}

/// Where `what` stands first.
pub(super) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay_play::Recording;

    #[test]
    fn tokens_stay_as_long_and_as_alike_as_they_were() {
        let recorded = Recording::open("v2.7.5/renew-v2.7.5").sent("001-5671");
        let mut signed = recorded.clone();

        Tokens::good().put_into(&mut signed);

        let tokens = |bytes: &[u8]| -> Vec<String> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.split("&sig=")
                .skip(1)
                .map(|rest| rest.split("&se=").next().unwrap_or_default().to_owned())
                .collect()
        };
        let (was, is) = (tokens(&recorded), tokens(&signed));
        assert_eq!(was.len(), 6, "two attaches and two renewals, each twice");
        assert_eq!((is[0] == is[1], is[2] == is[3], is[1] == is[2]), (true, true, false));
        assert!(was.iter().zip(&is).all(|(was, is)| was != is && was.len() == is.len()));
    }

    #[test]
    fn a_token_whose_end_stands_in_another_record_is_signed_as_a_whole() {
        let mut connect = Recording::open("v2.7.5/e2e-nettcp").sent("003-9352");
        let recorded = connect.clone();

        Tokens::good().put_into(&mut connect);

        let differs = recorded.iter().zip(&connect).filter(|(was, is)| was != is).count();
        assert!(differs > 30, "{differs} bytes differ");
        assert!(find(&connect, b"&skn=RootManageSharedAccess").is_some());
    }
}

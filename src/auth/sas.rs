//! The text of a shared access signature.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

use super::TokenError;
use crate::entity::{KeyName, UnixTime};

/// A token that was read, not yet one that was believed. Hybrid page 6.1.
///
/// `SharedAccessSignature sr={audience}&sig={signature}&se={end}&skn={key name}`. `Debug` shows no signature.
#[derive(Clone, PartialEq, Eq)]
pub struct SasToken {
    pub(super) audience_raw: String,
    pub(super) audience: String,
    pub(super) signature: Option<[u8; 32]>,
    pub(super) expires_raw: String,
    expires: UnixTime,
    key_name: String,
}

impl SasToken {
    /// The longest token [`SasToken::parse`] takes, in bytes: the default of `Limits::token`.
    pub const LONGEST: usize = 8 << 10;

    /// Reads a token as it stands in a header, or in a query once that was decoded.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        Self::parse_within(text, Self::LONGEST)
    }

    /// The same with another limit, in bytes.
    pub fn parse_within(text: &str, most: usize) -> Result<Self, TokenError> {
        if text.len() > most {
            return Err(TokenError::TooLong { length: text.len(), most });
        }
        let Fields { sr, sig, se, skn } = Fields::read(pairs(text.trim()).ok_or(TokenError::NotSas)?)?;
        let key_name = percent_decode_str(skn).decode_utf8().unwrap_or(Cow::Borrowed(skn));
        if key_name.chars().count() > KeyName::LONGEST {
            return Err(TokenError::KeyNameTooLong);
        }
        Ok(Self {
            audience_raw: sr.to_owned(),
            audience: form_decoded(sr).ok_or(TokenError::BadAudience)?,
            signature: signature(sig),
            expires_raw: se.to_owned(),
            expires: expiry(se).ok_or(TokenError::BadExpiry)?,
            key_name: key_name.into_owned(),
        })
    }

    /// When it ends (`se`). A fraction is cut off; an end beyond 64 bits is the end of time.
    pub fn expires(&self) -> UnixTime {
        self.expires
    }

    /// What it is for (`sr`), decoded.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Whether its `skn` means this policy.
    ///
    /// Node does not encode the name, .NET writes a blank as `+`: a plus sign may be either.
    pub fn is_signed_by(&self, name: &KeyName) -> bool {
        name.matches(&self.key_name) || name.matches(&self.key_name.replace('+', " "))
    }
}

impl fmt::Debug for SasToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SasToken")
            .field("audience", &self.audience)
            .field("expires", &self.expires)
            .field("key_name", &self.key_name)
            .finish_non_exhaustive()
    }
}

/// What follows the first word and the blank after it. Some tools write that blank as `+` in a query.
fn pairs(token: &str) -> Option<&str> {
    let blank = |c: char| c.is_ascii_whitespace() || c == '+';
    let (word, pairs) = token.split_once(blank)?;
    word.eq_ignore_ascii_case("SharedAccessSignature").then(|| pairs.trim_start_matches(blank))
}

/// The four values, as they stand in the token.
struct Fields<'a> {
    sr: &'a str,
    sig: &'a str,
    se: &'a str,
    skn: &'a str,
}

impl<'a> Fields<'a> {
    /// Pairs in any order; names without regard to case; empty pairs and unknown names do not count.
    fn read(pairs: &'a str) -> Result<Self, TokenError> {
        let (mut sr, mut sig, mut se, mut skn) = ("", "", "", "");
        let mut seen = HashSet::new();
        for pair in pairs.split('&').filter(|pair| !pair.is_empty()) {
            // At the first `=`: a signature that was not encoded ends with one.
            let (name, value) = pair.split_once('=').ok_or(TokenError::NotAPair)?;
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                "sr" => sr = value,
                "sig" => sig = value,
                "se" => se = value,
                "skn" => skn = value,
                _ => {}
            }
            if !seen.insert(name) {
                return Err(TokenError::NameTwice);
            }
        }
        for (name, value) in [("sr", sr), ("sig", sig), ("se", se), ("skn", skn)] {
            if value.is_empty() {
                return Err(TokenError::Missing { name });
            }
        }
        Ok(Self { sr, sig, se, skn })
    }
}

/// Decodes `%XX` once, and `+` to a blank.
fn form_decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(Cow::into_owned)
}

/// The bytes of `sig`. What is not base64 of 32 bytes was signed by nobody; that is no fault of form.
fn signature(sig: &str) -> Option<[u8; 32]> {
    let text = percent_decode_str(sig).decode_utf8().ok()?;
    // A plus that was not encoded is a plus; one that a query decoder turned into a blank was one.
    let text = text.replace(' ', "+");
    LENIENT.decode(text).ok()?.try_into().ok()
}

/// Base64 whose padding may be there or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Seconds since 1970 in decimal digits, perhaps with a fraction.
fn expiry(se: &str) -> Option<UnixTime> {
    let (whole, fraction) = se.split_once('.').unwrap_or((se, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    // Digits alone fail for one reason: there are too many of them.
    Some(UnixTime(whole.parse().unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "SharedAccessSignature sr=http%3A%2F%2Fh%2Fa%2F&sig=PgqmcAhRLyvbJi%2Bt%2Bv4SznFjy%2BB%2FOFCBZpHAc5qEQ4o%3D&se=1893456000&skn=listen";

    fn parse(text: &str) -> SasToken {
        SasToken::parse(text).unwrap()
    }

    #[test]
    fn order_case_and_blanks_do_not_count() {
        let token = parse(TOKEN);
        assert_eq!(token.audience(), "http://h/a/");
        assert_eq!(token.audience_raw, "http%3A%2F%2Fh%2Fa%2F");
        assert_eq!(token.expires(), UnixTime(1_893_456_000));
        assert!(token.is_signed_by(&KeyName::parse("Listen").unwrap()));
        for text in [
            "  sharedaccessSIGNATURE \t &SKN=listen&&Se=1893456000&SIG=PgqmcAhRLyvbJi%2bt%2bv4SznFjy%2bB%2fOFCBZpHAc5qEQ4o%3d&sR=http%3A%2F%2Fh%2Fa%2F& ",
            "SharedAccessSignature+sr=http%3A%2F%2Fh%2Fa%2F&sig=PgqmcAhRLyvbJi+t+v4SznFjy+B/OFCBZpHAc5qEQ4o=&se=1893456000&skn=listen",
            "SharedAccessSignature sr=http%3A%2F%2Fh%2Fa%2F&sig=PgqmcAhRLyvbJi+t+v4SznFjy+B/OFCBZpHAc5qEQ4o&se=1893456000&skn=listen",
            "SharedAccessSignature sr=http%3A%2F%2Fh%2Fa%2F&sig=PgqmcAhRLyvbJi t v4SznFjy B/OFCBZpHAc5qEQ4o=&se=1893456000&skn=listen",
            "SharedAccessSignature sr=http%3A%2F%2Fh%2Fa%2F&sig=PgqmcAhRLyvbJi%2Bt%2Bv4SznFjy%2BB%2FOFCBZpHAc5qEQ4o%3D&se=1893456000&skn=listen&x=y",
        ] {
            assert_eq!(parse(text), token, "{text}");
        }
    }

    #[test]
    fn a_signature_that_is_none_is_read_and_fits_nothing() {
        for sig in ["x", "AAAA", "%FF", "*", "PgqmcAhRLyvbJi%252Bt"] {
            let token = parse(&format!("SharedAccessSignature sr=h&sig={sig}&se=1&skn=n"));
            assert_eq!(token.signature, None, "{sig}");
        }
    }

    #[test]
    fn key_name_may_be_encoded_or_not() {
        let name = |skn: &str| parse(&format!("SharedAccessSignature sr=h&sig=s&se=1&skn={skn}"));
        let plus = KeyName::parse("a+b c%").unwrap();
        let blank = KeyName::parse("a b").unwrap();
        assert!(name("a%2Bb%20c%25").is_signed_by(&plus));
        assert!(name("a+b c%").is_signed_by(&plus));
        assert!(name("a+b").is_signed_by(&blank));
        assert!(name("A%20B").is_signed_by(&blank));
        assert!(!name("a%20c").is_signed_by(&blank));
        assert!(name("k=ey").is_signed_by(&KeyName::parse("k=ey").unwrap()));
    }

    #[test]
    fn end_is_a_decimal_number_of_any_size() {
        let expires = |se: &str| {
            SasToken::parse(&format!("SharedAccessSignature sr=h&sig=s&se={se}&skn=n")).map(|t| t.expires())
        };
        assert_eq!(expires("1893456000.75"), Ok(UnixTime(1_893_456_000)));
        assert_eq!(expires("0000000000000000000000000000007"), Ok(UnixTime(7)));
        assert_eq!(expires("4294967296"), Ok(UnixTime(1 << 32)));
        assert_eq!(expires("9223372036854775807"), Ok(UnixTime(i64::MAX)));
        assert_eq!(expires("99999999999999999999999999"), Ok(UnixTime(i64::MAX)));
        for bad in ["x", "-1", "+1", "1e9", "1.5.2", ".5", "1,5", "%31", "1 "] {
            // A blank inside is kept: the token is trimmed as a whole, not each value.
            assert_eq!(expires(bad), Err(TokenError::BadExpiry), "{bad:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_token() {
        use TokenError::*;
        for (text, error) in [
            ("", NotSas),
            ("SharedAccessSignature", NotSas),
            ("SharedAccessSignaturesr=h&sig=s&se=1&skn=n", NotSas),
            ("Bearer eyJhbGciOi.J9.x", NotSas),
            ("WRAP access_token=\"x\"", NotSas),
            ("SharedAccessSignature ", NotSas),
            ("SharedAccessSignature &", Missing { name: "sr" }),
            ("SharedAccessSignature sr=h&sig=s&se=1", Missing { name: "skn" }),
            ("SharedAccessSignature sr=h&sig=&se=1&skn=n", Missing { name: "sig" }),
            ("SharedAccessSignature sr=h&se=1&skn=n", Missing { name: "sig" }),
            ("SharedAccessSignature sr=h&sig=s&skn=n", Missing { name: "se" }),
            ("SharedAccessSignature sr=h&sr=h&sig=s&se=1&skn=n", NameTwice),
            ("SharedAccessSignature sr=h&sig=s&se=1&skn=n&SE=2", NameTwice),
            ("SharedAccessSignature sr=h&sig=s&se=1&skn=n&x=1&X=1", NameTwice),
            ("SharedAccessSignature sr=h&sig=s&se=1&skn=n&x", NotAPair),
            ("SharedAccessSignature sr=%FF&sig=s&se=1&skn=n", BadAudience),
        ] {
            assert_eq!(SasToken::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn sizes_are_limited() {
        let of_name =
            |length: usize| format!("SharedAccessSignature sr=h&sig=s&se=1&skn={}", "n".repeat(length));
        assert!(SasToken::parse(&of_name(256)).is_ok());
        assert_eq!(SasToken::parse(&of_name(257)), Err(TokenError::KeyNameTooLong));
        let of_size = |size: usize| format!("{TOKEN}&x={}", "y".repeat(size - TOKEN.len() - 3));
        assert!(SasToken::parse(&of_size(8192)).is_ok());
        assert_eq!(SasToken::parse(&of_size(8193)), Err(TokenError::TooLong { length: 8193, most: 8192 }));
        assert!(SasToken::parse_within(&of_size(8193), 9000).is_ok());
    }

    #[test]
    fn debug_shows_no_signature() {
        let debug = format!("{:?}", parse(TOKEN));
        assert!(debug.contains("http://h/a/") && !debug.contains("62, 10"), "{debug}");
        assert!(!debug.contains("signature"), "{debug}");
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = SasToken::parse(&text);
            let _ = SasToken::parse(&format!("SharedAccessSignature {text}"));
            let _ = SasToken::parse(&format!("SharedAccessSignature sr={text}&sig={text}&se={text}&skn={text}"));
        }

        #[test]
        fn a_token_cut_anywhere_is_refused_or_read(cut in 0..TOKEN.len()) {
            // Cut inside the last value it still is a token, of another name.
            let whole = SasToken::parse(&TOKEN[..cut]).is_ok();
            prop_assert_eq!(whole, cut > TOKEN.len() - "listen".len());
        }
    }
}

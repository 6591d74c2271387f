//! The octets of an element, whatever records they stand in (7.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::refusal::HttpRefusal;
use crate::wire::xml::Value;

/// Joins the pieces of one element's text: octets of Bytes records as they are, characters as one string of base64.
#[derive(Debug, Default)]
pub(super) struct Base64Stream {
    /// Characters that are no whole group yet, at most three between calls.
    pending: String,
    /// The string of characters is over.
    padded: bool,
}

impl Base64Stream {
    /// Appends the octets of the next piece.
    ///
    /// # Errors
    /// It is no base64.
    pub(super) fn push(&mut self, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        if let Value::Bytes(bytes) = value {
            self.finish()?;
            out.extend_from_slice(bytes);
            return Ok(());
        }
        let text = value.text();
        self.pending.extend(text.chars().filter(|char| !matches!(char, ' ' | '\t' | '\r' | '\n')));
        let whole = self.pending.len() - self.pending.len() % 4;
        if whole == 0 {
            return if self.padded && !self.pending.is_empty() { Err(WRONG) } else { Ok(()) };
        }
        let groups = self.pending.get(..whole).filter(|_| !self.padded).ok_or(WRONG)?;
        STANDARD.decode_vec(groups, out).map_err(|_| WRONG)?;
        self.padded = groups.ends_with('=');
        self.pending.drain(..whole);
        Ok(())
    }

    /// The text is over.
    ///
    /// # Errors
    /// It ends inside a group.
    pub(super) fn finish(&self) -> Result<(), HttpRefusal> {
        if self.pending.is_empty() { Ok(()) } else { Err(WRONG) }
    }
}

const WRONG: HttpRefusal = HttpRefusal::ReplyForm("text that is no base64 where octets belong");

#[cfg(test)]
mod tests {
    use super::*;

    fn join(pieces: &[Value<'_>]) -> Result<Vec<u8>, HttpRefusal> {
        let (mut text, mut out) = (Base64Stream::default(), Vec::new());
        for piece in pieces {
            text.push(piece, &mut out)?;
        }
        text.finish()?;
        Ok(out)
    }

    #[test]
    fn records_and_characters_are_joined_wherever_they_are_cut() {
        assert_eq!(join(&[Value::Bytes(b"a"), Value::Bytes(b"bc")]).unwrap(), b"abc");
        for cut in 0..=8 {
            let (one, other) = "YWJj\nZA==".split_at(cut);
            assert_eq!(join(&[Value::Chars(one), Value::Chars(other)]).unwrap(), b"abcd");
        }
        assert_eq!(join(&[Value::Chars("YWJj"), Value::Bytes(b"d")]).unwrap(), b"abcd");
        assert_eq!(join(&[Value::Empty, Value::Chars(" ")]).unwrap(), b"");
    }

    #[test]
    fn anything_else_is_refused() {
        for pieces in [
            &[Value::Chars("YWJ")][..],
            &[Value::Chars("YW!j")],
            &[Value::Chars("YQ=="), Value::Chars("YQ==")],
            &[Value::Chars("YQ=="), Value::Chars("Y")],
            &[Value::Chars("YQ"), Value::Bytes(b"a")],
            &[Value::Chars("\u{e9}\u{e9}")],
            &[Value::True],
        ] {
            assert_eq!(join(pieces).is_err(), pieces != [Value::True], "{pieces:?}");
        }
    }
}

//! Whether a text is JSON, as it comes: RFC 8259.
//!
//! A listener that gets anything else under a JSON Content-Type never answers (7.4). Libraries keep the whole text, or each string of it; this
//! keeps one bit for each open object and array.

use super::refusal::HttpRefusal;

/// Reads one JSON text of UTF-8 and says whether it is one.
#[derive(Debug)]
pub(super) struct JsonCheck {
    at: At,
    /// Of each open container whether it is an object, outermost first.
    open: Vec<bool>,
    depth: usize,
    /// Bytes read.
    position: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Value,
    /// Behind `[`.
    ValueOrEnd,
    /// Behind `{`.
    NameOrEnd,
    /// Behind `,` in an object.
    Name,
    Colon,
    CommaOrEnd,
    /// White space alone may come.
    Over,
    Text {
        name: bool,
        escape: Escape,
    },
    Number(Number),
    /// The rest of `true`, `false` or `null`.
    Word(&'static [u8]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    No,
    Begun,
    /// So many hex digits are still to come.
    Hex(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Minus,
    /// A leading zero: no digit may follow.
    Zero,
    Digits,
    Point,
    Fraction,
    E,
    Sign,
    Exponent,
}

impl JsonCheck {
    /// A text with at most `depth` containers inside one another.
    pub(super) fn new(depth: usize) -> Self {
        Self { at: At::Value, open: Vec::new(), depth, position: 0 }
    }

    /// Reads on.
    ///
    /// # Errors
    /// This is no JSON, or nests too deep.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), HttpRefusal> {
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            // The inside of a string is nearly all of most texts.
            if let At::Text { escape: Escape::No, .. } = self.at {
                let plain =
                    rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len());
                if plain > 0 {
                    self.position += plain as u64;
                    rest = &rest[plain..];
                    continue;
                }
            }
            self.at = self.next(*byte)?;
            self.position += 1;
            rest = after;
        }
        Ok(())
    }

    /// The text is over.
    ///
    /// # Errors
    /// It was not whole.
    pub(super) fn finish(&self) -> Result<(), HttpRefusal> {
        let whole = match self.at {
            At::Over => true,
            At::Number(number) => number.may_end() && self.open.is_empty(),
            _ => false,
        };
        if whole { Ok(()) } else { Err(self.wrong()) }
    }

    fn wrong(&self) -> HttpRefusal {
        HttpRefusal::NotJson { at: self.position }
    }

    fn next(&mut self, byte: u8) -> Result<At, HttpRefusal> {
        match self.at {
            At::Text { name, escape } => return self.text(byte, name, escape),
            At::Word([next, rest @ ..]) if *next == byte => {
                return Ok(if rest.is_empty() { self.after_value() } else { At::Word(rest) });
            }
            At::Word(_) => return Err(self.wrong()),
            At::Number(number) => match number.next(byte) {
                Some(number) => return Ok(At::Number(number)),
                None if number.may_end() => self.at = self.after_value(),
                None => return Err(self.wrong()),
            },
            _ => {}
        }
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            return Ok(self.at);
        }
        match (self.at, byte) {
            (At::ValueOrEnd, b']') | (At::NameOrEnd, b'}') => Ok(self.close()),
            (At::Value | At::ValueOrEnd, _) => self.value(byte),
            (At::NameOrEnd | At::Name, b'"') => Ok(At::Text { name: true, escape: Escape::No }),
            (At::Colon, b':') => Ok(At::Value),
            (At::CommaOrEnd, b',') if self.open.last() == Some(&true) => Ok(At::Name),
            (At::CommaOrEnd, b',') => Ok(At::Value),
            (At::CommaOrEnd, b'}') if self.open.last() == Some(&true) => Ok(self.close()),
            (At::CommaOrEnd, b']') if self.open.last() == Some(&false) => Ok(self.close()),
            _ => Err(self.wrong()),
        }
    }

    fn value(&mut self, byte: u8) -> Result<At, HttpRefusal> {
        Ok(match byte {
            b'{' | b'[' => {
                if self.open.len() == self.depth {
                    return Err(HttpRefusal::JsonTooDeep { max: self.depth });
                }
                self.open.push(byte == b'{');
                if byte == b'{' { At::NameOrEnd } else { At::ValueOrEnd }
            }
            b'"' => At::Text { name: false, escape: Escape::No },
            b't' => At::Word(b"rue"),
            b'f' => At::Word(b"alse"),
            b'n' => At::Word(b"ull"),
            b'-' => At::Number(Number::Minus),
            b'0' => At::Number(Number::Zero),
            b'1'..=b'9' => At::Number(Number::Digits),
            _ => return Err(self.wrong()),
        })
    }

    fn text(&self, byte: u8, name: bool, escape: Escape) -> Result<At, HttpRefusal> {
        let escape = match (escape, byte) {
            (Escape::No, b'"') if name => return Ok(At::Colon),
            (Escape::No, b'"') => return Ok(self.after_value()),
            (Escape::No, b'\\') => Escape::Begun,
            (Escape::No, 0..=0x1f) => return Err(self.wrong()),
            (Escape::No, _) => Escape::No,
            (Escape::Begun, b'u') => Escape::Hex(4),
            (Escape::Begun, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Escape::No,
            (Escape::Hex(left), byte) if byte.is_ascii_hexdigit() => {
                if left == 1 {
                    Escape::No
                } else {
                    Escape::Hex(left - 1)
                }
            }
            (Escape::Begun | Escape::Hex(_), _) => return Err(self.wrong()),
        };
        Ok(At::Text { name, escape })
    }

    fn close(&mut self) -> At {
        self.open.pop();
        self.after_value()
    }

    fn after_value(&self) -> At {
        if self.open.is_empty() { At::Over } else { At::CommaOrEnd }
    }
}

impl Number {
    fn next(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Minus, b'0') => Some(Self::Zero),
            (Self::Minus, b'1'..=b'9') | (Self::Digits, b'0'..=b'9') => Some(Self::Digits),
            (Self::Zero | Self::Digits, b'.') => Some(Self::Point),
            (Self::Point | Self::Fraction, b'0'..=b'9') => Some(Self::Fraction),
            (Self::Zero | Self::Digits | Self::Fraction, b'e' | b'E') => Some(Self::E),
            (Self::E, b'+' | b'-') => Some(Self::Sign),
            (Self::E | Self::Sign | Self::Exponent, b'0'..=b'9') => Some(Self::Exponent),
            _ => None,
        }
    }

    fn may_end(self) -> bool {
        matches!(self, Self::Zero | Self::Digits | Self::Fraction | Self::Exponent)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &[u8], cut: usize) -> Result<(), HttpRefusal> {
        let mut check = JsonCheck::new(128);
        text.chunks(cut).try_for_each(|piece| check.push(piece))?;
        check.finish()
    }

    #[test]
    fn takes_json_and_nothing_else() {
        let good = [
            "{}",
            " [ ] ",
            "0",
            "-0.5e+10",
            "\"a\\u00e9\\n\"",
            "true",
            "null",
            "{\"a\":[1,{\"b\":false}],\"\":\"\"}",
            "1e1 ",
        ];
        let bad = [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "01",
            "1.",
            "-",
            "1e",
            "+1",
            ".5",
            "tru",
            "nul1",
            "\"\t\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "{} {}",
            "[1 2]",
            "{\"a\" 1}",
            "]",
            "{]",
            "[}",
            "'a'",
            "NaN",
            "\u{feff}{}",
            "\"a",
            "// c",
            "[1}",
        ];
        for text in good {
            assert!(check(text.as_bytes(), 1).is_ok(), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok());
        }
        for text in bad {
            assert!(check(text.as_bytes(), 1).is_err(), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err());
        }
    }

    #[test]
    fn says_where_it_is_wrong() {
        assert!(matches!(check(b"{\"a\":x}", 3), Err(HttpRefusal::NotJson { at: 5 })));
    }

    #[test]
    fn nesting_has_a_limit() {
        assert!(check(&[b"[".repeat(128), b"]".repeat(128)].concat(), 9).is_ok());
        assert!(matches!(check(&b"[".repeat(129), 9), Err(HttpRefusal::JsonTooDeep { max: 128 })));
    }

    proptest! {
        // The judge is serde_json, which has a limit of 128 as well.
        #[test]
        fn agrees_with_a_parser_of_whole_texts(text in "[\\[\\]{},:\"a0-9.eE+\\\\tn \\-]{0,12}", cut in 1usize..5) {
            let whole = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(check(text.as_bytes(), cut).is_ok(), whole, "{}", text);
        }

        #[test]
        fn what_a_writer_wrote_is_json(text in any::<String>(), number in any::<f64>(), cut in 1usize..9) {
            let written = serde_json::json!({ "t": [text, number], "n": null }).to_string();
            prop_assert!(check(written.as_bytes(), cut).is_ok());
        }
    }
}

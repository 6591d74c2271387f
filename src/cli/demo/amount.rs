//! Money: exact to the hundredth, never a floating-point number on the way.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// An amount of money in hundredths of the currency unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Amount(i64);

/// The text is no amount: digits, at most two of them after a point, not beyond ±90 billion.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an amount of money with at most two decimals")]
pub(super) struct BadAmount;

impl Amount {
    pub(super) const fn hundredths(hundredths: i64) -> Self {
        Self(hundredths)
    }

    pub(super) fn is_positive(self) -> bool {
        self.0 > 0
    }
}

/// As `xsd:decimal` wants it: `12000`, `12000.5` becomes `12000.50`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (units, rest) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        match rest {
            0 => write!(f, "{sign}{units}"),
            rest => write!(f, "{sign}{units}.{rest:02}"),
        }
    }
}

impl FromStr for Amount {
    type Err = BadAmount;

    fn from_str(text: &str) -> Result<Self, BadAmount> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (units, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let decimals = decimals.trim_end_matches('0');
        let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if units.is_empty()
            || units.len() > 11
            || decimals.len() > 2
            || !all_digits(units)
            || !all_digits(decimals)
        {
            return Err(BadAmount);
        }
        let units: i64 = units.parse().map_err(|_| BadAmount)?;
        let decimals: i64 = format!("{decimals:0<2}").parse().map_err(|_| BadAmount)?;
        let hundredths = units * 100 + decimals;
        Ok(Self(if negative { -hundredths } else { hundredths }))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number: serde_json::Number = self.to_string().parse().map_err(serde::ser::Error::custom)?;
        number.serialize(serializer)
    }
}

/// A JSON number, or a string for callers that do not trust theirs.
impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(serde_json::Number),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Number(number) => number.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map_err(|error| D::Error::custom(format!("{text:?}: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_hundredths() {
        for (text, hundredths) in
            [("12000", 1_200_000), ("0.1", 10), ("-7.05", -705), ("+1.50", 150), ("1.5000", 150)]
        {
            assert_eq!(text.parse(), Ok(Amount(hundredths)), "{text}");
        }
        assert_eq!(Amount(150).to_string(), "1.50");
        assert_eq!(Amount(-5).to_string(), "-0.05");
        assert_eq!(Amount(1_200_000).to_string(), "12000");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", ".", ".5", "1,5", "1e2", "0.001", "999999999999", "--1", "1.-5", "NaN"] {
            assert_eq!(text.parse::<Amount>(), Err(BadAmount), "{text}");
        }
    }

    #[test]
    fn json_numbers_and_strings_are_both_read() {
        assert_eq!(serde_json::from_str::<Amount>("1.5").unwrap(), Amount(150));
        assert_eq!(serde_json::from_str::<Amount>("\"1.50\"").unwrap(), Amount(150));
        assert_eq!(serde_json::to_string(&Amount(1_494_000)).unwrap(), "14940");
        assert_eq!(serde_json::to_string(&Amount(10_001)).unwrap(), "100.01");
    }
}

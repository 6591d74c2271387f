//! The one text form of each value, as .NET's reader shows it (binary XML page, section 4).

use std::fmt::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::float_text;
use super::runtime::Runtime;
use super::value::{DateTime, DateTimeKind, Decimal, TimeSpan, Value};

/// Ticks of 100 ns.
const SECOND: u64 = 10_000_000;

impl fmt::Display for Value<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_text(Runtime::Net8, out)
    }
}

impl Value<'_> {
    /// Writes the text that a reader of `runtime` shows. The two differ in numbers with a fraction or an exponent, and each form reads back to the
    /// same number in both.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_text(&self, runtime: Runtime, out: &mut impl Write) -> fmt::Result {
        if let Some(text) = self.as_str() {
            return out.write_str(text);
        }
        match self {
            Self::Int8(number) => write!(out, "{number}"),
            Self::Int16(number) => write!(out, "{number}"),
            Self::Int32(number) => write!(out, "{number}"),
            Self::Int64(number) => write!(out, "{number}"),
            Self::UInt64(number) => write!(out, "{number}"),
            Self::Float(number) => float_text::single(*number, runtime, out),
            Self::Double(number) => float_text::double(*number, runtime, out),
            Self::Decimal(number) => write!(out, "{number}"),
            Self::DateTime(time) => write!(out, "{time}"),
            Self::TimeSpan(span) => write!(out, "{span}"),
            Self::Uuid(uuid) => write!(out, "{uuid}"),
            Self::UniqueId(uuid) => write!(out, "urn:uuid:{uuid}"),
            Self::Utf16(text) => text.chars().try_for_each(|char| out.write_char(char)),
            Self::Bytes(bytes) => base64(bytes, out),
            Self::QName { letter, local } => write!(out, "{}:{local}", char::from(*letter)),
            // DIFFERS: .NET prints `System.Byte[]` for bytes in a list and throws for a QName; nobody was seen sending either.
            Self::List(list) => {
                for (index, item) in list.iter().enumerate() {
                    if index > 0 {
                        out.write_char(' ')?;
                    }
                    item.write_text(runtime, out)?;
                }
                Ok(())
            }
            // All of these have a text that need not be made.
            Self::Empty
            | Self::Zero
            | Self::One
            | Self::False
            | Self::True
            | Self::Bool(_)
            | Self::Chars(_)
            | Self::Dictionary(_) => Ok(()),
        }
    }
}

fn base64(bytes: &[u8], out: &mut impl Write) -> fmt::Result {
    let mut text = [0; 1024];
    for part in bytes.chunks(768) {
        let size = STANDARD.encode_slice(part, &mut text).map_err(|_| fmt::Error)?;
        out.write_str(std::str::from_utf8(&text[..size]).map_err(|_| fmt::Error)?)?;
    }
    Ok(())
}

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_negative() && self.digits() != 0 {
            out.write_char('-')?;
        }
        let unit = 10u128.pow(u32::from(self.scale()));
        write!(out, "{}", self.digits() / unit)?;
        match usize::from(self.scale()) {
            0 => Ok(()),
            scale => write!(out, ".{:0scale$}", self.digits() % unit),
        }
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks = self.ticks();
        let (year, month, day) = civil(ticks / (86_400 * SECOND));
        let second = ticks / SECOND % 86_400;
        write!(out, "{year:04}-{month:02}-{day:02}T")?;
        write!(out, "{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)?;
        fraction(ticks % SECOND, out)?;
        out.write_str(match self.kind() {
            DateTimeKind::Unspecified => "",
            DateTimeKind::Utc => "Z",
            // DIFFERS: .NET shows a local time in the zone of the machine that reads; this is the same instant on every machine.
            DateTimeKind::Local => "+00:00",
        })
    }
}

/// Year, month and day of the proleptic Gregorian calendar, from days since 0001-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    // Years that begin in March put the leap day last; an era is 400 years. Day 306 is the first of March of year 1.
    let days = days + 306;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// Seven digits of a second, without the zeros at their end, and nothing when there are none.
fn fraction(mut ticks: u64, out: &mut impl Write) -> fmt::Result {
    if ticks == 0 {
        return Ok(());
    }
    let mut digits = 7;
    while ticks.is_multiple_of(10) {
        ticks /= 10;
        digits -= 1;
    }
    write!(out, ".{ticks:0digits$}")
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks = self.0.unsigned_abs();
        let (days, rest) = (ticks / (86_400 * SECOND), ticks % (86_400 * SECOND));
        let (hours, minutes) = (rest / (3600 * SECOND), rest / (60 * SECOND) % 60);
        let seconds = rest % (60 * SECOND);
        if self.0 < 0 {
            out.write_char('-')?;
        }
        out.write_char('P')?;
        if days > 0 {
            write!(out, "{days}D")?;
        }
        if rest == 0 && days > 0 {
            return Ok(());
        }
        out.write_char('T')?;
        if hours > 0 {
            write!(out, "{hours}H")?;
        }
        if minutes > 0 {
            write!(out, "{minutes}M")?;
        }
        if seconds > 0 || rest == 0 {
            write!(out, "{}", seconds / SECOND)?;
            fraction(seconds % SECOND, out)?;
            out.write_char('S')?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // [MC-NBFX] 2.2.3.10: a local time of the first hours of year 1 has ticks below zero in UTC.
    #[test]
    fn a_local_time_below_year_1_is_the_first_of_year_1() {
        let time = DateTime::from_bits(3 << 62 | ((1 << 62) - 5)).unwrap();
        assert_eq!(time.to_string(), "0001-01-01T00:00:00+00:00");
        assert_eq!(DateTime::from_bits(1 << 62 | ((1 << 62) - 5)), None);
    }

    #[test]
    fn bytes_of_any_length_are_one_base64_text() {
        let bytes: Vec<u8> = (0..2000u16).map(|byte| byte as u8).collect();
        for size in [0, 1, 767, 768, 769, 1999] {
            assert_eq!(Value::Bytes(&bytes[..size]).to_string(), STANDARD.encode(&bytes[..size]));
        }
    }
}

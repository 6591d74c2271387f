//! Texts that stand for values, as .NET's `XmlConvert` reads them.

use std::str::FromStr;

use uuid::Uuid;

use super::value::{DateTime, DateTimeKind, Decimal, TimeSpan};

const SECOND: u64 = 10_000_000;
const DAY: u64 = 86_400 * SECOND;

pub(super) fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\n')
}

fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// A whole number. As in .NET a zero may have a minus where no other number may.
pub(super) fn integer<T: FromStr>(text: &str) -> Option<T> {
    let text = trim(text);
    let zeros = || text.strip_prefix('-').filter(|rest| rest.bytes().all(|byte| byte == b'0'));
    text.parse().ok().or_else(|| zeros()?.parse().ok())
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match trim(text) {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A single or a double. Rust also reads `inf` and `nan` in any spelling, which XML does not know.
pub(super) fn float<T: FromStr>(text: &str) -> Option<T> {
    match trim(text) {
        "INF" => "inf".parse().ok(),
        "-INF" => "-inf".parse().ok(),
        "NaN" => "NaN".parse().ok(),
        text => {
            let number = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
            text.bytes().all(number).then(|| text.parse().ok())?
        }
    }
}

/// Digits with at most one point. What is behind the 28th fraction digit, or does not fit into 96 bits, is rounded.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    let text = trim(text);
    let negative = text.starts_with('-');
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits_only = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !digits_only(whole) || !digits_only(fraction) {
        return None;
    }
    let append = |digits: u128, digit: u8| {
        let digits = digits * 10 + u128::from(digit - b'0');
        (digits >> 96 == 0).then_some(digits)
    };
    let mut digits = whole.bytes().try_fold(0, append)?;
    let mut scale = 0;
    for (index, digit) in fraction.bytes().enumerate() {
        match append(digits, digit) {
            Some(more) if index < usize::from(Decimal::MAX_SCALE) => {
                digits = more;
                scale += 1;
            }
            _ => {
                let rest = &fraction.as_bytes()[index + 1..];
                let half = digit == b'5' && rest.iter().all(|digit| *digit == b'0');
                if digit > b'5' || (digit == b'5' && !half) || (half && digits % 2 == 1) {
                    digits += 1;
                }
                break;
            }
        }
    }
    Decimal::new(negative, digits, scale)
}

/// `yyyy-MM-dd`, or with `THH:mm:ss` and a fraction; then nothing, `Z` or an offset. With an offset it is a local time, whose ticks are UTC.
pub(super) fn date_time(text: &str) -> Option<DateTime> {
    let text = trim(text);
    let mut rest = text;
    let year = number(&mut rest, 4)?;
    let month = after(&mut rest, '-')?;
    let day = after(&mut rest, '-')?;
    let mut ticks = days(year, month, day)? * DAY;
    if let Some(time) = rest.strip_prefix('T') {
        rest = time;
        let hour = number(&mut rest, 2)?;
        let minute = after(&mut rest, ':')?;
        let second = after(&mut rest, ':')?;
        let midnight = hour == 24 && minute == 0 && second == 0;
        if (hour > 23 && !midnight) || minute > 59 || second > 59 {
            return None;
        }
        ticks += (hour * 3600 + minute * 60 + second) * SECOND;
        if let Some(fraction) = rest.strip_prefix('.') {
            ticks += ticks_of(take_digits(fraction, &mut rest)?);
        }
    }
    let kind = match rest {
        "" => DateTimeKind::Unspecified,
        "Z" => DateTimeKind::Utc,
        _ => {
            let (before, mut offset) = rest.split_at_checked(1)?;
            let minutes = number(&mut offset, 2)? * 60 + after(&mut offset, ':')?;
            if minutes > 14 * 60 || !offset.is_empty() {
                return None;
            }
            let offset = minutes * 60 * SECOND;
            ticks = match before {
                "-" => (ticks + offset).min(DateTime::MAX_TICKS),
                "+" => ticks.saturating_sub(offset),
                _ => return None,
            };
            DateTimeKind::Local
        }
    };
    DateTime::new(ticks, kind)
}

/// A number of exactly `count` digits.
fn number(rest: &mut &str, count: usize) -> Option<u64> {
    let (digits, after) = rest.split_at_checked(count)?;
    *rest = after;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Two digits after `mark`.
fn after(rest: &mut &str, mark: char) -> Option<u64> {
    *rest = rest.strip_prefix(mark)?;
    number(rest, 2)
}

/// At least one digit, and where they end.
fn take_digits<'t>(text: &'t str, rest: &mut &'t str) -> Option<&'t str> {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    *rest = &text[end..];
    (end > 0).then(|| &text[..end])
}

/// Ticks of a fraction of a second; what is behind the seventh digit is rounded by the eighth.
fn ticks_of(fraction: &str) -> u64 {
    let digit = |index: usize| fraction.as_bytes().get(index).map_or(0, |digit| u64::from(digit - b'0'));
    let ticks = (0..7).fold(0, |ticks, index| ticks * 10 + digit(index));
    ticks + u64::from(digit(7) >= 5)
}

/// Days since 0001-01-01 in the proleptic Gregorian calendar.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let index = usize::try_from(month).ok()?.checked_sub(1)?;
    let before = *BEFORE.get(index)?;
    let length = BEFORE.get(index + 1).unwrap_or(&365) - before + u64::from(leap && month == 2);
    let past = year.checked_sub(1)?;
    let first = past * 365 + past / 4 - past / 100 + past / 400;
    (1..=length).contains(&day).then(|| first + before + u64::from(leap && month > 2) + day - 1)
}

/// xsd:duration.
pub(super) fn time_span(text: &str) -> Option<TimeSpan> {
    let text = trim(text);
    let negative = text.starts_with('-');
    let date = text.strip_prefix('-').unwrap_or(text).strip_prefix('P')?;
    let (date, time) = match date.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (date, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let mut total = fields(date, &[('Y', 365 * DAY), ('M', 30 * DAY), ('D', DAY)])?;
    let units = [('H', 3600 * SECOND), ('M', 60 * SECOND), ('S', SECOND)];
    total = total.checked_add(fields(time, &units)?)?;
    let ticks = i128::from(if negative { -1 } else { 1 }) * i128::try_from(total).ok()?;
    i64::try_from(ticks).ok().map(TimeSpan)
}

/// Numbers, each with its unit, in the order of `units` and none twice; seconds may have a fraction.
fn fields(mut text: &str, units: &[(char, u64)]) -> Option<u128> {
    let (mut total, mut units) = (0u128, units.iter());
    while !text.is_empty() {
        let number: u64 = take_digits(text, &mut text)?.parse().ok()?;
        let mut fraction = None;
        if let Some(rest) = text.strip_prefix('.') {
            fraction = Some(take_digits(rest, &mut text)?);
        }
        let mark = text.chars().next()?;
        text = &text[mark.len_utf8()..];
        let (_, ticks) = units.find(|(unit, _)| *unit == mark)?;
        total = total.checked_add(u128::from(number) * u128::from(*ticks))?;
        match fraction {
            Some(fraction) if mark == 'S' => total = total.checked_add(u128::from(ticks_of(fraction)))?,
            Some(_) => return None,
            None => {}
        }
    }
    Some(total)
}

/// A GUID with or without hyphens, and with braces or parentheses.
pub(super) fn uuid(text: &str) -> Option<Uuid> {
    let text = trim(text);
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let text = inner.unwrap_or(text);
    if text.contains(':') { None } else { Uuid::try_parse(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_may_have_a_minus_and_no_other_number_without_a_sign() {
        assert_eq!(integer::<u64>(" -0 "), Some(0));
        assert_eq!(integer::<u64>("-00"), Some(0));
        assert_eq!(integer::<i32>("-0"), Some(0));
        for text in ["-1", "-01", "-", "--0", "-0 0", ""] {
            assert_eq!(integer::<u64>(text), None, "{text}");
        }
    }

    #[test]
    fn times_of_every_form_come_back_as_they_were() {
        for text in [
            "0001-01-01T00:00:00",
            "9999-12-31T23:59:59.9999999Z",
            "2000-02-29T12:00:00.5Z",
            "1900-03-01T00:00:00",
            "2024-12-31T23:59:59+00:00",
        ] {
            assert_eq!(date_time(text).map(|time| time.to_string()).as_deref(), Some(text));
        }
        let local = date_time("2024-01-01T01:30:00+01:30").unwrap();
        assert_eq!(local.to_string(), "2024-01-01T00:00:00+00:00");
    }

    #[test]
    fn times_that_are_none_are_refused() {
        for text in [
            "",
            "2023-02-29",
            "2024-13-01",
            "0000-01-01",
            "2024-01-01T24:00:01",
            "2024-01-01T1:00:00",
            "2024-1-1",
        ] {
            assert_eq!(date_time(text), None, "{text}");
        }
    }

    #[test]
    fn durations_add_up() {
        assert_eq!(time_span("P1Y1M1DT1H1M1.5S"), Some(TimeSpan(342_180_615_000_000)));
        assert_eq!(time_span("-P10675199DT2H48M5.4775808S"), Some(TimeSpan(i64::MIN)));
        for text in ["P", "PT", "P1H", "1D", "PT1S1M", "P1.5D", "P10675199DT2H48M5.4775808S"] {
            assert_eq!(time_span(text), None, "{text}");
        }
    }

    #[test]
    fn decimals_round_what_does_not_fit() {
        let text = |text| decimal(text).map(|number| number.to_string());
        assert_eq!(text("79228162514264337593543950335").as_deref(), Some("79228162514264337593543950335"));
        assert_eq!(text("79228162514264337593543950336"), None);
        assert_eq!(
            text("0.33333333333333333333333333336").as_deref(),
            Some("0.3333333333333333333333333334")
        );
        assert_eq!(text("+.5").as_deref(), Some("0.5"));
        assert_eq!(text("."), None);
    }

    #[test]
    fn names_of_rust_for_numbers_are_none_of_xml() {
        assert_eq!(float::<f64>("inf"), None);
        assert_eq!(float::<f64>("nan"), None);
        assert_eq!(float::<f64>(" 1e7 "), Some(1e7));
    }
}

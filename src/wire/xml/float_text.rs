//! Singles and doubles as text, digit for digit as .NET prints them (binary XML page, section 4.1).

use std::fmt::{self, LowerExp, Write};
use std::str::FromStr;

use super::runtime::Runtime;

/// The digits of a number without its sign, and how many of them stand before the point when it is written plainly.
#[derive(Default)]
struct Digits {
    digits: [u8; 24],
    count: usize,
    before_point: i32,
}

pub(super) fn single(number: f32, runtime: Runtime, out: &mut impl Write) -> fmt::Result {
    if !number.is_finite() || number == 0.0 {
        return special(f64::from(number), out);
    }
    let positive = number.abs();
    let (digits, limit) = match runtime {
        Runtime::Net8 => (shortest(positive), 9),
        Runtime::Framework => match Digits::read(format_args!("{positive:.6e}")) {
            Ok(digits) if digits.value().parse() == Ok(positive) => (Ok(digits), 7),
            _ => (Digits::read(format_args!("{positive:.8e}")), 9),
        },
    };
    digits?.write(number.is_sign_negative(), limit, out)
}

pub(super) fn double(number: f64, runtime: Runtime, out: &mut impl Write) -> fmt::Result {
    if !number.is_finite() || number == 0.0 {
        return special(number, out);
    }
    let positive = number.abs();
    let (digits, limit) = match runtime {
        Runtime::Net8 => (shortest(positive), 17),
        Runtime::Framework => match Digits::read(format_args!("{positive:.14e}")) {
            Ok(digits) if digits.value().parse() == Ok(positive) => (Ok(digits), 15),
            _ => (Digits::read(format_args!("{positive:.16e}")), 17),
        },
    };
    digits?.write(number.is_sign_negative(), limit, out)
}

/// As few digits as read back to the number. Of two that are equally near .NET takes the even one, and Rust the larger one unless told how many.
fn shortest<T: LowerExp + FromStr + PartialEq + Copy>(positive: T) -> Result<Digits, fmt::Error> {
    let shortest = Digits::read(format_args!("{positive:e}"))?;
    let nearest = Digits::read(format_args!("{positive:.0$e}", shortest.count - 1))?;
    // At a power of two the nearest of that many digits may belong to the next number.
    let same = nearest.value().parse().is_ok_and(|read: T| read == positive);
    Ok(if same { nearest } else { shortest })
}

fn special(number: f64, out: &mut impl Write) -> fmt::Result {
    out.write_str(match number {
        _ if number.is_nan() => "NaN",
        f64::INFINITY => "INF",
        f64::NEG_INFINITY => "-INF",
        _ if number.is_sign_negative() => "-0",
        _ => "0",
    })
}

impl Digits {
    /// Reads `d.ddde±x`, as Rust prints it.
    fn read(text: fmt::Arguments<'_>) -> Result<Self, fmt::Error> {
        let mut scientific = Scientific::default();
        scientific.write_fmt(text)?;
        let Scientific { mut digits, exponent, negative, .. } = scientific;
        while digits.count > 1 && digits.digits[digits.count - 1] == b'0' {
            digits.count -= 1;
        }
        digits.before_point = 1 + if negative { -exponent } else { exponent };
        Ok(digits)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.count]).unwrap_or_default()
    }

    /// A text that Rust reads.
    fn value(&self) -> String {
        format!("0.{}e{}", self.text(), self.before_point)
    }

    fn write(&self, negative: bool, limit: i32, out: &mut impl Write) -> fmt::Result {
        if negative {
            out.write_char('-')?;
        }
        let text = self.text();
        if self.before_point > limit || self.before_point < -3 {
            let (first, rest) = text.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let exponent = self.before_point - 1;
            let sign = if exponent < 0 { '-' } else { '+' };
            return write!(out, "{first}{point}{rest}E{sign}{:02}", exponent.abs());
        }
        match usize::try_from(self.before_point) {
            Ok(0) | Err(_) => {
                out.write_str("0.")?;
                (self.before_point..0).try_for_each(|_| out.write_char('0'))?;
                out.write_str(text)
            }
            Ok(before) if before >= self.count => {
                out.write_str(text)?;
                (self.count..before).try_for_each(|_| out.write_char('0'))
            }
            Ok(before) => write!(out, "{}.{}", &text[..before], &text[before..]),
        }
    }
}

/// Takes Rust's `d.ddde±x` apart as it is printed.
#[derive(Default)]
struct Scientific {
    digits: Digits,
    exponent: i32,
    negative: bool,
    in_exponent: bool,
}

impl Write for Scientific {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match byte {
                b'e' => self.in_exponent = true,
                b'-' => self.negative = true,
                b'0'..=b'9' if self.in_exponent => {
                    self.exponent = self.exponent * 10 + i32::from(byte - b'0');
                }
                b'0'..=b'9' => {
                    *self.digits.digits.get_mut(self.digits.count).ok_or(fmt::Error)? = byte;
                    self.digits.count += 1;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: f64) -> String {
        let mut text = String::new();
        double(number, Runtime::Net8, &mut text).unwrap();
        text
    }

    // As .NET 8 prints them.
    #[test]
    fn of_two_shortest_texts_that_are_equally_near_the_even_one_is_taken() {
        for (exact, shown) in [
            ("733.71002197265625", "733.7100219726562"),
            ("120.614593505859375", "120.61459350585938"),
            ("-8.0619659423828125", "-8.061965942382812"),
        ] {
            assert_eq!(text(exact.parse().unwrap()), shown);
        }
    }

    #[test]
    fn a_power_of_two_reads_back_though_the_nearest_text_of_its_length_does_not() {
        for exponent in -1022..1024 {
            let number = 2f64.powi(exponent);
            let exactly = text(number).parse();
            assert_eq!(exactly, Ok(number));
        }
        assert_eq!(text(9_007_199_254_740_992.0), "9007199254740992");
        assert_eq!(text(2f64.powi(-44)), "5.684341886080802E-14");
    }
}

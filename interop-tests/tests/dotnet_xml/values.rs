//! Values of every type, and the text that is left of each when it has been written in the smallest record.

use uuid::Uuid;
use viaduct::wire::binxml::static_string;
use viaduct::wire::xml::{DateTime, Decimal, Runtime, Str, TimeSpan, Value};

use crate::dice::Dice;

/// A value that owns what it says.
pub(crate) enum Typed {
    Plain(Value<'static>),
    QName(u8, Str<'static>),
    Chars(String),
}

impl Typed {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Plain(value) => *value,
            Self::QName(letter, local) => Value::QName { letter: *letter, local: *local },
            Self::Chars(text) => Value::Chars(text),
        }
    }

    /// The text of the record that a writer of `runtime` chooses (binary XML page, section 8).
    pub(crate) fn text(&self, runtime: Runtime) -> String {
        match self.value() {
            Value::Float(number) => number_text(f64::from(number), Value::Float(number), runtime),
            Value::Double(number) => number_text(number, Value::Double(number), runtime),
            value => value.to_string(),
        }
    }
}

/// Whole numbers are written as such, doubles that are singles as singles; a zero loses its sign.
fn number_text(number: f64, value: Value<'_>, runtime: Runtime) -> String {
    let single = number as f32;
    if f64::from(single) != number {
        return value.to_string();
    }
    let limit = match runtime {
        Runtime::Net8 => 32_768.0,
        Runtime::Framework => 9_223_372_036_854_775_808.0,
    };
    if number.trunc() == number && (-limit..limit).contains(&number) {
        (number as i64).to_string()
    } else {
        Value::Float(single).to_string()
    }
}

/// A value of any type but texts that are collected.
pub(crate) fn typed(dice: &mut Dice) -> Typed {
    Typed::Plain(match dice.below(18) {
        0 => Value::Bool(dice.once(2)),
        1 => dice.of(&[Value::Zero, Value::One, Value::False, Value::True]),
        2 => Value::Int8(dice.long() as i8),
        3 => Value::Int16(dice.long() as i16),
        4 => Value::Int32(dice.long() as i32),
        5 => Value::Int64(dice.long()),
        6 => Value::UInt64(if dice.once(2) { dice.bits() } else { dice.below(300) as u64 }),
        7 => Value::Float(single(dice)),
        8 | 9 => Value::Double(double(dice)),
        10 => Value::Decimal(decimal(dice)),
        11 => Value::DateTime(date_time(dice)),
        12 => Value::TimeSpan(time_span(dice)),
        13 => Value::Uuid(uuid(dice)),
        14 => Value::UniqueId(if dice.once(8) { Uuid::nil() } else { uuid(dice) }),
        15 => Value::Dictionary(static_string(dice.below(487) as u16).unwrap()),
        16 => {
            let letter = b'a' + dice.below(26) as u8;
            return Typed::QName(letter, static_string(dice.below(487) as u16).unwrap());
        }
        _ => {
            let size = dice.below(20);
            return Typed::Chars(dice.text(size));
        }
    })
}

pub(crate) fn uuid(dice: &mut Dice) -> Uuid {
    Uuid::from_u128(u128::from(dice.bits()) << 64 | u128::from(dice.bits()))
}

pub(crate) fn time_span(dice: &mut Dice) -> TimeSpan {
    TimeSpan(if dice.once(20) { dice.of(&[i64::MIN, i64::MAX, 0]) } else { dice.long() })
}

pub(crate) fn single(dice: &mut Dice) -> f32 {
    const SPECIAL: [f32; 19] = [
        0.0,
        -0.0,
        1.0,
        1.5,
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MIN_POSITIVE,
        f32::MAX,
        f32::MIN,
        32_767.0,
        32_768.0,
        -32_768.0,
        -32_769.0,
        1e7,
        1e9,
        1e10,
        1e-4,
        1e-5,
    ];
    match dice.below(5) {
        0 => dice.of(&SPECIAL),
        1 => dice.below(2_000_000) as f32 - 1e6,
        2 => dice.below(100_000) as f32 / 100.0,
        3 => 2f32.powi(dice.below(277) as i32 - 149),
        _ => f32::from_bits(dice.bits() as u32),
    }
}

pub(crate) fn double(dice: &mut Dice) -> f64 {
    const SPECIAL: [f64; 16] = [
        0.0,
        -0.0,
        1.0,
        0.1,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        5e-324,
        f64::MAX,
        f64::MIN,
        1e15,
        1e16,
        1e17,
        1e18,
        1e-4,
        1e-5,
    ];
    match dice.below(6) {
        0 => dice.of(&SPECIAL),
        1 => dice.long() as f64,
        2 => dice.below(1_000_000) as f64 / 1000.0,
        3 => f64::from(single(dice)),
        4 => 2f64.powi(dice.below(2098) as i32 - 1074),
        _ => f64::from_bits(dice.bits()),
    }
}

pub(crate) fn decimal(dice: &mut Dice) -> Decimal {
    let digits = (u128::from(dice.bits()) << 32 | u128::from(dice.bits() >> 32)) >> dice.below(97);
    Decimal::new(dice.once(2), digits, dice.below(29) as u8).unwrap()
}

/// Local times stand in UTC, and are shown so where the reader's zone is UTC.
pub(crate) fn date_time(dice: &mut Dice) -> DateTime {
    let ticks = dice.bits() % (DateTime::MAX_TICKS + 1);
    let ticks = match dice.below(5) {
        0 => dice.of(&[0, DateTime::MAX_TICKS, 630_822_816_000_000_000]),
        1 => ticks - ticks % 10_000_000,
        2 => ticks - ticks % 1_000_000,
        _ => ticks,
    };
    DateTime::from_bits((dice.below(4) as u64) << 62 | ticks).unwrap()
}

//! A walk over encoded values that looks at lengths, counts and depth alone. [AMQP 1.2]
//!
//! It is there because `serde_amqp` allocates as many bytes as a string announces, takes 65,536 elements for each list
//! and has no limit of depth.

use super::{AmqpLimits, DecodeError};

/// Described values begin with this byte. [AMQP 1.2]
const DESCRIBED: u8 = 0x00;

/// The length of the described value with which `body` begins, if all of it keeps to the limits.
pub(super) fn described_len(body: &[u8], limits: &AmqpLimits) -> Result<usize, DecodeError> {
    if body.first() != Some(&DESCRIBED) {
        return Err(DecodeError::NoPerformative);
    }
    let mut walk = Walk { rest: body, elements: limits.elements, limits };
    walk.value(limits.depth)?;
    Ok(body.len() - walk.rest.len())
}

struct Walk<'a> {
    rest: &'a [u8],
    /// How many more values may come.
    elements: u32,
    limits: &'a AmqpLimits,
}

impl<'a> Walk<'a> {
    fn value(&mut self, depth: u8) -> Result<(), DecodeError> {
        self.count(1)?;
        match self.byte()? {
            DESCRIBED => {
                let depth = self.deeper(depth)?;
                self.value(depth)?;
                self.value(depth)
            }
            code => self.data(code, depth),
        }
    }

    /// What follows a format code. The high half of the code says how its length is told. [AMQP 1.2.1]
    fn data(&mut self, code: u8, depth: u8) -> Result<(), DecodeError> {
        let narrow = code & 0x10 == 0;
        match code >> 4 {
            0x4 => Ok(()),
            0x5 => self.take(1).map(drop),
            0x6 => self.take(2).map(drop),
            0x7 => self.take(4).map(drop),
            0x8 => self.take(8).map(drop),
            0x9 => self.take(16).map(drop),
            0xa | 0xb => {
                let len = self.number(narrow)?;
                self.take(len).map(drop)
            }
            0xc | 0xd => self.compound(narrow, code & 0x0f == 1, depth),
            0xe | 0xf => self.array(narrow, depth),
            _ => Err(DecodeError::Unreadable(format!("format code {code:#04x} is unknown"))),
        }
    }

    /// A list or a map: size, count, values. [AMQP 1.2.3]
    fn compound(&mut self, narrow: bool, is_map: bool, depth: u8) -> Result<(), DecodeError> {
        let depth = self.deeper(depth)?;
        let (outer, count) = self.enter(narrow)?;
        if is_map && count % 2 != 0 {
            return Err(DecodeError::OddMap);
        }
        for _ in 0..count {
            self.value(depth)?;
        }
        self.leave(outer)
    }

    /// An array: size, count, one constructor, the data of each element. [AMQP 1.2.4]
    fn array(&mut self, narrow: bool, depth: u8) -> Result<(), DecodeError> {
        let depth = self.deeper(depth)?;
        let (outer, count) = self.enter(narrow)?;
        self.count(u32::try_from(count).unwrap_or(u32::MAX))?;
        // Some encoders leave the constructor of an empty array out.
        if count > 0 || !self.rest.is_empty() {
            let (code, depth) = self.constructor(depth)?;
            for _ in 0..count {
                self.data(code, depth)?;
            }
        }
        self.leave(outer)
    }

    /// The format code of an array's elements, behind their descriptors.
    fn constructor(&mut self, mut depth: u8) -> Result<(u8, u8), DecodeError> {
        loop {
            match self.byte()? {
                DESCRIBED => {
                    depth = self.deeper(depth)?;
                    self.value(depth)?;
                }
                code => return Ok((code, depth)),
            }
        }
    }

    /// Reads size and count, and confines the walk to what they span. Gives back what lies behind.
    fn enter(&mut self, narrow: bool) -> Result<(&'a [u8], usize), DecodeError> {
        let size = self.number(narrow)?;
        let inner = self.take(size)?;
        let outer = std::mem::replace(&mut self.rest, inner);
        Ok((outer, self.number(narrow)?))
    }

    fn leave(&mut self, outer: &'a [u8]) -> Result<(), DecodeError> {
        match std::mem::replace(&mut self.rest, outer) {
            [] => Ok(()),
            left => Err(DecodeError::BytesAfterElements(left.len())),
        }
    }

    fn number(&mut self, narrow: bool) -> Result<usize, DecodeError> {
        if narrow {
            return self.byte().map(usize::from);
        }
        let bytes = self.take(4)?;
        Ok(bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or(DecodeError::ValueTooLong)?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(DecodeError::ValueTooLong)?;
        self.rest = rest;
        Ok(taken)
    }

    fn count(&mut self, more: u32) -> Result<(), DecodeError> {
        let left = self.elements.checked_sub(more);
        self.elements = left.ok_or(DecodeError::TooManyElements(self.limits.elements))?;
        Ok(())
    }

    fn deeper(&self, depth: u8) -> Result<u8, DecodeError> {
        depth.checked_sub(1).ok_or(DecodeError::TooDeep(self.limits.depth))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(body: &[u8]) -> Result<usize, DecodeError> {
        described_len(body, &AmqpLimits::default())
    }

    #[test]
    fn measures_the_value_and_leaves_what_follows() {
        assert_eq!(walk(b"\x00\x53\x17\x45payload"), Ok(4));
        assert_eq!(walk(b"\x00\x53\x16\xc0\x03\x02\x43\x41..."), Ok(8));
        assert_eq!(walk(b"\x00\xa3\x02ab\xd0\0\0\0\x05\0\0\0\x01\x40"), Ok(15));
        assert_eq!(walk(b"\x00\x53\x40\xc0\x0a\x01\xe0\x07\x02\xa3\x01A\x02BC"), Ok(15));
        assert_eq!(walk(b"\x00\x53\x40\xe0\x01\x00"), Ok(6));
    }

    #[test]
    fn refuses_lengths_that_lie() {
        for (body, error) in [
            (&b"\x00"[..], DecodeError::ValueTooLong),
            (b"\x00\x53", DecodeError::ValueTooLong),
            (b"\x00\x53\x10", DecodeError::ValueTooLong),
            (b"\x00\x53\x10\xb1\xff\xff\xff\xff", DecodeError::ValueTooLong),
            (b"\x00\x53\x10\xc0\x05\x01\xa1\x02a", DecodeError::ValueTooLong),
            (b"\x00\x53\x10\xc0\x03\x01\xa1\x02ab", DecodeError::ValueTooLong),
            (b"\x00\x53\x10\xc0\x02\x02\x40\x40", DecodeError::ValueTooLong),
            (b"\x00\x53\x10\xc0\x03\x01\x40\x40", DecodeError::BytesAfterElements(1)),
            (b"\x00\x53\x10\xc1\x02\x01\x40", DecodeError::OddMap),
            (b"\xc0\x01\x00", DecodeError::NoPerformative),
            (b"", DecodeError::NoPerformative),
        ] {
            assert_eq!(walk(body), Err(error), "{body:02x?}");
        }
        assert!(matches!(walk(b"\x00\x53\x10\x15"), Err(DecodeError::Unreadable(_))));
    }

    #[test]
    fn refuses_what_is_nested_too_deep() {
        let described = [0u8; 400];
        assert_eq!(walk(&described), Err(DecodeError::TooDeep(10)));
        let mut lists = vec![0x45];
        for _ in 0..10 {
            let size = u8::try_from(lists.len() + 1).unwrap();
            lists = [&[0xc0, size, 1], &lists[..]].concat();
        }
        assert_eq!(walk(&[b"\x00\x53\x10", &lists[..]].concat()), Err(DecodeError::TooDeep(10)));
        // Nine levels below the performative's own are the most that is allowed.
        assert_eq!(walk(&[b"\x00\x53\x10", &lists[3..]].concat()), Ok(3 + lists.len() - 3));
    }

    #[test]
    fn refuses_elements_without_width_however_they_are_counted() {
        let array = b"\x00\x53\x10\xf0\0\0\0\x05\x7f\xff\xff\xff\x40";
        assert_eq!(walk(array), Err(DecodeError::TooManyElements(512)));
        let mut list = b"\x00\x53\x10\xd0\0\0\x02\x04\0\0\x02\0".to_vec();
        list.resize(list.len() + 512, 0x40);
        assert_eq!(walk(&list), Err(DecodeError::TooManyElements(512)));
    }
}

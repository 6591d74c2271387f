//! Records from bytes.
//!
//! The three answers of every decoder here: `Ok(None)` means the input ends inside a record, so read more and call again
//! with the longer input; `Ok(Some((value, used)))` is one record and the bytes it took; `Err` means the peer is wrong.
//! The type of a record is judged before its content, so an illegal order is reported as such.

use nom::IResult;
use nom::bytes::streaming::take;
use nom::error::{ErrorKind, ParseError};
use nom::number::streaming::u8 as byte;

use super::error::DecodeError;
use super::policy::FramingLimits;
use super::record::{KnownEncoding, Mode, Record, RecordType, Version};
use super::via_text::ViaText;
use crate::wire::int31;

/// Reads one record, which must be of one of the `expected` types.
///
/// # Errors
/// [`DecodeError`] as soon as the bytes at hand show that no more bytes can make the record right.
#[inline]
pub fn record<'a>(
    input: &'a [u8],
    expected: &'static [RecordType],
    limits: &FramingLimits,
) -> Result<Option<(Record<'a>, usize)>, DecodeError> {
    answer(input, parse_record(input, expected, limits))
}

/// Reads the size of the next chunk of an unsized envelope; 0 ends the envelope. [MC-NMF] 2.2.4.3.
///
/// # Errors
/// [`DecodeError::SizeOverflow`].
#[inline]
pub fn chunk_size(input: &[u8]) -> Result<Option<(u32, usize)>, DecodeError> {
    answer(input, size(input))
}

type Parsed<'a, T> = IResult<&'a [u8], T, Wrong>;

/// The error inside the parsers; nom's own kinds never leave this module.
struct Wrong(DecodeError);

impl<I> ParseError<I> for Wrong {
    fn from_error_kind(_: I, _: ErrorKind) -> Self {
        // The two primitives used here, `take` and `u8`, fail by `Incomplete` alone; this is the mildest truth if not.
        Self(DecodeError::UnexpectedEof)
    }

    fn append(_: I, _: ErrorKind, other: Self) -> Self {
        other
    }
}

fn answer<'a, T>(input: &'a [u8], parsed: Parsed<'a, T>) -> Result<Option<(T, usize)>, DecodeError> {
    match parsed {
        Ok((rest, value)) => Ok(Some((value, input.len() - rest.len()))),
        Err(nom::Err::Incomplete(_)) => Ok(None),
        Err(nom::Err::Error(wrong) | nom::Err::Failure(wrong)) => Err(wrong.0),
    }
}

fn wrong<T>(error: DecodeError) -> Result<T, nom::Err<Wrong>> {
    Err(nom::Err::Failure(Wrong(error)))
}

fn parse_record<'a>(
    input: &'a [u8],
    expected: &'static [RecordType],
    limits: &FramingLimits,
) -> Parsed<'a, Record<'a>> {
    let (input, first) = byte(input)?;
    let Some(found) = RecordType::from_byte(first) else {
        return wrong(DecodeError::UnknownRecord(first));
    };
    if !expected.contains(&found) {
        return wrong(DecodeError::UnexpectedRecord { found, expected });
    }
    match found {
        RecordType::SizedEnvelope => sized_envelope(input),
        RecordType::UnsizedEnvelope => Ok((input, Record::UnsizedEnvelope)),
        RecordType::End => Ok((input, Record::End)),
        RecordType::Version => version(input),
        RecordType::Mode => mode(input),
        RecordType::Via => string(input, found, limits.via_on_the_wire())
            .map(|(rest, text)| (rest, Record::Via(ViaText::new(text)))),
        RecordType::KnownEncoding => {
            byte(input).map(|(rest, number)| (rest, Record::KnownEncoding(KnownEncoding(number))))
        }
        RecordType::ExtensibleEncoding => string(input, found, limits.content_type)
            .map(|(rest, text)| (rest, Record::ExtensibleEncoding(text))),
        RecordType::Fault => {
            string(input, found, limits.fault).map(|(rest, text)| (rest, Record::Fault(text)))
        }
        RecordType::UpgradeRequest => {
            string(input, found, limits.upgrade).map(|(rest, text)| (rest, Record::UpgradeRequest(text)))
        }
        RecordType::UpgradeResponse => Ok((input, Record::UpgradeResponse)),
        RecordType::PreambleAck => Ok((input, Record::PreambleAck)),
        RecordType::PreambleEnd => Ok((input, Record::PreambleEnd)),
    }
}

/// [MC-NMF] 2.2.3.1 Version Record: .NET checks the major number and takes any minor one.
fn version(input: &[u8]) -> Parsed<'_, Record<'_>> {
    let (input, major) = byte(input)?;
    if major != 1 {
        return wrong(DecodeError::BadVersion { major });
    }
    let (input, minor) = byte(input)?;
    Ok((input, Record::Version(Version { major, minor })))
}

/// [MC-NMF] 2.2.3.2 Mode Record.
fn mode(input: &[u8]) -> Parsed<'_, Record<'_>> {
    let (input, number) = byte(input)?;
    match Mode::from_byte(number) {
        Some(mode) => Ok((input, Record::Mode(mode))),
        None => wrong(DecodeError::BadMode(number)),
    }
}

/// [MC-NMF] 2.2.4.1 Sized Envelope Record: at least one byte. The limit is the session's matter.
fn sized_envelope(input: &[u8]) -> Parsed<'_, Record<'_>> {
    let (input, size) = size(input)?;
    if size == 0 {
        return wrong(DecodeError::EmptyEnvelope);
    }
    Ok((input, Record::SizedEnvelope { size }))
}

/// A size in bytes, then UTF-8. [MC-NMF] 2.2.3.3 Via Record: the length counts bytes, not characters.
fn string(input: &[u8], record: RecordType, max: usize) -> Parsed<'_, &str> {
    let (input, size) = size(input)?;
    let len = size as usize;
    if len > max {
        return wrong(match record {
            RecordType::Via => DecodeError::ViaTooLong { len, max },
            RecordType::UpgradeRequest => DecodeError::UpgradeTooLong { len, max },
            RecordType::Fault => DecodeError::FaultTooLong { len, max },
            _ => DecodeError::ContentTypeTooLong { len, max },
        });
    }
    if len == 0 {
        return wrong(DecodeError::EmptyString(record));
    }
    let (input, bytes) = take(len)(input)?;
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((input, text)),
        // .NET puts U+FFFD instead and then finds no endpoint; framing page 1.2 has a strict parser refuse.
        Err(_) => wrong(DecodeError::BadUtf8(record)),
    }
}

#[inline]
fn size(input: &[u8]) -> Parsed<'_, u32> {
    match int31::decode(input) {
        Ok(Some((value, used))) => Ok((&input[used..], value)),
        Ok(None) => Err(nom::Err::Incomplete(nom::Needed::Unknown)),
        Err(int31::NotInt31) => wrong(DecodeError::SizeOverflow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: &[RecordType] = &RecordType::ALL;

    fn one(input: &[u8]) -> Result<Option<(Record<'_>, usize)>, DecodeError> {
        record(input, ANY, &FramingLimits::default())
    }

    #[test]
    fn reads_a_record_and_leaves_what_follows() {
        let answer = one(&[0x06, 0x80, 0x01, 0xaa]).unwrap();
        assert_eq!(answer, Some((Record::SizedEnvelope { size: 128 }, 3)));
    }

    #[test]
    fn asks_for_more_inside_a_record() {
        for input in [&[][..], &[0x00], &[0x00, 1], &[0x06, 0x80], &[0x08, 2, b'a']] {
            assert_eq!(one(input), Ok(None), "{input:02x?}");
        }
    }

    #[test]
    fn judges_the_type_before_the_content() {
        let expected: &[RecordType] = &[RecordType::End];
        let answer = record(&[0x02, 0xff, 0xff, 0xff, 0xff, 0x7f], expected, &FramingLimits::default());
        assert_eq!(answer, Err(DecodeError::UnexpectedRecord { found: RecordType::Via, expected }));
    }

    #[test]
    fn refuses_a_long_string_before_it_arrives() {
        let answer = one(&[0x02, 0xff, 0xff, 0xff, 0xff, 0x07]);
        assert_eq!(answer, Err(DecodeError::ViaTooLong { len: 0x7fff_ffff, max: 2048 }));
    }

    #[test]
    fn refuses_a_wrong_major_version_before_the_minor_arrives() {
        assert_eq!(one(&[0x00, 0x02]), Err(DecodeError::BadVersion { major: 2 }));
    }
}

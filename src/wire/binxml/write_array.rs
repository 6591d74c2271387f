//! Arrays: many elements of one name, each with one value ([MC-NBFX] 2.2.3).

use uuid::Uuid;

use super::array::RawItems;
use super::record_type::RecordType;
use super::write_error::WriteError;
use super::write_value::decimal;
use super::writer::Writer;
use crate::wire::xml::{DateTime, Decimal, Name, Runtime, Str, TimeSpan};

/// The items of an array: the types that one may have.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the type says it")]
pub enum ArrayItems<'a> {
    Bool(&'a [bool]),
    Int16(&'a [i16]),
    Int32(&'a [i32]),
    Int64(&'a [i64]),
    Float(&'a [f32]),
    Double(&'a [f64]),
    Decimal(&'a [Decimal]),
    DateTime(&'a [DateTime]),
    TimeSpan(&'a [TimeSpan]),
    Uuid(&'a [Uuid]),
}

impl ArrayItems<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Bool(items) => items.len(),
            Self::Int16(items) => items.len(),
            Self::Int32(items) => items.len(),
            Self::Int64(items) => items.len(),
            Self::Float(items) => items.len(),
            Self::Double(items) => items.len(),
            Self::Decimal(items) => items.len(),
            Self::DateTime(items) => items.len(),
            Self::TimeSpan(items) => items.len(),
            Self::Uuid(items) => items.len(),
        }
    }

    fn kind(&self) -> RecordType {
        let kind = match self {
            Self::Bool(_) => RecordType::BOOL_TEXT,
            Self::Int16(_) => RecordType::INT16_TEXT,
            Self::Int32(_) => RecordType::INT32_TEXT,
            Self::Int64(_) => RecordType::INT64_TEXT,
            Self::Float(_) => RecordType::FLOAT_TEXT,
            Self::Double(_) => RecordType::DOUBLE_TEXT,
            Self::Decimal(_) => RecordType::DECIMAL_TEXT,
            Self::DateTime(_) => RecordType::DATE_TIME_TEXT,
            Self::TimeSpan(_) => RecordType::TIME_SPAN_TEXT,
            Self::Uuid(_) => RecordType::UUID_TEXT,
        };
        kind.with_end()
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Bool(items) => items.iter().map(|item| u8::from(*item)).collect(),
            Self::Int16(items) => items.iter().flat_map(|item| item.to_le_bytes()).collect(),
            Self::Int32(items) => items.iter().flat_map(|item| item.to_le_bytes()).collect(),
            Self::Int64(items) => items.iter().flat_map(|item| item.to_le_bytes()).collect(),
            Self::Float(items) => items.iter().flat_map(|item| item.to_le_bytes()).collect(),
            Self::Double(items) => items.iter().flat_map(|item| item.to_le_bytes()).collect(),
            Self::Decimal(items) => items.iter().flat_map(|item| decimal(*item)).collect(),
            Self::DateTime(items) => items.iter().flat_map(|item| item.bits().to_le_bytes()).collect(),
            Self::TimeSpan(items) => items.iter().flat_map(|item| item.0.to_le_bytes()).collect(),
            Self::Uuid(items) => items.iter().flat_map(|item| item.to_bytes_le()).collect(),
        }
    }
}

impl Writer<'_> {
    /// Writes an element for each item, as one array. Of no items nothing is written.
    ///
    /// # Errors
    /// There is no element for it, more than 2^31 - 1 items, or a prefix that cannot stand for the namespace.
    pub fn array(
        &mut self,
        prefix: Option<&str>,
        local: Str<'_>,
        namespace: Str<'_>,
        items: ArrayItems<'_>,
    ) -> Result<(), WriteError> {
        let count = i32::try_from(items.len()).map_err(|_| WriteError::TooLong)?;
        if count == 0 {
            return Ok(());
        }
        let (local, namespace) = match self.runtime {
            // .NET 8 forgets here that they are of a dictionary.
            Runtime::Net8 => (Str::plain(local.text), Str::plain(namespace.text)),
            Runtime::Framework => (local, namespace),
        };
        self.array_mark()?;
        self.start_tag(prefix, local, namespace)?;
        self.end_array(&RawItems { kind: items.kind().0, count: count as u32, items: &items.encode() })
    }

    /// The mark of an array and the start tag of its items, as they were read.
    pub(super) fn begin_array(&mut self, name: &Name<'_>) -> Result<(), WriteError> {
        self.array_mark()?;
        self.read_tag(name)
    }

    fn array_mark(&mut self) -> Result<(), WriteError> {
        self.content()?;
        if self.depth == 0 {
            return Err(WriteError::MultipleRoots);
        }
        self.buffer.node(RecordType::ARRAY);
        Ok(())
    }

    /// The end of the start tag, and the items.
    pub(super) fn end_array(&mut self, items: &RawItems<'_>) -> Result<(), WriteError> {
        self.end_element()?;
        self.buffer.node(RecordType(items.kind));
        self.buffer.int31(items.count);
        // Seen in which texts after an array are merged with the end of their element.
        match (RecordType(items.kind & !1), self.runtime) {
            (RecordType::DATE_TIME_TEXT | RecordType::TIME_SPAN_TEXT, _) => {
                self.buffer.items::<8>(items.items)
            }
            (RecordType::UUID_TEXT, Runtime::Framework) => self.buffer.items::<16>(items.items),
            (_, Runtime::Framework) => self.buffer.bypass(items.items),
            (_, Runtime::Net8) => self.buffer.block(items.items),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::binxml::{Ids, static_string};
    use crate::wire::xml::Value;

    /// How many zeros come between an array of 560 bytes and a text that is the first not to be merged with the end of its element.
    fn zeros(items: ArrayItems<'_>, runtime: Runtime) -> usize {
        let merged = |zeros| {
            let mut writer = Writer::new(Ids::Static, runtime);
            writer.start_element(Some(""), Str::plain("r"), Str::plain("")).unwrap();
            writer.array(Some(""), Str::plain("i"), Str::plain(""), items).unwrap();
            (0..zeros).for_each(|_| writer.value(&Value::Zero).unwrap());
            writer.value(&Value::Dictionary(static_string(3).unwrap())).unwrap();
            writer.end_element().unwrap();
            writer.finish().unwrap().ends_with(b"\xab\x06")
        };
        (0..600).find(|zeros| !merged(*zeros)).unwrap()
    }

    // As .NET 8.0.4 and Mono 6.8 write them.
    #[test]
    fn times_are_written_one_by_one_and_other_items_past_the_buffer() {
        let time = DateTime::from_bits(0).unwrap();
        let (uuids, decimals) = ([Uuid::nil(); 35], [Decimal::new(false, 0, 0).unwrap(); 35]);
        for (items, net8, framework) in [
            (ArrayItems::Bool(&[false; 560]), 507, 507),
            (ArrayItems::Int64(&[0; 70]), 507, 507),
            (ArrayItems::Decimal(&decimals), 507, 507),
            (ArrayItems::DateTime(&[time; 70]), 443, 443),
            (ArrayItems::TimeSpan(&[TimeSpan(0); 70]), 443, 443),
            (ArrayItems::Uuid(&uuids), 507, 443),
            (ArrayItems::Int64(&[0; 20]), 337, 507),
        ] {
            assert_eq!(zeros(items, Runtime::Net8), net8, "{items:?}");
            assert_eq!(zeros(items, Runtime::Framework), framework, "{items:?}");
        }
    }
}

//! The first byte of a record.

use std::fmt;

/// A record type, [MC-NBFX] 2.2 and 2.3.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordType(pub u8);

#[expect(missing_docs, reason = "the names are those of [MC-NBFX]")]
impl RecordType {
    pub const END_ELEMENT: Self = Self(0x01);
    pub const COMMENT: Self = Self(0x02);
    pub const ARRAY: Self = Self(0x03);
    pub const SHORT_ATTRIBUTE: Self = Self(0x04);
    pub const ATTRIBUTE: Self = Self(0x05);
    pub const SHORT_DICTIONARY_ATTRIBUTE: Self = Self(0x06);
    pub const DICTIONARY_ATTRIBUTE: Self = Self(0x07);
    pub const SHORT_XMLNS_ATTRIBUTE: Self = Self(0x08);
    pub const XMLNS_ATTRIBUTE: Self = Self(0x09);
    pub const SHORT_DICTIONARY_XMLNS_ATTRIBUTE: Self = Self(0x0a);
    pub const DICTIONARY_XMLNS_ATTRIBUTE: Self = Self(0x0b);
    pub const PREFIX_DICTIONARY_ATTRIBUTE_A: Self = Self(0x0c);
    pub const PREFIX_ATTRIBUTE_A: Self = Self(0x26);
    pub const SHORT_ELEMENT: Self = Self(0x40);
    pub const ELEMENT: Self = Self(0x41);
    pub const SHORT_DICTIONARY_ELEMENT: Self = Self(0x42);
    pub const DICTIONARY_ELEMENT: Self = Self(0x43);
    pub const PREFIX_DICTIONARY_ELEMENT_A: Self = Self(0x44);
    pub const PREFIX_ELEMENT_A: Self = Self(0x5e);
    pub const ZERO_TEXT: Self = Self(0x80);
    pub const ONE_TEXT: Self = Self(0x82);
    pub const FALSE_TEXT: Self = Self(0x84);
    pub const TRUE_TEXT: Self = Self(0x86);
    pub const INT8_TEXT: Self = Self(0x88);
    pub const INT16_TEXT: Self = Self(0x8a);
    pub const INT32_TEXT: Self = Self(0x8c);
    pub const INT64_TEXT: Self = Self(0x8e);
    pub const FLOAT_TEXT: Self = Self(0x90);
    pub const DOUBLE_TEXT: Self = Self(0x92);
    pub const DECIMAL_TEXT: Self = Self(0x94);
    pub const DATE_TIME_TEXT: Self = Self(0x96);
    pub const CHARS8_TEXT: Self = Self(0x98);
    pub const CHARS16_TEXT: Self = Self(0x9a);
    pub const CHARS32_TEXT: Self = Self(0x9c);
    pub const BYTES8_TEXT: Self = Self(0x9e);
    pub const BYTES16_TEXT: Self = Self(0xa0);
    pub const BYTES32_TEXT: Self = Self(0xa2);
    pub const START_LIST_TEXT: Self = Self(0xa4);
    pub const END_LIST_TEXT: Self = Self(0xa6);
    pub const EMPTY_TEXT: Self = Self(0xa8);
    pub const DICTIONARY_TEXT: Self = Self(0xaa);
    pub const UNIQUE_ID_TEXT: Self = Self(0xac);
    pub const TIME_SPAN_TEXT: Self = Self(0xae);
    pub const UUID_TEXT: Self = Self(0xb0);
    pub const UINT64_TEXT: Self = Self(0xb2);
    pub const BOOL_TEXT: Self = Self(0xb4);
    pub const UNICODE_CHARS8_TEXT: Self = Self(0xb6);
    pub const UNICODE_CHARS16_TEXT: Self = Self(0xb8);
    pub const UNICODE_CHARS32_TEXT: Self = Self(0xba);
    pub const QNAME_DICTIONARY_TEXT: Self = Self(0xbc);
}

/// Names of the text records, from 0x80 in steps of two.
const TEXTS: [&str; 31] = [
    "ZeroText",
    "OneText",
    "FalseText",
    "TrueText",
    "Int8Text",
    "Int16Text",
    "Int32Text",
    "Int64Text",
    "FloatText",
    "DoubleText",
    "DecimalText",
    "DateTimeText",
    "Chars8Text",
    "Chars16Text",
    "Chars32Text",
    "Bytes8Text",
    "Bytes16Text",
    "Bytes32Text",
    "StartListText",
    "EndListText",
    "EmptyText",
    "DictionaryText",
    "UniqueIdText",
    "TimeSpanText",
    "UuidText",
    "UInt64Text",
    "BoolText",
    "UnicodeChars8Text",
    "UnicodeChars16Text",
    "UnicodeChars32Text",
    "QNameDictionaryText",
];

impl RecordType {
    /// The type of a text that also ends its element.
    pub const fn with_end(self) -> Self {
        Self(self.0 | 1)
    }

    /// Whether this is a text that also ends its element. The list marks have such types, which no reader takes.
    pub const fn ends_element(self) -> bool {
        self.is_text() && self.0 & 1 == 1
    }

    /// Whether this is a text.
    pub const fn is_text(self) -> bool {
        matches!(self.0, 0x80..=0xbd)
    }

    /// Whether this is an attribute or a declaration.
    pub const fn is_attribute(self) -> bool {
        matches!(self.0, 0x04..=0x3f)
    }

    /// Whether this is a declaration.
    pub const fn is_xmlns(self) -> bool {
        matches!(self.0, 0x08..=0x0b)
    }

    /// Whether this is a start tag.
    pub const fn is_element(self) -> bool {
        matches!(self.0, 0x40..=0x77)
    }
}

/// The name that [MC-NBFX] gives it, `PrefixElementA` to `PrefixElementZ` spelt out; `Reserved` for what it has no name for.
impl fmt::Display for RecordType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = |first: u8| char::from(b'A' + (self.0 - first));
        let name = match self.0 {
            0x01 => "EndElement",
            0x02 => "Comment",
            0x03 => "Array",
            0x04 => "ShortAttribute",
            0x05 => "Attribute",
            0x06 => "ShortDictionaryAttribute",
            0x07 => "DictionaryAttribute",
            0x08 => "ShortXmlnsAttribute",
            0x09 => "XmlnsAttribute",
            0x0a => "ShortDictionaryXmlnsAttribute",
            0x0b => "DictionaryXmlnsAttribute",
            0x0c..=0x25 => return write!(out, "PrefixDictionaryAttribute{}", letter(0x0c)),
            0x26..=0x3f => return write!(out, "PrefixAttribute{}", letter(0x26)),
            0x40 => "ShortElement",
            0x41 => "Element",
            0x42 => "ShortDictionaryElement",
            0x43 => "DictionaryElement",
            0x44..=0x5d => return write!(out, "PrefixDictionaryElement{}", letter(0x44)),
            0x5e..=0x77 => return write!(out, "PrefixElement{}", letter(0x5e)),
            0x80..=0xbd => {
                out.write_str(TEXTS[usize::from(self.0 - 0x80) / 2])?;
                if self.0 & 1 == 1 { "WithEndElement" } else { "" }
            }
            _ => "Reserved",
        };
        out.write_str(name)
    }
}

impl fmt::Debug for RecordType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}({:#04x})", self.0)
    }
}

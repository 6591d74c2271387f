//! What can be wrong with binary XML.

/// Why a document was refused. Always the fault of whoever wrote it; nothing after it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input ends inside a record, or with elements open.
    #[error("document ends inside a record or with elements open")]
    Eof,
    /// The document has no element.
    #[error("document has no root element")]
    NoRoot,
    /// The document has a second element at its root.
    #[error("document has more than one root element")]
    MultipleRoots,
    /// Text outside the root that is not white space.
    #[error("text outside the root element")]
    RootText,
    /// An end without an open element.
    #[error("end without an open element")]
    UnbalancedEnd,
    /// A byte that is no record type, or a type that may not stand here.
    #[error("record type 0x{0:02x} is unknown or not allowed here")]
    BadRecord(u8),
    /// An attribute or a declaration outside a start tag; text XML fed by mistake looks like this too.
    #[error("attribute record 0x{0:02x} outside a start tag")]
    MisplacedAttribute(u8),
    /// A length or id that is no integer of 31 bits, [MC-NBFX] 2.1.2.
    #[error("length or id is not a 31-bit integer")]
    BadInt31,
    /// A negative length of four bytes.
    #[error("negative length")]
    BadLength,
    /// A string that is not UTF-8.
    #[error("string is not utf-8")]
    BadUtf8,
    /// Half of a surrogate pair.
    #[error("text is not utf-16")]
    BadUtf16,
    /// UTF-16 of an odd number of bytes.
    #[error("utf-16 text of an odd number of bytes")]
    OddUtf16,
    /// An even id beyond the static dictionary.
    #[error("id {0} is not in the static dictionary")]
    UnknownStaticId(u32),
    /// An odd id that the session has not defined.
    #[error("id {0} is not defined in this session")]
    UnknownSessionId(u32),
    /// An odd id where there is no session.
    #[error("id {0} of a session where there is none")]
    NoSession(u32),
    /// An even id where there is no static dictionary.
    #[error("id {0} where there is no dictionary")]
    NoDictionary(u32),
    /// A prefix that is not declared.
    #[error("prefix is not declared")]
    UndefinedPrefix,
    /// A prefix declared to be no namespace.
    #[error("prefix declared for an empty namespace")]
    EmptyNamespace,
    /// `xmlns` used as a name or prefix, or `xml` for another namespace than its own.
    #[error("the name xmlns or the prefix xml used for something else")]
    ReservedPrefix,
    /// One attribute or one prefix twice in a start tag.
    #[error("attribute or declaration twice in one start tag")]
    DuplicateAttribute,
    /// A list inside a list.
    #[error("list inside a list")]
    NestedList,
    /// The prefix of a qualified name is no letter.
    #[error("prefix {0} of a qualified name is no letter")]
    BadQNamePrefix(u8),
    /// A bool that is neither 0 nor 1.
    #[error("bool of value {0}")]
    BadBool(u8),
    /// A date beyond year 9999.
    #[error("date and time out of range")]
    BadDateTime,
    /// A decimal with reserved bits set or a scale above 28.
    #[error("decimal out of range")]
    BadDecimal,
    /// An array without an element, with other content, of no items, or of items that no array has.
    #[error("malformed array")]
    BadArray,
    /// More nested elements than [`super::Limits::depth`].
    #[error("more than {max} nested elements")]
    MaxDepth {
        /// Elements.
        max: u32,
    },
    /// More attributes and declarations in one start tag than [`super::Limits::attributes`].
    #[error("more than {max} attributes in one start tag")]
    TooManyAttributes {
        /// Attributes and declarations.
        max: u32,
    },
    /// A start tag is longer than [`super::Limits::start_tag`].
    #[error("start tag of more than {max} bytes")]
    StartTagTooLong {
        /// Bytes.
        max: usize,
    },
    /// More declarations in scope than [`super::Limits::namespaces`].
    #[error("more than {max} namespace declarations in scope")]
    TooManyNamespaces {
        /// Declarations.
        max: u32,
    },
    /// A name or prefix is longer than [`super::Limits::name`].
    #[error("name of more than {max} bytes")]
    NameTooLong {
        /// Bytes.
        max: usize,
    },
    /// The distinct names of a document are longer together than [`super::Limits::name_table`].
    #[error("distinct names of more than {max} bytes in all")]
    NameTableFull {
        /// Bytes.
        max: usize,
    },
    /// The arrays of a document have more items than [`super::Limits::array_items`].
    #[error("arrays of more than {max} items in all")]
    ArrayTooLong {
        /// Items.
        max: u32,
    },
    /// A piece that has to be whole, as the value of an attribute has, is longer than [`super::Limits::record`].
    #[error("record of more than {max} bytes that cannot be read in parts")]
    RecordTooLong {
        /// Bytes.
        max: usize,
    },
    /// The string table in front of a document is malformed, [MC-NBFSE] 2.1.
    #[error("malformed string table")]
    BadStringTable,
    /// The strings of a session are longer together than its limit.
    #[error("strings of the session exceed the limit of {max} bytes or entries")]
    SessionTooLarge {
        /// Bytes, or entries.
        max: usize,
    },
}

impl DecodeError {
    /// The class of the error in the vectors and in `viaduct inspect`.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Eof => "eof",
            Self::NoRoot => "no-root",
            Self::MultipleRoots => "multiple-roots",
            Self::RootText => "root-text",
            Self::UnbalancedEnd => "unbalanced-end",
            Self::BadRecord(_) => "bad-record",
            Self::MisplacedAttribute(_) => "misplaced-attribute",
            Self::BadInt31 => "bad-int31",
            Self::BadLength => "bad-length",
            Self::BadUtf8 => "bad-utf8",
            Self::BadUtf16 => "bad-utf16",
            Self::OddUtf16 => "odd-utf16",
            Self::UnknownStaticId(_) => "unknown-static-id",
            Self::UnknownSessionId(_) => "unknown-session-id",
            Self::NoSession(_) => "no-session",
            Self::NoDictionary(_) => "no-dictionary",
            Self::UndefinedPrefix => "undefined-prefix",
            Self::EmptyNamespace => "empty-namespace",
            Self::ReservedPrefix => "reserved-prefix",
            Self::DuplicateAttribute => "duplicate-attribute",
            Self::NestedList => "nested-list",
            Self::BadQNamePrefix(_) => "bad-qname-prefix",
            Self::BadBool(_) => "bad-bool",
            Self::BadDateTime => "bad-datetime",
            Self::BadDecimal => "bad-decimal",
            Self::BadArray => "bad-array",
            Self::MaxDepth { .. } => "max-depth",
            Self::TooManyAttributes { .. } => "too-many-attributes",
            Self::StartTagTooLong { .. } => "start-tag-too-long",
            Self::TooManyNamespaces { .. } => "too-many-namespaces",
            Self::NameTooLong { .. } => "name-too-long",
            Self::NameTableFull { .. } => "name-table-full",
            Self::ArrayTooLong { .. } => "array-too-long",
            Self::RecordTooLong { .. } => "record-too-long",
            Self::BadStringTable => "bad-string-table",
            Self::SessionTooLarge { .. } => "session-too-large",
        }
    }
}

//! What can be wrong with text XML.

use super::charset::Charset;

/// Why text XML was refused, or could not be written. The document cannot go on after it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Bytes that are no text in the document's encoding.
    #[error("bytes that are not {}", .0.name())]
    BadText(Charset),
    /// A character that XML 1.0 does not allow, as itself or as a reference.
    #[error("character U+{:04X} is not allowed in xml", u32::from(*.0))]
    BadCharacter(char),
    /// A declaration that is not XML 1.0, not well formed, or names another encoding than that of the bytes.
    #[error("xml declaration is not understood")]
    BadDeclaration,
    /// A document type definition.
    #[error("document type definitions are not allowed")]
    DocumentType,
    /// A processing instruction: binary XML has none and WCF's readers refuse them.
    #[error("processing instructions are not allowed")]
    ProcessingInstruction,
    /// A reference to an entity other than the five, or a reference that is not well formed.
    #[error("reference to an unknown entity")]
    UnknownEntity,
    /// Markup that is not well formed.
    #[error("markup is not well formed")]
    BadMarkup,
    /// A name that is no `NCName`, or has two colons.
    #[error("name is not well formed")]
    BadName,
    /// A comment with `--` in it or `-` at its end.
    #[error("comment is not well formed")]
    BadComment,
    /// `]]>` in text.
    #[error("']]>' in text")]
    CdataEndInText,
    /// An end tag of another name, or one too many.
    #[error("end tag does not match its start tag")]
    UnbalancedEnd,
    /// A prefix without a declaration.
    #[error("prefix is not declared")]
    UndefinedPrefix,
    /// `xmlns:p=""`.
    #[error("prefix is declared as no namespace")]
    EmptyNamespace,
    /// `xml` or `xmlns` declared as something else, or their namespaces by another prefix.
    #[error("reserved prefix or namespace is declared")]
    ReservedPrefix,
    /// The same attribute, or the same declaration, twice in one tag.
    #[error("attribute stands twice in one tag")]
    DuplicateAttribute,
    /// Text outside the root element.
    #[error("text outside the root element")]
    RootText,
    /// A second root element.
    #[error("second root element")]
    MultipleRoots,
    /// A document without an element.
    #[error("no root element")]
    NoRoot,
    /// The document ends inside an element or a piece of markup.
    #[error("document ends inside an element")]
    UnexpectedEof,
    /// Elements inside elements beyond the limit.
    #[error("elements nest deeper than {max}")]
    TooDeep {
        /// Elements.
        max: usize,
    },
    /// A start tag or a comment is longer than the limit.
    #[error("tag or comment exceeds the limit of {max} bytes")]
    MarkupTooLong {
        /// Bytes of UTF-8.
        max: usize,
    },
    /// A name is longer than the limit.
    #[error("name exceeds the limit of {max} bytes")]
    NameTooLong {
        /// Bytes of UTF-8.
        max: usize,
    },
    /// More attributes in one tag than the limit.
    #[error("more than {max} attributes in one tag")]
    TooManyAttributes {
        /// Attributes and declarations.
        max: usize,
    },
    /// More namespace declarations in scope than the limit.
    #[error("more than {max} namespace declarations in scope")]
    TooManyNamespaces {
        /// Declarations.
        max: usize,
    },
    /// The document is longer than the limit.
    #[error("document exceeds the limit of {max} bytes")]
    DocumentTooLong {
        /// Bytes of UTF-8.
        max: u64,
    },
}

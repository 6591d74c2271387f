//! What a writer cannot write.

/// Why a document could not be written: it was put together wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// An end without an open element or attribute.
    #[error("end without an open element or attribute")]
    UnbalancedEnd,
    /// An attribute or declaration where no start tag is open.
    #[error("attribute outside a start tag")]
    MisplacedAttribute,
    /// Something else than a value inside an attribute.
    #[error("an attribute is still open")]
    AttributeOpen,
    /// Text outside the root that is not white space.
    #[error("text outside the root element")]
    RootText,
    /// A second element at the root.
    #[error("document has more than one root element")]
    MultipleRoots,
    /// The document is over and has no root, or elements are open.
    #[error("document has no root element, or elements are open")]
    Unfinished,
    /// One prefix for two namespaces in one start tag.
    #[error("prefix declared twice in one start tag")]
    PrefixRedeclared,
    /// A prefix and no namespace.
    #[error("prefix declared for an empty namespace")]
    EmptyNamespace,
    /// `xmlns` as a prefix, or `xml` for another namespace than its own.
    #[error("the prefix xmlns or xml used for something else")]
    ReservedPrefix,
    /// No prefix is declared for the namespace of a qualified name, and none can be any more.
    #[error("no prefix for the namespace of a qualified name")]
    NoPrefix,
    /// A list inside a list, or a second value beside a typed one in an attribute.
    #[error("list inside a list, or two values in one attribute")]
    TwoValues,
    /// A string, or bytes, longer than 2^31 - 1.
    #[error("string of more than 2^31 - 1 bytes")]
    TooLong,
}

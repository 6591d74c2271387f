//! What a document may cost its reader.

/// Limits of one document of text XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlLimits {
    /// Elements inside elements. Default 128, what WCF's encoders set.
    pub depth: usize,
    /// Bytes of UTF-8 in one start tag or comment, which is kept in memory whole. Default 256 KiB.
    pub markup: usize,
    /// Bytes of UTF-8 in one name. Default 4096.
    pub name: usize,
    /// Attributes and declarations in one tag. Default 256.
    pub attributes: usize,
    /// Namespace declarations in scope. Default 512.
    pub namespaces: usize,
    /// Bytes of UTF-8 in all. Default: no limit, since whatever carries the document has one.
    pub document: u64,
}

impl Default for XmlLimits {
    // Binary XML page, section 7.
    fn default() -> Self {
        Self {
            depth: 128,
            markup: 256 * 1024,
            name: 4096,
            attributes: 256,
            namespaces: 512,
            document: u64::MAX,
        }
    }
}

//! How much of everything a document may have.

/// Limits of a reader of binary XML. A document that breaks one is refused with an error that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Nested elements. 128, the `MaxDepth` that WCF's buffered encoders set; .NET's readers alone have 32.
    pub depth: u32,
    /// Attributes and declarations of one start tag. 256; .NET counts bytes only (`start_tag`).
    pub attributes: u32,
    /// Bytes of one start tag, its attributes included. 256 KiB; `MaxBytesPerRead` of .NET's readers has 4096.
    pub start_tag: usize,
    /// Namespace declarations in scope at one place. 512; .NET has no such limit.
    pub namespaces: u32,
    /// Bytes of one name or prefix. 4096; .NET has no such limit.
    pub name: usize,
    /// Bytes of all distinct inline names and prefixes of a document; `usize::MAX`: not counted. Not counted; `MaxNameTableCharCount` of .NET's
    /// readers has 16,384 characters.
    pub name_table: usize,
    /// Items of all arrays of a document. 2^20, because each can stand for a start and an end tag in text XML; .NET has no such limit.
    pub array_items: u32,
    /// Characters of one text that is collected. 2^31 - 1, the `MaxStringContentLength` that WCF's buffered encoders set; .NET's readers alone
    /// have 8192.
    pub string_content: usize,
    /// Bytes of one value that is collected as bytes. 2^31 - 1, the `MaxArrayLength` that WCF's buffered encoders set; .NET's readers alone have
    /// 16,384.
    pub array: usize,
    /// Bytes that [`super::Feed`] keeps at a time: a start tag, a list or a comment has to fit, longer text comes in parts. 256 KiB.
    pub record: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 128,
            attributes: 256,
            start_tag: 256 << 10,
            namespaces: 512,
            name: 4096,
            name_table: usize::MAX,
            array_items: 1 << 20,
            string_content: i32::MAX as usize,
            array: i32::MAX as usize,
            record: 256 << 10,
        }
    }
}

impl Limits {
    /// The quotas of .NET's readers when nobody sets any, and of WCF's streamed transfer.
    pub fn dotnet() -> Self {
        Self {
            depth: 32,
            start_tag: 4096,
            name_table: 16_384,
            string_content: 8192,
            array: 16_384,
            ..Self::default()
        }
    }
}

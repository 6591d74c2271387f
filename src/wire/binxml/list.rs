//! Several values in one text.

use crate::wire::xml::Value;

/// A list of values, read as it is walked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct List<'a> {
    items: &'a [u8],
}

impl<'a> List<'a> {
    /// The values.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + 'a {
        self.items.iter().map(|_| Value::Empty)
    }
}

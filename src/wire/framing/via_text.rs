//! A Via as it came, which is shown without its token.

use std::fmt;

use super::via::is_sas;

/// The text of a Via record as it came. It prints itself up to its token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ViaText<'a>(&'a str);

impl<'a> ViaText<'a> {
    /// Wraps the text of a record.
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The whole text. It may hold a token: not for logs.
    pub fn expose(&self) -> &'a str {
        self.0
    }

    /// The text up to its token, and whether there is one.
    pub fn without_token(&self) -> (&'a str, bool) {
        // Cut at the marker itself, in whatever path it stands: the text may be no URI at all.
        let mut end = 0;
        for segment in self.0.split_inclusive(['/', '\\', '?', '#']) {
            end += segment.len();
            if is_sas(segment.trim_end_matches(['/', '\\', '?', '#'])) {
                return (&self.0[..end], true);
            }
        }
        (self.0, false)
    }
}

impl fmt::Debug for ViaText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, has_token) = self.without_token();
        write!(f, "{text:?}{}", if has_token { "…" } else { "" })
    }
}

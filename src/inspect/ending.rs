//! How a direction ends.

use std::fmt;

/// How a direction ends. It prints itself as recordings name it: `clean`, `tolerated`, `open` or `error …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    name: String,
    /// The reason, for people.
    pub(super) why: String,
    /// Where it stands what could not be read, if anything.
    pub(super) unread: Option<u64>,
}

impl Ending {
    /// Where it may.
    pub(super) fn clean(why: impl Into<String>) -> Self {
        Self { name: "clean".to_owned(), why: why.into(), unread: None }
    }

    /// Where it should not, though everybody takes it.
    pub(super) fn tolerated(why: impl Into<String>) -> Self {
        Self { name: "tolerated".to_owned(), why: why.into(), unread: None }
    }

    /// Inside what cannot be read.
    pub(super) fn open(why: impl Into<String>) -> Self {
        Self { name: "open".to_owned(), why: why.into(), unread: None }
    }

    /// Where it must not, or nothing more can be read from `offset` on.
    pub(super) fn error(class: &str, why: impl Into<String>, offset: u64) -> Self {
        Self { name: format!("error {class}"), why: why.into(), unread: Some(offset) }
    }

    /// What follows a gap cannot be read.
    pub(super) fn gap(offset: u64) -> Self {
        Self::error("gap", "the capture lost bytes where a record or a message begins", offset)
    }

    /// A sentence for people, of a direction of `len` bytes.
    pub(super) fn explained(&self, len: u64) -> String {
        let Some(offset) = self.unread else { return format!("{self}, {}", self.why) };
        let unread = match len.saturating_sub(offset) {
            0 => String::new(),
            count => format!("; {count} bytes from {offset} on are not read"),
        };
        format!("{self}: {}{unread}", self.why)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

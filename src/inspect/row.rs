//! A line of the annotation.

use std::borrow::Cow;

/// Offset, first bytes, meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Where its bytes begin in the direction.
    pub(super) offset: Option<u64>,
    /// Its first bytes.
    pub(super) hex: String,
    /// What they mean.
    pub(super) text: String,
}

impl Row {
    pub(super) fn new(offset: u64, bytes: &[u8], text: impl Into<String>) -> Self {
        Self { offset: Some(offset), hex: hex(bytes), text: text.into() }
    }

    /// A line without bytes of its own.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { offset: None, hex: String::new(), text: text.into() }
    }

    /// Something that is worth knowing about the lines before it.
    pub(super) fn note(text: impl AsRef<str>) -> Self {
        Self::text(format!("· {}", text.as_ref()))
    }

    /// Something that is remarkable, or wrong.
    pub(super) fn warning(text: impl AsRef<str>) -> Self {
        Self::text(format!("! {}", text.as_ref()))
    }

    /// A text with line breaks goes on below itself.
    pub(super) fn write<E>(&self, line: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        // Peers' texts do not get to steer a terminal.
        let text = visible(&self.text);
        let offset = self.offset.map(|offset| offset.to_string()).unwrap_or_default();
        let mut texts = text.split('\n');
        let first = format!("{offset:>9}  {:<26}  {}", self.hex, texts.next().unwrap_or_default());
        line(first.trim_end())?;
        for text in texts {
            line(format!("{:39}{text}", "").trim_end())?;
        }
        Ok(())
    }
}

fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |char: char| char.is_control() && char != '\n';
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let each = |char: char| if hidden(char) { char.escape_default().to_string() } else { char.to_string() };
    Cow::Owned(text.chars().map(each).collect())
}

/// The first bytes.
pub(super) fn hex(bytes: &[u8]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > SHOWN { " .." } else { "" };
    format!("{}{more}", shown.join(" "))
}

/// A text that is too long for people. `--format json` has all of it.
pub(super) fn cut(text: &str) -> String {
    const LONGEST: usize = 400;
    const SHOWN: usize = 200;
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let shown: String = text.chars().take(SHOWN).collect();
    format!("{shown}… ({} bytes in all)", text.len())
}

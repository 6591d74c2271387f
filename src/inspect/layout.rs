//! XML for people: indented, and which bytes each line comes from.

use std::ops::Range;

use super::envelope::STYLE;
use crate::wire::xml::{Event, TextWriter, Value, XmlError};

/// Writes a document line by line. An element without elements inside stands on one line; mixed content stays as it is.
#[derive(Debug)]
pub(super) struct Layout {
    writer: TextWriter,
    /// The open elements.
    open: Vec<Content>,
    lines: Vec<Line>,
    /// Of the line that is being written.
    depth: usize,
    bytes: Option<Range<usize>>,
}

/// A line of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The bytes it was read from, from the beginning of the envelope, where they are known.
    pub(super) bytes: Option<Range<usize>>,
    /// How many elements it stands in.
    pub(super) depth: usize,
    /// What is in it; a text of the document may bring line breaks in.
    pub(super) text: String,
}

/// What an element has inside so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Nothing,
    Elements,
    Text,
}

impl Layout {
    pub(super) fn new() -> Self {
        Self { writer: TextWriter::new(STYLE), open: Vec::new(), lines: Vec::new(), depth: 0, bytes: None }
    }

    /// Takes the next event and the bytes it was read from.
    pub(super) fn event(&mut self, event: &Event<'_>, bytes: Option<Range<usize>>) -> Result<(), XmlError> {
        match event {
            Event::Start(_) | Event::Comment(_) => {
                let depth = self.open.len();
                match self.open.last_mut() {
                    None => self.end_line(depth),
                    Some(Content::Text) => {}
                    Some(content) => {
                        *content = Content::Elements;
                        self.break_line(depth)?;
                    }
                }
                if matches!(event, Event::Start(_)) {
                    self.open.push(Content::Nothing);
                }
            }
            Event::Text(value) => {
                if let Some(content) = self.open.last_mut()
                    && !matches!(value, Value::Empty)
                {
                    *content = Content::Text;
                }
            }
            Event::End => {
                if self.open.pop() == Some(Content::Elements) {
                    self.break_line(self.open.len())?;
                }
            }
            Event::Namespace { .. } | Event::Attribute { .. } => {}
        }
        self.writer.event(event)?;
        if let Some(bytes) = bytes {
            let from = self.bytes.as_ref().map_or(bytes.start, |line| line.start.min(bytes.start));
            let to = self.bytes.as_ref().map_or(bytes.end, |line| line.end.max(bytes.end));
            self.bytes = Some(from..to);
        }
        Ok(())
    }

    /// The lines; of a document that broke off, those so far.
    pub(super) fn finish(mut self) -> Vec<Line> {
        self.end_line(0);
        self.lines
    }

    /// Closes the tag that is being written, ends the line, and begins one `depth` elements deep.
    fn break_line(&mut self, depth: usize) -> Result<(), XmlError> {
        self.writer.event(&Event::Text(Value::Chars("\n")))?;
        self.end_line(depth);
        Ok(())
    }

    fn end_line(&mut self, depth: usize) {
        let mut text = Vec::new();
        self.writer.take(&mut text);
        let bytes = self.bytes.take();
        if !text.is_empty() {
            let text = String::from_utf8_lossy(&text);
            let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
            self.lines.push(Line { bytes, depth: self.depth, text });
        }
        self.depth = depth;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::xml::{TextReader, XmlLimits};

    fn lines(text: &str) -> Vec<String> {
        let mut reader = TextReader::new(XmlLimits::default());
        reader.push(text.as_bytes());
        reader.finish();
        let mut layout = Layout::new();
        while let Some(event) = reader.next().unwrap() {
            layout.event(&event, None).unwrap();
        }
        layout.finish().iter().map(|line| format!("{}{}", " ".repeat(line.depth), line.text)).collect()
    }

    #[test]
    fn elements_with_elements_inside_are_broken_and_others_are_not() {
        assert_eq!(
            lines("<!--c--><a x='1'><b>t</b><c><d/></c></a>"),
            ["<!--c-->", "<a x=\"1\">", " <b>t</b>", " <c>", "  <d></d>", " </c>", "</a>"]
        );
    }

    #[test]
    fn mixed_content_stays_as_it_is() {
        assert_eq!(lines("<a>one <b>two</b> <c/></a>"), ["<a>one <b>two</b> <c></c></a>"]);
    }
}

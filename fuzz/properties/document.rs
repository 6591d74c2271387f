//! Documents as a list of what they say, the same however they are written and cut.

use std::borrow::Cow;

use viaduct::wire::binxml::{DecodeError, Dictionaries, Feed, Limits, Reader};
use viaduct::wire::xml::{Event, Runtime, Value};

/// What a document comes to: its events in order, the text of neighbouring texts joined.
#[derive(Debug, Default, Clone)]
pub(super) struct Summary {
    events: String,
    in_text: bool,
    /// Whether declarations count.
    declarations: bool,
    /// Who is to write the document.
    writer: Option<Runtime>,
}

impl PartialEq for Summary {
    fn eq(&self, other: &Self) -> bool {
        self.events == other.events
    }
}

impl Summary {
    /// With every declaration where it stands.
    pub(super) fn exact() -> Self {
        Self { declarations: true, ..Self::default() }
    }

    /// Without declarations, which writers put where they want.
    pub(super) fn of_content() -> Self {
        Self::default()
    }

    /// The same, as it will be once this runtime's writer has written it.
    pub(super) fn to_be_written(writer: Runtime) -> Self {
        Self { writer: Some(writer), ..Self::default() }
    }

    fn text<'a>(&self, value: &Value<'a>) -> Cow<'a, str> {
        self.writer.map_or_else(|| value.text(), |writer| written_text(value, writer))
    }

    /// The next event.
    pub(super) fn event(&mut self, event: &Event<'_>) {
        if let Event::Text(value) = event {
            let text = self.text(value);
            if text.is_empty() {
                return;
            }
            if !std::mem::replace(&mut self.in_text, true) {
                self.events.push_str("\ntext ");
            }
            self.push(&text);
            return;
        }
        if matches!(event, Event::Namespace { .. }) && !self.declarations {
            return;
        }
        self.in_text = false;
        match event {
            Event::Start(name) => self.name("\nstart ", name),
            Event::Attribute { name, value } => {
                self.name("\nattribute ", name);
                let text = self.text(value);
                self.push(&text);
            }
            Event::Namespace { prefix, uri } => {
                self.events.push_str("\nxmlns ");
                self.push(prefix);
                self.push(uri.text);
            }
            Event::Comment(text) => {
                self.events.push_str("\ncomment ");
                self.push(text);
            }
            Event::End => self.events.push_str("\nend"),
            Event::Text(_) => {}
        }
    }

    fn name(&mut self, what: &str, name: &viaduct::wire::xml::Name<'_>) {
        self.events.push_str(what);
        self.push(name.prefix);
        self.push(name.local.text);
        self.push(name.namespace.text);
    }

    /// Texts never run into each other: what stands between them is in none.
    fn push(&mut self, text: &str) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.events.push_str("\\n");
            }
            self.events.push_str(line);
        }
        if !self.in_text {
            self.events.push('\0');
        }
    }

    /// As it says once it is text: a comment cannot escape a carriage return, and whoever reads one takes it for a line feed. [XML 1.0] 2.11
    pub(super) fn in_text_form(mut self) -> Self {
        let lines = self.events.split('\n').map(|line| match line.starts_with("comment ") {
            true => Cow::Owned(line.replace("\r\\n", "\\n").replace('\r', "\\n")),
            false => Cow::Borrowed(line),
        });
        self.events = lines.collect::<Vec<_>>().join("\n");
        self
    }

    /// The events as text, for comparison.
    pub(super) fn into_events(self) -> String {
        self.events
    }
}

/// The text of a value once `runtime` has written it: numbers that are whole, or have fewer digits as a single, are written as that.
fn written_text<'a>(value: &Value<'a>, runtime: Runtime) -> Cow<'a, str> {
    let end = match runtime {
        Runtime::Net8 => 32_768.0,
        Runtime::Framework => 9_223_372_036_854_775_808.0,
    };
    match value {
        Value::Float(number) if (-end..end).contains(number) && number.trunc() == *number => {
            Value::Int64(*number as i64).text()
        }
        Value::Double(double) if f64::from(*double as f32) == *double => {
            written_text(&Value::Float(*double as f32), runtime)
        }
        Value::List(list) => {
            let items: Vec<_> = list.iter().map(|item| written_text(&item, runtime)).collect();
            Cow::Owned(items.join(" "))
        }
        value => value.text(),
    }
}

/// Joins bytes before they are summed up, as writers do: those that follow each other are one base64 text, so that they write them cut
/// where it does not show.
#[derive(Debug, Default)]
pub(super) struct Joined(Vec<u8>);

impl Joined {
    /// The next event, into a summary.
    pub(super) fn event(&mut self, event: &Event<'_>, summary: &mut Summary) {
        if let Event::Text(Value::Bytes(bytes)) = event {
            self.0.extend_from_slice(bytes);
            return;
        }
        // An empty text parts no bytes.
        if matches!(event, Event::Text(value) if value.is_no_text()) {
            return;
        }
        self.flush(summary);
        summary.event(event);
    }

    fn flush(&mut self, summary: &mut Summary) {
        if !self.0.is_empty() {
            summary.event(&Event::Text(Value::Bytes(&std::mem::take(&mut self.0))));
        }
    }
}

/// Reads a document of binary XML that is in memory.
pub(super) fn read(
    document: &[u8],
    dictionaries: Dictionaries<'_>,
    limits: &Limits,
    mut summary: Summary,
) -> Result<Summary, DecodeError> {
    let mut reader = Reader::new(document, dictionaries, limits.clone());
    loop {
        match reader.next_event() {
            Ok(Some(event)) => summary.event(event),
            Ok(None) => return Ok(summary),
            Err(error) => {
                assert_eq!(reader.next_event(), Err(error), "an error stays");
                return Err(error);
            }
        }
        assert!(reader.depth() <= limits.depth && reader.position() <= document.len());
    }
}

/// Reads a document of binary XML that comes in pieces.
pub(super) fn feed<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    dictionaries: Dictionaries<'_>,
    limits: &Limits,
    mut summary: Summary,
) -> Result<Summary, DecodeError> {
    let (mut feed, mut most) = (Feed::new(limits.clone()), 0);
    for piece in pieces {
        most = most.max(piece.len());
        feed.push(piece);
        while let Some(event) = feed.next_event(dictionaries)? {
            summary.event(&event);
        }
        assert!(feed.kept() <= 2 * (limits.record + most) + limits.start_tag + 4096);
    }
    feed.finish();
    while let Some(event) = feed.next_event(dictionaries)? {
        summary.event(&event);
    }
    assert_eq!(feed.depth(), 0);
    Ok(summary)
}

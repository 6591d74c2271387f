//! A reply whose entity is JSON, as the XML that .NET maps it to (7.5).

use super::json_check::JsonCheck;
use super::refusal::HttpRefusal;
use super::reply_head::Known;
use crate::wire::xml::{Event, Name, Value};

/// Writes JSON from elements: `type` says what one is, members are named by it, items of arrays are not.
pub(super) struct JsonReply {
    open: Vec<Open>,
    tag: Option<Tag>,
    begun: bool,
    most_scalar: usize,
}

/// An element whose value is being written.
struct Open {
    kind: Kind,
    /// Whether a member or an item was written.
    any: bool,
    /// Of a number or a boolean: its text.
    text: String,
    /// Of a string: octets that wait for more, so that the base64 of all joins.
    octets: Vec<u8>,
}

/// An element whose attributes are being read.
struct Tag {
    name: String,
    /// The name where it is no XML name.
    item: Option<String>,
    kind: Kind,
    /// The name of a data contract, which .NET writes as the first member.
    contract: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
    Text,
    Number,
    Boolean,
    Null,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "object" => Self::Object,
            "array" => Self::Array,
            "string" => Self::Text,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "null" => Self::Null,
            _ => return None,
        })
    }
}

const WRONG: HttpRefusal = HttpRefusal::ReplyForm("a body that stands for no json");

impl JsonReply {
    /// Numbers and words are at most `most_scalar` bytes long.
    pub(super) fn new(most_scalar: usize) -> Self {
        Self { open: Vec::new(), tag: None, begun: false, most_scalar }
    }

    pub(super) fn known(&self) -> Option<Known> {
        self.begun.then_some(Known { content_type: "application/json; charset=utf-8", fault: false })
    }

    pub(super) fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        match event {
            Event::Start(name) => {
                self.begin_value(out)?;
                if self.open.is_empty() && std::mem::replace(&mut self.begun, true) {
                    return Err(WRONG);
                }
                let name = name.local.text.to_owned();
                self.tag = Some(Tag { name, item: None, kind: Kind::Text, contract: None });
                Ok(())
            }
            Event::Attribute { name, value } => self.attribute(name, &value.text()),
            Event::Namespace { .. } | Event::Comment(_) => Ok(()),
            Event::Text(value) => {
                self.begin_value(out)?;
                let Some(open) = self.open.last_mut() else {
                    return if value.is_blank() { Ok(()) } else { Err(WRONG) };
                };
                match open.kind {
                    Kind::Text => open.string(value, out),
                    Kind::Number | Kind::Boolean => {
                        open.text.push_str(&value.text());
                        if open.text.len() > self.most_scalar {
                            return Err(WRONG);
                        }
                    }
                    Kind::Object | Kind::Array | Kind::Null if value.is_blank() => {}
                    Kind::Object | Kind::Array | Kind::Null => return Err(WRONG),
                }
                Ok(())
            }
            Event::End => {
                self.begin_value(out)?;
                self.end_value(out)
            }
        }
    }

    fn attribute(&mut self, name: &Name<'_>, value: &str) -> Result<(), HttpRefusal> {
        let Some(tag) = self.tag.as_mut().filter(|_| name.namespace.is_empty()) else { return Ok(()) };
        match name.local.text {
            "type" => tag.kind = Kind::of(value).ok_or(WRONG)?,
            "item" if tag.name == "item" => tag.item = Some(value.to_owned()),
            "__type" => tag.contract = Some(value.to_owned()),
            _ => {}
        }
        Ok(())
    }

    /// The attributes of the last tag are known: writes its name and how its value begins.
    fn begin_value(&mut self, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        let Some(tag) = self.tag.take() else { return Ok(()) };
        if let Some(outer) = self.open.last_mut() {
            if !matches!(outer.kind, Kind::Object | Kind::Array) {
                return Err(WRONG);
            }
            if std::mem::replace(&mut outer.any, true) {
                out.push(b',');
            }
            if outer.kind == Kind::Object {
                quoted(tag.item.as_deref().unwrap_or(&tag.name), out);
                out.push(b':');
            }
        }
        let mut any = false;
        match tag.kind {
            Kind::Object => {
                out.push(b'{');
                if let Some(contract) = &tag.contract {
                    out.extend_from_slice(b"\"__type\":");
                    quoted(contract, out);
                    any = true;
                }
            }
            Kind::Array => out.push(b'['),
            Kind::Text => out.push(b'"'),
            Kind::Number | Kind::Boolean | Kind::Null => {}
        }
        self.open.push(Open { kind: tag.kind, any, text: String::new(), octets: Vec::new() });
        Ok(())
    }

    fn end_value(&mut self, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        let mut open = self.open.pop().ok_or(WRONG)?;
        open.end_octets(out);
        let text = open.text.trim();
        match open.kind {
            Kind::Object => out.push(b'}'),
            Kind::Array => out.push(b']'),
            Kind::Text => out.push(b'"'),
            Kind::Null => out.extend_from_slice(b"null"),
            Kind::Boolean => match text {
                "true" | "1" => out.extend_from_slice(b"true"),
                "false" | "0" => out.extend_from_slice(b"false"),
                _ => return Err(WRONG),
            },
            Kind::Number if is_number(text) => out.extend_from_slice(text.as_bytes()),
            Kind::Number => return Err(WRONG),
        }
        Ok(())
    }
}

impl Open {
    fn string(&mut self, value: &Value<'_>, out: &mut Vec<u8>) {
        let Value::Bytes(bytes) = value else {
            self.end_octets(out);
            return string(&value.text(), out);
        };
        // Records may end anywhere (binary XML page 4.6).
        self.octets.extend_from_slice(bytes);
        let later = self.octets.split_off(self.octets.len() - self.octets.len() % 3);
        string(&Value::Bytes(&self.octets).text(), out);
        self.octets = later;
    }

    fn end_octets(&mut self, out: &mut Vec<u8>) {
        let last = std::mem::take(&mut self.octets);
        string(&Value::Bytes(&last).text(), out);
    }
}

/// A number of JSON, or one of the words that .NET's writer has for what is none.
fn is_number(text: &str) -> bool {
    let starts = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let mut check = JsonCheck::new(0);
    let is_json = starts && check.push(text.as_bytes()).is_ok() && check.finish().is_ok();
    is_json || matches!(text, "INF" | "-INF" | "NaN")
}

/// Appends text as it stands inside a string.
fn string(text: &str, out: &mut Vec<u8>) {
    let from = out.len();
    quoted(text, out);
    out.pop();
    out.remove(from);
}

fn quoted(text: &str, out: &mut Vec<u8>) {
    // Writing text into a vector cannot fail.
    let _ = serde_json::to_writer(out, text);
}

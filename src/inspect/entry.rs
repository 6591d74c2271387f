//! What was found at one place of a direction, whatever its protocol, in the form in which it is to be shown.

use serde::Serialize;
use serde_json::Value;

use super::row::Row;

/// A record, a message, a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// Where it begins, in bytes from the beginning of the direction.
    pub(super) offset: u64,
    /// What it is: a list that begins with its kind.
    pub(super) record: Value,
    /// What is in it.
    pub(super) details: Details,
    /// Its annotation; empty unless [`View::Text`] was asked for.
    pub(super) rows: Vec<Row>,
}

/// What is in an entry: the members of its line in JSON. Their names are a contract, outside programs read them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Details {
    /// An envelope as XML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) envelope: Option<String>,
    /// Why there is no envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unreadable: Option<String>,
    /// The header fields of a message of HTTP, secrets left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) headers: Option<Vec<(String, String)>>,
    /// The parts of a MIME body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<MimePart>,
    /// The beginning of what is text and no XML, secrets left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
}

/// A part of a MIME body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct MimePart {
    /// Its header fields.
    pub(super) headers: Vec<(String, String)>,
    /// Bytes of its body.
    pub(super) bytes: usize,
}

/// What is made of what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// Nothing: only what one direction says about the other is noted.
    Survey,
    /// An annotation for people.
    Text,
    /// Members of JSON.
    Json,
    /// Envelopes as XML.
    Xml,
}

impl Entry {
    /// An entry without anything inside.
    pub(super) fn new(offset: u64, record: Value, rows: Vec<Row>) -> Self {
        Self { offset, record, details: Details::default(), rows }
    }
}

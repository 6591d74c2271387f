//! What a refused peer was told.

/// A refusal as it reached a peer, in whatever protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The fault code, the condition, the last part of a fault's URI, or the status; empty when the connection ended without a word.
    pub code: String,
    /// The words in front of the tracking id.
    pub words: String,
    /// The tracking id, where the protocol has room for one.
    pub id: Option<String>,
}

impl Told {
    /// Takes a sentence apart: `{words}. TrackingId:{id}, …`.
    pub fn new(code: impl Into<String>, sentence: &str) -> Self {
        let code = code.into();
        match sentence.split_once(". TrackingId:") {
            Some((words, rest)) => {
                let id = rest.split(',').next().unwrap_or_default();
                Self { code, words: words.to_owned(), id: Some(id.to_owned()) }
            }
            None => Self { code, words: sentence.to_owned(), id: None },
        }
    }
}

//! Content types: RFC 9110 8.3.1, as header fields and framing records have them.

/// A content type with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MediaType {
    /// Type and subtype, lower case.
    pub(super) media: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads it; what is malformed is left out.
    pub(super) fn parse(text: &str) -> Self {
        let mut pieces = split(text, ';').into_iter();
        let media = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let parameters = pieces.filter_map(|piece| {
            let (name, value) = piece.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned()))
        });
        Self { media, parameters: parameters.collect() }
    }

    /// The value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Splits where a separator stands outside of quotation marks.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|char| {
        quoted ^= char == '"';
        char == separator && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_may_be_quoted_and_hold_separators() {
        let media =
            MediaType::parse("Multipart/Related; type=\"application/xop+xml\";boundary=\"uuid:1;id=2\"");
        assert_eq!(media.media, "multipart/related");
        assert_eq!(media.parameter("boundary"), Some("uuid:1;id=2"));
        assert_eq!(media.parameter("type"), Some("application/xop+xml"));
        assert_eq!(media.parameter("start"), None);
    }
}

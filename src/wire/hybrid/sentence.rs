//! The sentence that explains a refusal: in the reason phrase and in the JSON of errors (section 1).

use std::fmt;

use super::TrackingId;

/// `{text}. TrackingId:{id}, SystemTracker:sb://{namespace}/{path}, Timestamp:{yyyy-MM-ddTHH:mm:ss}`.
///
/// Displayed, it holds printable ASCII alone and stays below 512 bytes: the path is cut first, then the text.
#[derive(Clone, Debug)]
pub struct ErrorSentence<'a> {
    /// What is wrong, without a full stop.
    pub text: &'a str,
    /// The operation.
    pub tracking_id: &'a TrackingId,
    /// The host the peer asked for.
    pub namespace: &'a str,
    /// The path it asked for, with or without a leading slash.
    pub path: &'a str,
    /// When, in seconds since 1970.
    pub unix_seconds: i64,
}

/// Bytes of a whole sentence.
const MAX_LEN: usize = 511;

/// Bytes of a close reason, RFC 6455 5.5: 125 less the code.
const MAX_CLOSE_REASON: usize = 123;

impl ErrorSentence<'_> {
    /// The short form for a close frame: the text and the tracking id, at most 123 bytes (2.5).
    pub fn close_reason(&self) -> String {
        let tail = format!(". TrackingId:{}", self.tracking_id);
        let room = MAX_CLOSE_REASON.saturating_sub(tail.len());
        let mut reason: String = printable(self.text).take(room).collect();
        reason.push_str(&tail);
        reason.truncate(MAX_CLOSE_REASON);
        reason
    }

    fn timestamp(&self) -> String {
        jiff::Timestamp::from_second(self.unix_seconds)
            .map(|t| t.strftime("%Y-%m-%dT%H:%M:%S").to_string())
            .unwrap_or_default()
    }
}

impl fmt::Display for ErrorSentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head: String = printable(self.text).take(200).collect();
        let host: String = printable(self.namespace).take(100).collect();
        let time = self.timestamp();
        let fixed =
            format!("{head}. TrackingId:{}, SystemTracker:sb://{host}/, Timestamp:{time}", self.tracking_id);
        let room = MAX_LEN.saturating_sub(fixed.len());
        let path: String = printable(self.path.trim_start_matches('/')).take(room).collect();
        write!(
            f,
            "{head}. TrackingId:{}, SystemTracker:sb://{host}/{path}, Timestamp:{time}",
            self.tracking_id
        )
    }
}

/// Everything else becomes `?`: one byte for one character, so that lengths can be counted.
fn printable(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_text_id_path_and_time() {
        let id = TrackingId::new(Some("6e0c"), 0, 0);
        let sentence = ErrorSentence {
            text: "Endpoint does not exist",
            tracking_id: &id,
            namespace: "relay.example.net",
            path: "/plant7/api",
            unix_seconds: 1_777_889_730,
        };
        assert_eq!(
            sentence.to_string(),
            "Endpoint does not exist. TrackingId:6e0c_G0, SystemTracker:sb://relay.example.net/plant7/api, \
             Timestamp:2026-05-04T10:15:30"
        );
        assert_eq!(sentence.close_reason(), "Endpoint does not exist. TrackingId:6e0c_G0");
    }

    #[test]
    fn stays_below_512_bytes_of_printable_ascii() {
        let id = TrackingId::new(Some(&"i".repeat(128)), 0, 0);
        let sentence = ErrorSentence {
            text: &"\r\n€".repeat(300),
            tracking_id: &id,
            namespace: &"n".repeat(300),
            path: &"p".repeat(3000),
            unix_seconds: 0,
        };
        let text = sentence.to_string();
        assert!(text.len() < 512, "{}", text.len());
        assert!(text.bytes().all(|b| (0x20..0x7f).contains(&b)));
        assert!(sentence.close_reason().len() <= 123);
    }
}

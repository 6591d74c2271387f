//! The words of a refusal, checked whole. Hybrid page 1 (error sentence), 5.7 (JSON).

use crate::{Answer, NAMESPACE};

/// Checks that `answer` refuses with `status` and `text`, in the form of the error sentence for `path`:
/// `{text}. TrackingId:{guid}_G{n}, SystemTracker:sb://{namespace}/{path}, Timestamp:{yyyy-MM-ddTHH:mm:ss}`.
pub fn assert_refusal(answer: &Answer, status: u16, text: &str, path: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let reason = &answer.reason;
    assert!(reason.len() < 512, "{} bytes: {reason}", reason.len());
    assert!(reason.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{reason:?}");

    let (said, rest) =
        reason.split_once(". TrackingId:").unwrap_or_else(|| panic!("no tracking id: {reason}"));
    assert_eq!(said, text, "{answer:?}");
    let (id, rest) = rest.split_once(", SystemTracker:").unwrap_or_else(|| panic!("no tracker: {reason}"));
    assert_eq!(answer.header("TrackingId"), Some(id), "the header names the same tracking id");
    // A GUID, then a suffix for each gateway it came by.
    let mut parts = id.split("_G");
    assert_eq!(parts.next().map(str::len), Some(36), "{id}");
    let suffixes: Vec<_> = parts.collect();
    assert!(!suffixes.is_empty() && suffixes.iter().all(|number| number.parse::<u32>().is_ok()), "{id}");
    let (tracker, timestamp) =
        rest.split_once(", Timestamp:").unwrap_or_else(|| panic!("no timestamp: {reason}"));
    assert_eq!(tracker, format!("sb://{NAMESPACE}/{path}"), "{reason}");
    let shape: String = timestamp.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00", "{reason}");
}

/// As [`assert_refusal`], for an HTTP request: the sentence stands in the JSON body as well, with `code`.
pub fn assert_refusal_json(answer: &Answer, status: u16, text: &str, path: &str, code: &str) {
    assert_refusal(answer, status, text, path);
    assert_eq!(answer.header("Content-Type"), Some("application/json"), "{answer:?}");
    assert_eq!(answer.header("Via"), None, "`Via` would say that a listener answered");
    let expected = serde_json::json!({ "error": { "code": code, "message": answer.reason } });
    assert_eq!(answer.json(), expected);
}

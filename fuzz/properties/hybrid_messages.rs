//! What Hybrid Connections put into URLs, control messages and headers.

use viaduct::wire::hybrid::{
    Action, ControlMessage, ErrorSentence, HeaderLine, HybridQuery, TrackingId, connect_headers,
    is_hop_by_hop, latin1_decode, latin1_encode, reason_phrase, request_headers, response_lines,
    split_set_cookie,
};

use super::options::{bit, options};

/// JSON of 4 KiB in its parts, and written again with its escapes.
pub const MEMORY: usize = 2 << 20;

/// Options: what the rest is, and details of it.
///
/// # Panics
/// A property does not hold.
pub fn check(input: &[u8]) {
    let ([kind, detail], rest) = options(input);
    let latin1 = latin1_decode(rest);
    assert_eq!(latin1_encode(&latin1), rest);
    let text = std::str::from_utf8(rest);
    match (kind % 5, text) {
        (0, Ok(text)) => query(text),
        (1, Ok(text)) => control(text),
        (2, _) => sent_headers(&latin1, bit(detail, 0)),
        (3, _) => answered_headers(&latin1, u16::from(detail) * 5),
        (4, Ok(text)) => sentence(text, detail),
        _ => {}
    }
}

fn query(text: &str) {
    let query = HybridQuery::parse(Some(text));
    let rest = query.rest.as_deref();
    assert!(rest.is_none_or(|rest| rest.len() <= text.len()));
    // What is left says nothing to us any more.
    let again = HybridQuery::parse(rest);
    assert_eq!(again.rest.as_deref(), rest);
    assert_eq!(again.action, Action::Connect);
    assert!(
        again.id.is_none() && again.token.is_none() && again.rendezvous.is_none() && again.shapes.is_none()
    );
    assert!(again.rejection.is_none());
    if let Some(rejection) = &query.rejection {
        assert!(rejection.status.is_none_or(|status| (100..=999).contains(&status)));
    }
    // An address for a listener says what it should, whatever the sender's own query says.
    let id = TrackingId::new(query.id.as_deref(), 7, 1);
    for action in [Action::Accept, Action::Request] {
        let address = HybridQuery::for_rendezvous(rest, &action, id.as_str(), "secret");
        let read = HybridQuery::parse(Some(&address));
        assert_eq!((&read.action, read.id.as_deref()), (&action, Some(id.as_str())));
        assert_eq!((read.rendezvous.as_deref(), read.rest.as_deref()), (Some("secret"), rest));
    }
}

fn control(text: &str) {
    let message = match ControlMessage::parse(text) {
        Ok(message) => message,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let json = message.to_json();
    let again = ControlMessage::parse(&json).expect("what is written can be read");
    assert_eq!(again.to_json(), json);
    let object: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(object.as_object().map(serde_json::Map::len), Some(1), "one key and never another");
    assert_eq!(format!("{message:?}"), format!("{again:?}"));
    if let ControlMessage::Response(response) = &message {
        answered(&response.response_headers, response.status_code);
        assert!(
            !reason_phrase(response.status_code, response.status_description.as_deref())
                .contains(['\r', '\n'])
        );
    }
}

/// Lines `name: value`, as they are after a parser of HTTP.
fn lines(text: &str) -> Vec<HeaderLine> {
    let pairs = text.split('\n').filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

fn sent_headers(text: &str, drop_authorization: bool) {
    let lines = lines(text);
    let connect = connect_headers(&lines, drop_authorization);
    let request = request_headers(&lines, drop_authorization, "gateway");
    for headers in [&connect, &request] {
        for (index, (name, _)) in headers.iter().enumerate() {
            let lower = name.to_ascii_lowercase();
            assert!(!lower.starts_with("microsoft-relay-") && lower != "servicebusauthorization");
            assert!(!drop_authorization || lower != "authorization");
            assert!(
                headers[..index].iter().all(|(other, _)| !other.eq_ignore_ascii_case(name)),
                "{name} twice"
            );
        }
    }
    assert!(request.iter().all(|(name, _)| !is_hop_by_hop(name)));
    let via = request.iter().find(|(name, _)| name.eq_ignore_ascii_case("via"));
    assert!(via.is_some_and(|(_, value)| value.ends_with("1.1 gateway")));
    // Another gateway behind this one drops nothing more.
    let names = |headers: &[HeaderLine]| headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&request_headers(&request, drop_authorization, "other")), names(&request));
}

fn answered_headers(text: &str, status: u16) {
    let mut headers: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in lines(text) {
        match headers.last_mut() {
            Some((last, values)) if *last == name => values.push(value),
            _ => headers.push((name, vec![value])),
        }
    }
    answered(&headers, status);
    assert!(!reason_phrase(status, Some(text)).contains(['\r', '\n', '\0']));
}

fn answered(headers: &[(String, Vec<String>)], status: u16) {
    let lines = response_lines(headers, "gateway").lines;
    for (name, value) in &lines {
        // Nothing that a listener says ends a line.
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':'));
        assert!(!value.contains(['\r', '\n', '\0']) && !is_hop_by_hop(name));
        assert!(!name.eq_ignore_ascii_case("content-length"));
    }
    assert!(lines.iter().any(|(name, _)| name.eq_ignore_ascii_case("via")));
    let _ = reason_phrase(status, None);
}

fn sentence(text: &str, detail: u8) {
    let cookies = split_set_cookie(text);
    assert!(cookies.iter().map(|cookie| cookie.len()).sum::<usize>() <= text.len());
    assert!(cookies.iter().all(|cookie| text.contains(cookie)));
    let (id, path) = text.split_once('\n').unwrap_or((text, text));
    let tracking_id = TrackingId::new(Some(id), u128::from(detail), 3);
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    assert!(tracking_id.as_str().bytes().all(safe) && tracking_id.as_str().len() <= TrackingId::MAX_LEN + 3);
    let sentence = ErrorSentence {
        text,
        tracking_id: &tracking_id,
        namespace: path,
        path,
        unix_seconds: i64::from(detail) << (detail % 56),
    };
    let shown = sentence.to_string();
    assert!(shown.len() < 512 && shown.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
    let reason = sentence.close_reason();
    assert!(reason.len() <= 123 && reason.is_ascii());
}

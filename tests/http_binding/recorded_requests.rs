//! Recorded HTTP requests become the envelopes that were recorded with them.

use std::collections::BTreeMap;

use super::envelope::{ADDRESSING, BODY, Sent, WEB, infoset};
use super::recorded::{requests, scenarios};
use super::support::{HOST, terms, translate};

/// What the recorded gateway sent besides, which the page calls unnecessary (7.4): ids for a reply that needs none.
const NOT_NEEDED: [&str; 2] = ["MessageID", "ReplyTo"];

// 7.3, 7.4. Differences on purpose: the Via is the registered address and not the request's (either is taken), and there is no MessageID and no
// ReplyTo. Everything else is what was recorded; SOAP text is compared as XML, because the place of the Action in the header is free.
#[test]
fn a_recorded_request_becomes_its_recorded_envelope() {
    let mut compared = 0;
    for scenario in scenarios() {
        let (Some(http), Some(stream)) = (scenario.bytes("http.c2s"), scenario.bytes("rendezvous.c2s"))
        else {
            continue;
        };
        let name = &scenario.name;
        let [(head, body)] = &requests(&http)[..] else { panic!("{name}") };
        let recorded = Sent::read(&stream);
        for cut in [1, 100, usize::MAX] {
            let ours = Sent::read(&translate(head, terms(head), body, cut).unwrap());
            assert!(recorded.via.starts_with(&ours.via), "{name}");
            let expected: Vec<_> = recorded
                .headers
                .iter()
                .filter(|(_, local, _)| !NOT_NEEDED.contains(&local.as_str()))
                .collect();
            let mut expected: Vec<_> = expected.into_iter().collect();
            let mut headers: Vec<_> = ours.headers.iter().collect();
            expected.sort();
            headers.sort();
            assert_eq!(headers, expected, "{name}");
            assert_eq!(ours.body, recorded.body, "{name}");
            if ours.header(BODY, "BodyFormat").unwrap().starts_with("Wrapped") {
                assert_eq!(infoset(&ours.octets), infoset(&recorded.octets), "{name}");
            } else {
                assert_eq!(ours.octets, recorded.octets, "{name}");
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 16);
}

#[test]
fn the_service_saw_what_is_sent() {
    let mut compared = 0;
    for scenario in scenarios() {
        let Some(http) = scenario.bytes("http.c2s") else { continue };
        let [(head, body)] = &requests(&http)[..] else { panic!() };
        let ours = Sent::read(&translate(head, terms(head), body, 10_000).unwrap());
        for seen in scenario.seen() {
            let Some(headers) = seen["http_headers"].as_object() else { continue };
            let headers: BTreeMap<&str, &str> =
                headers.iter().map(|(name, text)| (name.as_str(), text.as_str().unwrap())).collect();
            assert_eq!(ours.http_headers(), headers, "{}", scenario.name);
            assert_eq!(ours.header(ADDRESSING, "Action"), seen["method"].as_str(), "{}", scenario.name);
            let address = ours.header(WEB, "HttpAddress").unwrap();
            assert_eq!(Some(address), seen["via"].as_str(), "{}", scenario.name);
            let query = address.split_once('?').map_or("", |(_, query)| query);
            assert_eq!(Some(query), seen["query"].as_str(), "{}", scenario.name);
            compared += 1;
        }
    }
    assert_eq!(compared, 6);
}

// `http-web-json-header-case`: only the spelling `Content-Type` makes the library convert JSON.
#[test]
fn content_type_has_the_one_spelling_whatever_came() {
    for sent in ["content-type", "CONTENT-TYPE"] {
        let head = super::support::head("POST", "/web", &[(sent, "application/json"), ("host", HOST)]);
        let ours = Sent::read(&translate(&head, terms(&head), b"{\"a\":1}", 2).unwrap());
        assert_eq!(ours.http_headers()["Content-Type"], "application/json");
        assert_eq!(ours.header(BODY, "BodyFormat"), Some("Raw"));
        assert_eq!(ours.octets, b"{\"a\":1}");
    }
}

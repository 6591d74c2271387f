use super::*;
use crate::auth::TokenError;
use crate::entity::{Right, UnixTime};
use crate::wire::soap::FaultReader;
use crate::wire::xml::{TextReader, XmlError, XmlLimits};

fn answer(refusal: &HttpRefusal, form: SenderForm) -> (u16, String, String) {
    let tracking_id = TrackingId::new(Some("6e0c"), 0, 0);
    let response = refusal.answer(form, Stamp { tracking_id: &tracking_id, unix_seconds: 1_777_889_730 });
    let content_type = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
    (response.status().as_u16(), content_type, String::from_utf8(response.into_body()).unwrap())
}

// 7.1: the table of the page, row by row.
#[test]
fn each_row_of_the_table_has_its_status_and_sub_code() {
    let auth = |error| HttpRefusal::Relay(Refusal::Unauthorized(error));
    for (refusal, status, code) in [
        (HttpRefusal::Relay(Refusal::NoListener), 404, 40400),
        (HttpRefusal::Relay(Refusal::NoSuchRelay), 404, 40400),
        (HttpRefusal::NoSuchEndpoint, 404, 40400),
        (auth(AuthError::MissingToken), 401, 40102),
        (auth(AuthError::InvalidSignature), 401, 40103),
        (auth(AuthError::InvalidAudience), 401, 40104),
        (auth(AuthError::MalformedToken(TokenError::NotSas)), 401, 40105),
        (auth(AuthError::ExpiredToken { expired: UnixTime(0) }), 401, 40106),
        (auth(AuthError::MissingRight { needed: Right::Send }), 403, 40300),
        (HttpRefusal::NoTransportSecurity, 403, 40101),
        (HttpRefusal::Relay(Refusal::ListenerDidNotRespond), 504, 50400),
        (HttpRefusal::Relay(Refusal::ListenerDidNotAccept), 504, 50400),
        (HttpRefusal::Relay(Refusal::ListenerGone), 502, 50200),
        (HttpRefusal::NoReply, 502, 50200),
        (HttpRefusal::ReplyCut, 502, 50200),
        (HttpRefusal::ReplyForm("x"), 502, 50200),
        (HttpRefusal::Faulted { fault: "urn:x".to_owned() }, 502, 50200),
        (HttpRefusal::Relay(Refusal::TooManyConnections { limit: 5 }), 403, 40300),
        (HttpRefusal::Relay(Refusal::Overloaded), 503, 50004),
        (HttpRefusal::RequestTooLarge { max: 5 }, 413, 41300),
        (HttpRefusal::NotWellFormed(XmlError::NoRoot), 400, 40000),
    ] {
        let (told, content_type, body) = answer(&refusal, SenderForm::Plain);
        assert_eq!((told, content_type.as_str()), (status, "application/xml; charset=utf-8"), "{refusal}");
        let begins = format!("<Error><Code>{status}</Code><Detail>{code}: ");
        assert!(body.starts_with(&begins), "{body}");
        assert!(
            body.ends_with(". TrackingId:6e0c_G0,TimeStamp:5/4/2026 10:15:30 AM</Detail></Error>"),
            "{body}"
        );
    }
}

#[test]
fn a_soap_client_is_told_by_a_fault_of_its_version() {
    for version in [SoapVersion::Soap11, SoapVersion::Soap12] {
        for (refusal, status, fault) in [
            (HttpRefusal::Relay(Refusal::NoListener), 404, RelayFault::EndpointNotFound),
            (HttpRefusal::Relay(Refusal::NoSuchRelay), 404, RelayFault::RelayNotFound),
            (HttpRefusal::NoReply, 500, RelayFault::ServerError),
            (HttpRefusal::BadText, 500, RelayFault::InvalidRequest),
        ] {
            let (told, content_type, body) = answer(&refusal, SenderForm::Soap(version));
            assert_eq!((told, content_type.as_str()), (status, soap_type(version)));
            let mut events = TextReader::new(XmlLimits::default());
            events.push(body.as_bytes());
            events.finish();
            let mut reader = FaultReader::new(4096);
            while let Some(event) = events.next().unwrap() {
                reader.event(&event).unwrap();
            }
            let read = reader.into_fault().unwrap();
            assert_eq!(RelayFault::of(&read), Some(fault));
            assert!(read.reason.contains("TrackingId:6e0c_G0, Timestamp:5/4/2026 10:15:30 AM"), "{body}");
        }
    }
}

#[test]
fn nothing_a_peer_said_becomes_markup() {
    let refusal = HttpRefusal::Faulted { fault: "urn:<x>&\u{1}\r\u{fffe}".to_owned() };
    let (_, _, body) = answer(&refusal, SenderForm::Plain);
    assert!(body.contains("urn:&lt;x&gt;&amp;   . TrackingId"), "{body}");
    for version in [SoapVersion::Soap11, SoapVersion::Soap12] {
        assert!(answer(&refusal, SenderForm::Soap(version)).2.contains("urn:&lt;x&gt;&amp;   . "));
    }
}

#[test]
fn a_large_request_that_was_met_with_silence_has_a_guess_at_its_cause() {
    let text = |sent| told(&HttpRefusal::Closed { sent }).text;
    assert!(text(70_000).contains("MaxReceivedMessageSize"));
    assert!(!text(65_536).contains("MaxReceivedMessageSize"));
}

#[test]
fn a_busy_gateway_says_when_to_come_again() {
    let tracking_id = TrackingId::new(None, 1, 0);
    let stamp = Stamp { tracking_id: &tracking_id, unix_seconds: 0 };
    let response = HttpRefusal::Relay(Refusal::Draining).answer(SenderForm::Plain, stamp);
    assert_eq!(response.headers()[RETRY_AFTER], "1");
}

//! What recorded clients of the binding send is relayed, and their token is not.

use secrecy::ExposeSecret;
use viaduct::bridge::http_binding::{SenderForm, Wants, relay_token};
use viaduct::wire::soap::SoapVersion;

use super::envelope::{BODY, Sent, infoset};
use super::recorded::{requests, scenarios};
use super::support::{terms, translate};

// 7.1: `http-client-basic*`, of three versions of the library.
#[test]
fn a_recorded_client_is_relayed_without_its_token() {
    let (mut with, mut without) = (0, 0);
    for scenario in scenarios().iter().filter(|scenario| scenario.name.starts_with("http-client-")) {
        let stream = scenario.bytes("001-443.c2s").or_else(|| scenario.bytes("001-80.c2s")).unwrap();
        let sent = requests(&stream);
        assert_eq!(sent.len(), 2, "{}", scenario.name);
        for (head, body) in &sent {
            assert!(Wants::of(head).a_continue && Wants::of(head).a_body);
            assert_eq!(SenderForm::of(&head.headers), SenderForm::Soap(SoapVersion::Soap11));
            match relay_token(&head.headers) {
                Some(token) => {
                    assert!(token.expose_secret().starts_with("SharedAccessSignature sr="));
                    with += 1;
                }
                None => without += 1,
            }
            let ours = translate(head, terms(head), body, 50).unwrap();
            assert!(!String::from_utf8_lossy(&ours).contains("SharedAccessSignature"));
            let ours = Sent::read(&ours);
            assert_eq!(ours.header(BODY, "BodyFormat"), Some("WrappedSoap11"));
            assert!(!ours.http_headers().contains_key("Connection"));
            let steps = infoset(&ours.octets);
            assert!(steps.iter().any(|step| step.ends_with("addressing/none}Action>")), "{steps:?}");
            assert!(
                steps.iter().any(|step| step.starts_with("urn:") && step.ends_with("/Echo")),
                "{steps:?}"
            );
        }
    }
    assert_eq!((with, without), (6, 2));
}

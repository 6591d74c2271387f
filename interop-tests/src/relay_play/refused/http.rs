//! A client of an HTTP binding, and anybody else with a request: they are told a SOAP fault or an `Error`, with a status. Relay page 7.1.

use crate::relay_play::binary_xml::Element;
use crate::relay_play::substitute::find;
use crate::relay_play::{Recording, xml_text};
use crate::{Answer, Gateway, NAMESPACE, Request, Wire};

use super::{HOST, HTTP_RELAY, Question, Told};

/// A request that was sent.
pub struct HttpPeer {
    wire: Wire,
    method: &'static str,
}

impl HttpPeer {
    /// The library of a `BasicHttpRelayBinding` sends a SOAP 1.1 message.
    pub fn soap(gateway: &Gateway, question: &Question) -> Self {
        let mut sent = Recording::open("v2.7.5/http-client-basic").sent("001-443");
        question.put_into(&mut sent);
        // Its first request; it does not wait until its body is asked for.
        let body = find(&sent, b"\r\n\r\n").expect("a head") + 4;
        let next = find(&sent[body..], b"POST /").map_or(sent.len(), |next| body + next);
        let mut wire = dial(gateway, question);
        wire.send(&sent[..next]);
        Self { wire, method: "POST" }
    }

    /// Somebody asks with GET.
    pub fn plain(gateway: &Gateway, question: &Question) -> Self {
        let host = if question.unknown_host { "contosi.servicebus.windows.net" } else { HOST };
        let request = Request::get(&format!("/{HTTP_RELAY}/below?a=b")).header("Host", host);
        let mut wire = dial(gateway, question);
        match question.token(HTTP_RELAY, "send") {
            Some(token) => request.header("ServiceBusAuthorization", &token),
            None => request,
        }
        .send(&mut wire);
        Self { wire, method: "GET" }
    }

    /// Status and words; of SOAP, the fault's code, too.
    pub fn refused(mut self) -> Told {
        told_by_http(&Answer::read(&mut self.wire, self.method))
    }
}

/// What an answer tells: in JSON where it is not known for which binding a request is, in a SOAP fault, or in an `Error`.
pub fn told_by_http(answer: &Answer) -> Told {
    let status = answer.status.to_string();
    if answer.header("Content-Type") == Some("application/json") {
        assert_eq!(answer.json()["error"]["message"], answer.reason, "the body says the same");
        let told = Told::new(status, &answer.reason);
        assert_eq!(told.id.as_deref(), answer.header("TrackingId"));
        return told;
    }
    let body = xml_text::read(&answer.body);
    let text = |of: &Element, path: &[&str]| {
        let step = |of: &Element, name: &&str| of.child(name).unwrap_or_else(|| panic!("{body:?}")).clone();
        path.iter().fold(of.clone(), |of, name| step(&of, name)).text()
    };
    if body.name == "Error" {
        assert_eq!(text(&body, &["Code"]), status);
        return Told::new(status, &text(&body, &["Detail"]));
    }
    let fault = body.child("Body").and_then(|body| body.child("Fault")).expect("a fault");
    let (code, words) = match fault.child("Code") {
        Some(_) => (text(fault, &["Code", "Subcode", "Value"]), text(fault, &["Reason", "Text"])),
        None => (text(fault, &["faultcode"]), text(fault, &["faultstring"])),
    };
    let code = code.split_once(':').map_or(&*code, |(_, code)| code);
    Told::new(format!("{status} {code}"), &words)
}

fn dial(gateway: &Gateway, question: &Question) -> Wire {
    if question.in_clear {
        Wire::tcp(gateway.door("http"))
    } else {
        Wire::tls(gateway.door("https"), NAMESPACE, gateway.authority())
    }
}

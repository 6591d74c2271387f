//! What an expert would say about an envelope: what it is for, and what is remarkable about it.

use super::row::{Row, cut};
use crate::wire::soap::{
    Addressing, Fault, FaultReader, HeaderReader, Headers, Place, SoapLimits, SoapVersion,
};
use crate::wire::xml::Event;

/// Looks at the events of one envelope. Whatever it is that it does not understand, it says nothing about.
#[derive(Debug)]
pub(super) struct Remarks {
    headers: Option<HeaderReader>,
    in_body: bool,
    fault: Option<FaultReader>,
}

/// Where a session goes, and whether it was said already that its messages are for another place.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    via: String,
    is_told: bool,
}

impl Destination {
    /// Of a session with this Via, without its token.
    pub(super) fn new(via: &str) -> Self {
        Self { via: via.to_owned(), is_told: false }
    }
}

/// What is kept of a fault: 64 KiB.
const FAULT: usize = 64 << 10;

impl Remarks {
    pub(super) fn new() -> Self {
        Self {
            headers: Some(HeaderReader::new(SoapLimits::default())),
            in_body: false,
            fault: Some(FaultReader::new(FAULT)),
        }
    }

    pub(super) fn event(&mut self, event: &Event<'_>) {
        if !self.in_body {
            match self.headers.as_mut().map(|reader| reader.event(event)) {
                Some(Ok(place)) => self.in_body = place == Place::Body,
                Some(Err(_)) => self.headers = None,
                None => {}
            }
        }
        if self.fault.as_mut().is_some_and(|reader| reader.event(event).is_err()) {
            self.fault = None;
        }
    }

    /// What there is to say. `via`: where the initiator's session goes to; `None` for what a receiver sends.
    pub(super) fn rows(self, via: Option<&mut Destination>) -> Vec<Row> {
        let fault = self.fault.and_then(FaultReader::into_fault);
        let headers = self.headers.and_then(HeaderReader::into_headers);
        let mut rows = Vec::new();
        if let Some(headers) = &headers {
            rows.push(Row::note(purpose(headers, fault.is_some())));
        }
        if let Some(fault) = &fault {
            rows.push(Row::warning(told(fault, headers.as_ref().map(|headers| headers.version))));
        }
        let Some(headers) = headers else { return rows };
        for name in &headers.must_understand {
            rows.push(Row::warning(format!(
                "the header {name} must be understood: who does not know it has to answer with a fault"
            )));
        }
        if headers.has_security {
            rows.push(Row::note("a header of WS-Security: the message may be signed or encrypted"));
        }
        if fault.is_some() && headers.relates_to.is_none() && headers.addressing != Addressing::None {
            rows.push(Row::warning(
                "no RelatesTo: a .NET client cannot tell which request this answers, and waits until its timeout (Mono writes such faults)",
            ));
        }
        if let (Some(to), Some(destination)) = (&headers.to, via)
            && !destination.is_told
            && differs(&to.text, &destination.via)
        {
            destination.is_told = true;
            rows.push(Row::warning(format!(
                "To names {}, the Via {}: something forwards in between",
                cut(place(&to.text)),
                cut(place(&destination.via))
            )));
        }
        rows
    }
}

fn purpose(headers: &Headers, fault: bool) -> String {
    let version = match headers.version {
        SoapVersion::Soap11 => "SOAP 1.1",
        SoapVersion::Soap12 => "SOAP 1.2",
    };
    let addressing = match headers.addressing {
        Addressing::None => "no WS-Addressing",
        Addressing::August2004 => "WS-Addressing of August 2004",
        Addressing::Ws10 => "WS-Addressing 1.0",
    };
    // The relay's own messages have bare words as actions (WCF relay page 4).
    let is_relays = headers.action.as_ref().is_some_and(|action| !action.text.contains([':', '/']));
    let what = match (&headers.relates_to, &headers.reply_to, headers.addressing) {
        _ if fault => ": a fault",
        _ if is_relays => "",
        (Some(_), _, _) => ": a reply",
        (None, Some(_), _) => ": a request that wants a reply",
        (None, None, Addressing::None) => "",
        (None, None, _) => ": one-way, no reply is asked for",
    };
    let action = headers.action.as_ref().map(|action| action.text.as_str()).unwrap_or_default();
    // Most actions are `urn:contract/IContract/Operation`.
    let operation = action.rsplit('/').next().filter(|name| !name.is_empty() && !fault);
    let operation = operation.map(|name| format!(", {}", cut(name))).unwrap_or_default();
    format!("{version}, {addressing}{what}{operation}")
}

fn told(fault: &Fault, version: Option<SoapVersion>) -> String {
    let code = fault.code.name(version.unwrap_or(SoapVersion::Soap12));
    let subcodes: String = fault.subcodes.iter().map(|code| format!(" / {}", code.local)).collect();
    let reason = if fault.reason.is_empty() { "no reason given".to_owned() } else { cut(&fault.reason) };
    format!("fault {code}{subcodes}: {reason}")
}

/// Whether a To goes elsewhere than a Via, as far as host, port and path tell; .NET ignores the case of both. With WCF Relay their schemes
/// differ (`sb:` and `net.tcp:`), and so do their ports.
fn differs(to: &str, via: &str) -> bool {
    let scheme = |uri: &str| uri.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let is_same = scheme(to).is_some() && scheme(to) == scheme(via);
    is_same && !place(to).eq_ignore_ascii_case(place(via)) && !is_anonymous(to)
}

fn is_anonymous(to: &str) -> bool {
    [Addressing::Ws10, Addressing::August2004].iter().any(|version| version.anonymous() == Some(to))
}

/// Host, port and path of an address.
fn place(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::xml::{TextReader, XmlLimits};

    fn said(text: &str, via: Option<&mut Destination>) -> Vec<String> {
        let mut reader = TextReader::new(XmlLimits::default());
        reader.push(text.as_bytes());
        reader.finish();
        let mut remarks = Remarks::new();
        while let Some(event) = reader.next().unwrap() {
            remarks.event(&event);
        }
        remarks.rows(via).into_iter().map(|row| row.text).collect()
    }

    #[test]
    fn a_request_to_another_port_is_remarked() {
        let text = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:a='http://www.w3.org/2005/08/addressing'>\
            <s:Header><a:Action>urn:x/IEcho/Echo</a:Action><a:To>net.tcp://h:2/p</a:To>\
            <n:N xmlns:n='urn:n' s:mustUnderstand='1'/></s:Header><s:Body/></s:Envelope>";
        let mut via = Destination::new("net.tcp://h:1/p/");
        let rows = said(text, Some(&mut via));
        assert_eq!(rows[0], "· SOAP 1.2, WS-Addressing 1.0: one-way, no reply is asked for, Echo");
        assert!(rows[1].contains("{urn:n}N must be understood"), "{rows:?}");
        assert!(rows[2].starts_with("! To names h:2/p, the Via h:1/p"), "{rows:?}");
        assert_eq!(said(text, Some(&mut via)).len(), 2, "once in a session");
        assert_eq!(said(text, Some(&mut Destination::new("net.tcp://H:2/P"))).len(), 2);
    }

    #[test]
    fn a_fault_is_named_with_its_reason() {
        let text = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>\
            <faultcode>s:Client</faultcode><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>";
        assert_eq!(said(text, None), ["· SOAP 1.1, no WS-Addressing: a fault", "! fault Client: no"]);
        assert_eq!(said("<a/>", None), [] as [&str; 0]);
    }
}

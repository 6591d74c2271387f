//! A raw WCF service behind a connector that rewrites addresses, and envelopes for it, written out by hand.

use crate::{Connector, Gateway, Service, Wire, via_record, wait_until};

/// What a message has that wants a reply.
pub const REQUEST: &str = "<a:MessageID>urn:uuid:7</a:MessageID>";

/// SOAP 1.2 in text.
pub fn text_envelope(to: &str, id: &str, more: &str) -> Vec<u8> {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\" \
         xmlns:u=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" \
         xmlns:w=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\" \
         xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"><s:Header><a:Action>urn:a</a:Action>{id}{more}\
         <a:To u:Id='to'>{to}</a:To></s:Header><s:Body></s:Body></s:Envelope>"
    )
    .into_bytes()
}

/// A gateway, a connector of `wcf`, and a raw service at another path and port.
pub struct Readdressed {
    /// The gateway.
    pub gateway: Gateway,
    /// The service.
    pub service: Service,
    /// The connector in front of it.
    pub connector: Connector,
    /// The service's address.
    pub to: String,
}

impl Readdressed {
    /// With further arguments of `viaduct listen`.
    pub fn start(more: &[&str]) -> Self {
        let (gateway, service) = (Gateway::new(), Service::start());
        let to = format!("net.tcp://localhost:{}/legacy/Service.svc", service.port());
        let connector = Connector::listen_with(&gateway, "wcf", &to, more);
        Self { gateway, service, connector, to }
    }

    /// A connection to the gateway's door.
    pub fn sender(&self) -> Wire {
        Wire::tcp(self.gateway.door("net_tcp"))
    }

    /// Begins a duplex session of text; the service's end of it.
    pub fn begin(&self, sender: &mut Wire, via: &str, suffix: &str) -> Wire {
        let text = |via: &str| [b"\x00\x01\x00\x01\x02", &via_record(via)[..], b"\x03\x03\x0c"].concat();
        sender.send(&text(via));
        let mut service = self.service.connection();
        let expected = text(&format!("{}{suffix}", self.to));
        assert_eq!(service.receive(expected.len()), expected);
        service.send(b"\x0b");
        assert_eq!(sender.receive(1), b"\x0b");
        service
    }

    /// The connector says so in its log.
    pub fn assert_logged(&self, words: &str) {
        wait_until(words, || self.connector.running.errors().contains(words));
    }

    /// What a client takes for the service's address: neither port nor path are.
    pub fn relay(&self) -> String {
        relay_address(&self.gateway)
    }
}

/// The address of the relay `wcf` at the door `net_tcp`.
pub fn relay_address(gateway: &Gateway) -> String {
    format!("net.tcp://localhost:{}/wcf", gateway.port("net_tcp"))
}

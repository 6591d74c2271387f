//! How a listener learns that a sender waits for it, wcf-relay page 4.5.

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::error::MessageError;
use super::message::MessageWriter;
use super::names::{ACTION_INVITATION, INVITATION_NAMESPACE};
use super::probe::{ipv4_number, ipv4_of};
use super::read::{ReadMessage, text};
use crate::wire::binxml::{Dictionaries, Ids, WriteError};
use crate::wire::xml::Str;

/// The message `RelayedConnect` inside an [`super::OnewaySend`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The service's address as it was registered, scheme `sb`.
    pub to: String,
    /// What the listener shows when it comes: random, used once.
    pub id: Uuid,
    /// Where it comes with protocol C over TCP: a public address of the gateway that holds the sender, and port 9352.
    pub tcp: Option<(Ipv4Addr, u16)>,
    /// Where it comes with a web stream in clear.
    pub http: Option<(Ipv4Addr, u16)>,
    /// Where it comes with a WebSocket, or with a web stream over TLS.
    pub https: Option<(Ipv4Addr, u16)>,
    /// A name to dial in place of all three addresses; libraries before 5.0 do not look at it.
    pub instance_dns_address: Option<String>,
}

/// The elements of each carrier. A listener that wants a carrier which is left out fails.
const CARRIERS: [(&str, &str); 3] =
    [("IpAddress", "IpPort"), ("HttpAddress", "HttpPort"), ("HttpsAddress", "HttpsPort")];

impl Invitation {
    /// The message. The order of its elements counts: the listener's reader skips what comes too late.
    ///
    /// # Errors
    /// [`WriteError::TooLong`].
    pub fn encode(&self) -> Result<Vec<u8>, WriteError> {
        let mut message = MessageWriter::new(Ids::Static, ACTION_INVITATION)?;
        message.to(&self.to)?;
        message.body()?;
        let namespace = Str::plain(INVITATION_NAMESPACE);
        message.writer().start_element(Some(""), Str::plain("RelayedConnect"), namespace)?;
        message.field("Id", INVITATION_NAMESPACE, &self.id.to_string())?;
        for ((address, port), at) in CARRIERS.iter().zip([self.tcp, self.http, self.https]) {
            if let Some((ip, number)) = at {
                message.field(address, INVITATION_NAMESPACE, &ipv4_number(ip).to_string())?;
                message.field(port, INVITATION_NAMESPACE, &number.to_string())?;
            }
        }
        if let Some(name) = &self.instance_dns_address {
            message.field("InstanceDnsAddress", INVITATION_NAMESPACE, name)?;
        }
        message.end()?;
        message.finish()
    }

    /// Reads the message as a listener does.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn decode(document: &[u8]) -> Result<Self, MessageError> {
        let mut read = ReadMessage::read(document, Dictionaries::STATIC)?;
        if read.action() != ACTION_INVITATION {
            return Err(MessageError::UnknownAction);
        }
        if !read.fields.is(INVITATION_NAMESPACE, "RelayedConnect") {
            return Err(MessageError::BadValue("the body"));
        }
        let id = read.fields.parse("Id", |text| Uuid::try_parse(text).ok())?;
        let mut at = [None; 3];
        for ((address, port), at) in CARRIERS.into_iter().zip(&mut at) {
            let ip = read.fields.parse(address, |text| text.parse().ok().map(ipv4_of))?;
            let port = read.fields.parse(port, |text| text.parse().ok())?;
            *at = ip.zip(port);
        }
        let [tcp, http, https] = at;
        Ok(Self {
            to: text(read.headers.to.as_ref()).to_owned(),
            id: id.ok_or(MessageError::Missing("Id"))?,
            tcp,
            http,
            https,
            instance_dns_address: read.fields.take("InstanceDnsAddress")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::relayed::{Delivered, OnewaySend};

    fn page() -> Invitation {
        let gateway = Ipv4Addr::new(203, 0, 113, 10);
        Invitation {
            to: "sb://ns.example.net/echo".into(),
            id: Uuid::from_u128(0x39aa_dc47_3295_4a41_a886_51ad_9e0c_ca37),
            tcp: Some((gateway, 9352)),
            http: Some((gateway, 80)),
            https: Some((gateway, 443)),
            instance_dns_address: Some("gw1.example.net".into()),
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    // Page 2.4: an envelope of 646 bytes around an invitation of 431, as the real service wrote it.
    #[test]
    fn envelope_has_the_bytes_of_the_page() {
        let head = hex(
            "56 02 0b 01 73 04 0b 01 61 06 56 08 44 0a 1e 00 82 99 0a 4f 6e 65 77 61 79 53 65 6e 64 40 08 52
             65 6c 61 79 56 69 61 08 43 68 74 74 70 3a 2f 2f 73 63 68 65 6d 61 73 2e 6d 69 63 72 6f 73 6f 66
             74 2e 63 6f 6d 2f 6e 65 74 73 65 72 76 69 63 65 73 2f 32 30 30 39 2f 30 35 2f 73 65 72 76 69 63
             65 62 75 73 2f 63 6f 6e 6e 65 63 74 99 18 73 62 3a 2f 2f 6e 73 2e 65 78 61 6d 70 6c 65 2e 6e 65
             74 2f 65 63 68 6f 44 1a 99 27 36 35 35 65 36 34 35 66 2d 37 65 32 32 2d 34 33 36 38 2d 62 66 37
             37 2d 63 37 61 31 37 35 32 30 66 39 32 39 5f 47 31 44 0c 1e 00 82 99 18 73 62 3a 2f 2f 6e 73 2e
             65 78 61 6d 70 6c 65 2e 6e 65 74 2f 65 63 68 6f 01 56 0e a1 af 01",
        );
        let invitation = page().encode().unwrap();
        assert_eq!(invitation.len(), 431);
        assert!(invitation.starts_with(&hex("56 02 0b 01")) && invitation.ends_with(&hex("74 01 01 01")));
        let address = "sb://ns.example.net/echo";
        let envelope = OnewaySend {
            relay_via: address,
            message_id: "655e645f-7e22-4368-bf77-c7a17520f929_G1",
            to: address,
        };
        assert_eq!(envelope.head(invitation.len()).unwrap(), head);
        let bytes = envelope.encode(&invitation).unwrap();
        assert_eq!(bytes.len(), 646);
        let delivered = Delivered::decode(&bytes, Dictionaries::STATIC).unwrap();
        assert_eq!(delivered.relay_via.as_deref(), Some(address));
        assert_eq!(delivered.message_id.as_deref(), Some(envelope.message_id));
        assert_eq!(delivered.to, address);
        assert_eq!(Invitation::decode(&delivered.message), Ok(page()));
    }

    #[test]
    fn carriers_that_are_not_offered_are_left_out() {
        let bare = Invitation { http: None, instance_dns_address: None, ..page() };
        assert_eq!(Invitation::decode(&bare.encode().unwrap()), Ok(bare));
    }

    #[test]
    fn messages_of_every_size_are_wrapped() {
        let envelope = OnewaySend { relay_via: "sb://h/a", message_id: "1", to: "sb://h/a" };
        for length in [1, 2, 3, 255, 256, 60_000] {
            let message = vec![7; length];
            let bytes = envelope.encode(&message).unwrap();
            assert_eq!(Delivered::decode(&bytes, Dictionaries::STATIC).unwrap().message, message);
        }
        let bytes = envelope.encode(&vec![7; 65_536]).unwrap();
        let mut reader = crate::wire::binxml::Reader::new(&bytes, Dictionaries::STATIC, Default::default());
        while reader.next_event().unwrap().is_some() {}
    }
}

//! The faults of protocols B and C, wcf-relay page 8.4.

use std::fmt;

use super::message::MessageWriter;
use super::names::{ACTION_FAULT, CODE, FAULT, FAULT_NAMESPACE, REASON, SOAP, TEXT, VALUE};
use crate::wire::binxml::{Ids, WriteError};
use crate::wire::soap::Fault;
use crate::wire::xml::{Str, XML_NAMESPACE};

/// Why a message is refused, in the words of the protocol. The sender's library makes an exception of it, named with each.
///
/// The code stands alone at the top: with `s:Receiver` above it, as SOAP wants, the library raises a plain
/// `FaultException`. No code for a busy server exists: that is [`Self::QuotaExceeded`] or [`Self::ServerError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelayFault {
    /// `System.ServiceModel.AddressAlreadyInUseException`.
    AddressAlreadyInUse,
    /// `Microsoft.ServiceBus.AddressNotFoundException`; the reason is lost.
    AddressNotFound,
    /// `Microsoft.ServiceBus.AddressReplacedException`; the reason is lost.
    AddressReplaced,
    /// `Microsoft.ServiceBus.AuthorizationFailedException`.
    AuthorizationFailed,
    /// `System.ServiceModel.EndpointNotFoundException`: there is no listener.
    EndpointNotFound,
    /// `Microsoft.ServiceBus.RelayNotFoundException`, whose message is the reason alone: there is no relay.
    RelayNotFound,
    /// `Microsoft.ServiceBus.NoTransportSecurityException`.
    NoTransportSecurity,
    /// `Microsoft.ServiceBus.InvalidRequestException`.
    InvalidRequest,
    /// `Microsoft.ServiceBus.InvalidRequestException`, with other words.
    ConnectionFailed,
    /// `System.ServiceModel.QuotaExceededException`.
    QuotaExceeded,
    /// `Microsoft.ServiceBus.ServerErrorException`; so is every code that the library does not know.
    ServerError,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultRow {
    /// Which fault.
    pub fault: RelayFault,
    /// The local name of its code, in [`FAULT_NAMESPACE`]; it has no subcode and no detail.
    pub code: &'static str,
    /// The exception that the sender's program gets.
    pub exception: &'static str,
    /// What the library puts in front of the reason; `None`: it drops the reason.
    pub prefix: Option<&'static str>,
    /// What is said where nobody knows better, without a full stop.
    pub reason: &'static str,
    /// Whether the library holds another attempt to be of use.
    pub retryable: bool,
}

/// All of them, in the order of the page.
pub const FAULTS: [FaultRow; 11] = [
    FaultRow {
        fault: RelayFault::AddressAlreadyInUse,
        code: "AddressAlreadyInUseFault",
        exception: "System.ServiceModel.AddressAlreadyInUseException",
        prefix: Some("The specified address already exists."),
        reason: "Another listener with other settings has registered the address",
        retryable: false,
    },
    FaultRow {
        fault: RelayFault::AddressNotFound,
        code: "AddressNotFoundFault",
        exception: "Microsoft.ServiceBus.AddressNotFoundException",
        prefix: None,
        reason: "The address is not registered",
        retryable: true,
    },
    FaultRow {
        fault: RelayFault::AddressReplaced,
        code: "AddressReplacedFault",
        exception: "Microsoft.ServiceBus.AddressReplacedException",
        prefix: None,
        reason: "Another listener has taken the address over",
        retryable: false,
    },
    FaultRow {
        fault: RelayFault::AuthorizationFailed,
        code: "AuthorizationFailedFault",
        exception: "Microsoft.ServiceBus.AuthorizationFailedException",
        prefix: Some("Generic: There was an authorization failure."),
        reason: "The token does not allow the operation",
        retryable: false,
    },
    FaultRow {
        fault: RelayFault::EndpointNotFound,
        code: "EndpointNotFoundFault",
        exception: "System.ServiceModel.EndpointNotFoundException",
        prefix: Some("The endpoint was not found."),
        reason: "No service is listening at the address",
        retryable: true,
    },
    FaultRow {
        fault: RelayFault::RelayNotFound,
        code: "RelayNotFoundFault",
        exception: "Microsoft.ServiceBus.RelayNotFoundException",
        prefix: Some(""),
        reason: "The relay does not exist",
        retryable: false,
    },
    FaultRow {
        fault: RelayFault::NoTransportSecurity,
        code: "NoTransportSecurityFault",
        exception: "Microsoft.ServiceBus.NoTransportSecurityException",
        prefix: Some("Transport security is required for this connection."),
        reason: "The relay does not take connections without TLS",
        retryable: false,
    },
    FaultRow {
        fault: RelayFault::InvalidRequest,
        code: "InvalidRequestFault",
        exception: "Microsoft.ServiceBus.InvalidRequestException",
        prefix: Some("The request was rejected by the server as invalid."),
        reason: "The message is not understood",
        retryable: false,
    },
    FaultRow {
        fault: RelayFault::ConnectionFailed,
        code: "ConnectionFailedFault",
        exception: "Microsoft.ServiceBus.InvalidRequestException",
        prefix: Some("The connection was failed."),
        reason: "The service did not take the connection in time",
        retryable: false,
    },
    FaultRow {
        fault: RelayFault::QuotaExceeded,
        code: "QuotaExceededFault",
        exception: "System.ServiceModel.QuotaExceededException",
        prefix: Some("User quota was exceeded."),
        reason: "A limit is reached",
        retryable: true,
    },
    FaultRow {
        fault: RelayFault::ServerError,
        code: "ServerErrorFault",
        exception: "Microsoft.ServiceBus.ServerErrorException",
        prefix: Some("The server had an error while processing request."),
        reason: "The relay cannot serve the request at present",
        retryable: true,
    },
];

impl RelayFault {
    /// Its row in the table.
    pub const fn row(self) -> &'static FaultRow {
        &FAULTS[self as usize]
    }

    /// What the library makes of a fault that it received: the code at the top decides, if it is of the relay's namespace.
    /// `None`: a plain `FaultException`.
    pub fn of(fault: &Fault) -> Option<Self> {
        // A code that SOAP does not know is the first subcode of what the reader of faults returns.
        let code = fault.subcodes.first().filter(|_| fault.subcodes.len() == 1)?;
        if code.namespace != FAULT_NAMESPACE {
            return None;
        }
        let known = FAULTS.iter().find(|row| row.code == code.local);
        Some(known.map_or(Self::ServerError, |row| row.fault))
    }
}

/// A reason in the form that support asks for: `{text}. TrackingId:{id}, Timestamp:{M/d/yyyy h:mm:ss AM}`, in UTC.
#[derive(Debug, Clone, Copy)]
pub struct FaultReason<'a> {
    /// What is wrong, without a full stop. At most 1000 characters are said.
    pub text: &'a str,
    /// The operation; at most 128 characters are said.
    pub tracking_id: &'a str,
    /// When, in seconds since 1970.
    pub unix_seconds: i64,
}

impl fmt::Display for FaultReason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = self.text.chars().map(clean).take(1000).collect();
        let id: String = self.tracking_id.chars().map(clean).take(128).collect();
        let time = jiff::Timestamp::from_second(self.unix_seconds).unwrap_or_default();
        write!(f, "{text}. TrackingId:{id}, Timestamp:{}", time.strftime("%-m/%-d/%Y %-I:%M:%S %p"))
    }
}

impl RelayFault {
    /// The message with this fault: behind its length in protocol C, where nothing is related to, and in a session of
    /// protocol B, where the sender waits in vain without the id of its message.
    ///
    /// # Errors
    /// [`WriteError::TooLong`].
    pub fn encode(
        self,
        reason: &FaultReason<'_>,
        relates_to: Option<&str>,
        ids: Ids<'_>,
    ) -> Result<Vec<u8>, WriteError> {
        let mut message = MessageWriter::new(ids, ACTION_FAULT)?;
        if let Some(id) = relates_to {
            message.relates_to(id)?;
        }
        message.body()?;
        let writer = message.writer();
        for name in [FAULT, CODE, VALUE] {
            writer.start_element(Some("s"), name, SOAP)?;
        }
        // Declared where it is used: that was seen to be read in every version.
        writer.declare("f", Str::plain(FAULT_NAMESPACE))?;
        writer.text(&format!("f:{}", self.row().code))?;
        writer.end_element()?;
        writer.end_element()?;
        for name in [REASON, TEXT] {
            writer.start_element(Some("s"), name, SOAP)?;
        }
        // Without it, Mono's library takes the fault for an invalid one.
        writer.start_attribute(Some("xml"), Str::plain("lang"), Str::plain(XML_NAMESPACE))?;
        writer.text("en-US")?;
        writer.end_attribute()?;
        writer.text(&reason.to_string())?;
        for _ in [TEXT, REASON, FAULT] {
            writer.end_element()?;
        }
        message.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::binxml::Dictionaries;
    use crate::wire::relayed::{Answer, read_answer};
    use crate::wire::soap::FaultCode;

    // Page 8.4: one exception and one code each.
    #[test]
    fn the_table_is_in_the_order_of_the_faults_and_says_each_code_once() {
        let mut codes = std::collections::HashSet::new();
        for (at, row) in FAULTS.iter().enumerate() {
            assert_eq!(row.fault as usize, at);
            assert_eq!(row.fault.row(), row);
            assert_eq!(row.code, format!("{:?}Fault", row.fault));
            assert!(codes.insert(row.code));
            assert!(row.exception.ends_with("Exception") && !row.reason.ends_with('.'));
        }
    }

    #[test]
    fn reason_has_the_form_of_the_page() {
        let reason =
            FaultReason { text: "the reason text", tracking_id: "00-1", unix_seconds: 1_577_840_400 };
        assert_eq!(reason.to_string(), "the reason text. TrackingId:00-1, Timestamp:1/1/2020 1:00:00 AM");
        let noon = FaultReason { text: "a\nb", tracking_id: "c\r", unix_seconds: 1_765_713_909 };
        assert_eq!(noon.to_string(), "a b. TrackingId:c , Timestamp:12/14/2025 12:05:09 PM");
        let long =
            FaultReason { text: &"é".repeat(5000), tracking_id: &"x".repeat(500), unix_seconds: i64::MAX };
        assert_eq!(long.to_string().chars().count(), 1000 + 13 + 128 + 12 + 20);
    }

    #[test]
    fn each_fault_is_read_as_what_it_is_with_and_without_an_id() {
        let reason = FaultReason { text: "why", tracking_id: "1", unix_seconds: 0 };
        for row in FAULTS {
            for id in [None, Some("urn:uuid:528c9d42-eaab-4b79-a7ba-2cc7deb01eed")] {
                let bytes = row.fault.encode(&reason, id, Ids::Static).unwrap();
                let answer = read_answer(&bytes, Dictionaries::STATIC).unwrap();
                let Answer::Fault { fault, reason, relates_to } = answer else { panic!("{answer:?}") };
                assert_eq!(fault, Some(row.fault));
                assert_eq!(relates_to.as_deref(), id);
                assert_eq!(reason, "why. TrackingId:1, Timestamp:1/1/1970 12:00:00 AM");
            }
        }
    }

    #[test]
    fn other_codes_are_server_errors_and_codes_of_others_are_none() {
        let fault = |code, namespace: &str, local: &str| {
            RelayFault::of(&Fault::new(code, "r").with_subcode(namespace, local))
        };
        assert_eq!(
            fault(FaultCode::Sender, FAULT_NAMESPACE, "ServerBusyFault"),
            Some(RelayFault::ServerError)
        );
        assert_eq!(fault(FaultCode::Sender, "urn:x", "EndpointNotFoundFault"), None);
        assert_eq!(RelayFault::of(&Fault::new(FaultCode::Receiver, "r")), None);
    }
}

//! A refusal in the words of Hybrid Connections: status, reason, JSON (2.1, 4, 5.7, 6.6). The one place that knows them.

use http::StatusCode;

use crate::relay::{Malformed, Refusal};

/// What a refused peer is told, before the tracking tail is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The HTTP status.
    pub(crate) status: u16,
    /// `error.code` of the JSON body (5.7).
    pub(crate) code: &'static str,
    /// The text of the error sentence.
    pub(crate) text: String,
    /// The text stands alone, without the tracking tail: a listener's own words.
    pub(crate) verbatim: bool,
    /// Seconds for `Retry-After`.
    pub(crate) retry_after: Option<u32>,
}

impl Told {
    fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Self { status: status.as_u16(), code, text: text.into(), verbatim: false, retry_after: None }
    }

    fn later(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

/// Maps a refusal. No wildcard arm: a new refusal must find its words here.
pub(crate) fn told(refusal: &Refusal) -> Told {
    use StatusCode as S;
    match refusal {
        Refusal::Malformed(malformed) => malformed_told(malformed),
        Refusal::Unauthorized(error) => {
            Told::new(S::UNAUTHORIZED, "TokenMissingOrInvalid", error.to_string())
        }
        Refusal::NoSuchRelay => Told::new(S::NOT_FOUND, "EndpointNotFound", "Endpoint does not exist"),
        Refusal::NoListener => {
            Told::new(S::NOT_FOUND, "EndpointNotFound", "There are no listeners connected for the endpoint")
        }
        Refusal::ListenersExcluded => Told::new(
            S::NOT_FOUND,
            "EndpointNotFound",
            "None of the connected listeners meet the AllowedListeners/DisallowedListeners criteria",
        ),
        Refusal::ListenerDidNotAccept => Told::new(
            S::GATEWAY_TIMEOUT,
            "GatewayTimeout",
            "The listener did not accept the connection within the allotted time",
        ),
        Refusal::ListenerDidNotRespond => Told::new(
            S::GATEWAY_TIMEOUT,
            "GatewayTimeout",
            "The request was routed to the listener but the listener did not respond in the required time",
        ),
        Refusal::ListenerGone => Told::new(
            S::BAD_GATEWAY,
            "BadGateway",
            "The listener closed its connection before it had answered the request",
        ),
        Refusal::MessageNotTaken => Told::new(S::BAD_GATEWAY, "BadGateway", "No listener took the message"),
        Refusal::ListenerMisbehaved => {
            Told::new(S::BAD_GATEWAY, "BadGateway", "The listener's answer breaks the protocol")
        }
        Refusal::Rejected { status, description } => Told {
            // 3.4: what is no final status cannot be handed on.
            status: if (200..=999).contains(status) { *status } else { S::BAD_GATEWAY.as_u16() },
            code: "Rejected",
            text: description.clone(),
            verbatim: true,
            retry_after: None,
        },
        Refusal::TooManyListeners { limit } => Told::new(
            S::FORBIDDEN,
            "Forbidden",
            format!(
                "MaximumListenersPerEndpointExceeded: the maximum number of listeners, {limit}, has been reached"
            ),
        ),
        Refusal::TooManyConnections { limit } => Told::new(
            S::FORBIDDEN,
            "Forbidden",
            format!(
                "QuotaExceeded: the maximum number of connections of the namespace, {limit}, has been reached"
            ),
        ),
        Refusal::TooManyPending => Told::new(
            S::TOO_MANY_REQUESTS,
            "TooManyRequests",
            "TooManyRequests: too many senders are waiting for a listener",
        )
        .later(1),
        Refusal::Throttled => {
            Told::new(S::TOO_MANY_REQUESTS, "TooManyRequests", "TooManyRequests: too many failed attempts")
                .later(5)
        }
        Refusal::Disabled => Told::new(S::FORBIDDEN, "Forbidden", "The endpoint is disabled"),
        Refusal::TransportSecurity => Told::new(
            S::FORBIDDEN,
            "Forbidden",
            "NoTransportSecurity: the endpoint requires transport security",
        ),
        Refusal::Conflict => Told::new(S::CONFLICT, "Conflict", "Conflict"),
        Refusal::WrongShape => Told::new(
            S::NOT_FOUND,
            "EndpointNotFound",
            "There are no listeners connected for the endpoint that take this kind of request",
        ),
        Refusal::SenderStalled => Told::new(
            S::REQUEST_TIMEOUT,
            "RequestTimeout",
            "The request body did not arrive in the required time",
        ),
        Refusal::Starting | Refusal::Draining | Refusal::Overloaded => {
            Told::new(S::SERVICE_UNAVAILABLE, "ServerBusy", "ServerBusy").later(1)
        }
        Refusal::Internal => {
            Told::new(S::INTERNAL_SERVER_ERROR, "InternalServerError", "InternalServerError")
        }
    }
}

fn malformed_told(malformed: &Malformed) -> Told {
    use StatusCode as S;
    match malformed {
        Malformed::Path(error) => {
            Told::new(S::BAD_REQUEST, "BadRequest", format!("The path is not valid: {error}"))
        }
        Malformed::Address(error) => Told::new(S::BAD_REQUEST, "BadRequest", error.to_string()),
        Malformed::Message(text) => Told::new(S::BAD_REQUEST, "BadRequest", text.clone()),
        // DIFFERS: the service answers for any name that leads to it; a name that belongs to nobody is refused here.
        Malformed::UnknownHost => Told::new(
            S::MISDIRECTED_REQUEST,
            "MisdirectedRequest",
            "The host name belongs to no namespace of this relay",
        ),
        Malformed::HostMismatch => Told::new(
            S::MISDIRECTED_REQUEST,
            "MisdirectedRequest",
            "The host name and the name in the TLS handshake belong to different namespaces",
        ),
        Malformed::NoUpgrade => {
            Told::new(S::BAD_REQUEST, "BadRequest", "This endpoint is only for web-socket requests")
        }
        Malformed::UnsupportedAction(action) => {
            Told::new(S::BAD_REQUEST, "BadRequest", format!("Unsupported action '{action}'"))
        }
        Malformed::BadParameter(name) => {
            Told::new(S::BAD_REQUEST, "BadRequest", format!("The value of '{name}' is not valid"))
        }
        Malformed::UnknownRendezvous(id) => Told::new(
            S::BAD_REQUEST,
            "BadRequest",
            format!("Unknown Connection ID: {id}. Is the listener accepting the connection too late?"),
        ),
        Malformed::HeadTooLarge => Told::new(
            S::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "BadRequest",
            "The request line and headers are larger than this relay takes",
        ),
    }
}

//! What a sender is told: status, sub code, words. The one place that knows them (7.1).

use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use quick_xml::escape::escape;

use super::refusal::HttpRefusal;
use super::sender_form::SenderForm;
use crate::auth::AuthError;
use crate::relay::{Malformed, Refusal};
use crate::wire::hybrid::TrackingId;
use crate::wire::relayed::{FAULT_NAMESPACE, FaultReason, RelayFault};
use crate::wire::soap::{Addressing, Envelope, Fault, FaultCode, SoapVersion};
use crate::wire::xml::chars::is_char;
use crate::wire::xml::{TextStyle, TextWriter};

/// Bytes of a request from which a listener that closes without a word has probably found it too large: the default of
/// `MaxReceivedMessageSize` (7.3).
const USUAL_QUOTA: u64 = 65_536;

/// What joins an answer with the log.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// The operation.
    pub tracking_id: &'a TrackingId,
    /// When, in seconds since 1970.
    pub unix_seconds: i64,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    /// The code with which the detail begins; 40400 is the plain 404.
    pub(super) code: u32,
    /// The relay's fault for SOAP clients (8.4).
    pub(super) fault: RelayFault,
    /// The words, without a full stop.
    pub(super) text: String,
    /// Seconds for `Retry-After`.
    pub(super) retry_after: Option<u32>,
}

impl HttpRefusal {
    /// The response to a sender that reads `form`.
    pub fn answer(&self, form: SenderForm, stamp: Stamp<'_>) -> Response<Vec<u8>> {
        let told = told(self);
        let (status, content_type, body) = match form {
            SenderForm::Plain => (told.status, "application/xml; charset=utf-8", told.error_body(stamp)),
            SenderForm::Soap(version) => {
                (told.soap_status(), soap_type(version), told.soap_body(version, stamp))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(seconds) = told.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// The status a plain sender is told.
    pub fn status(&self) -> StatusCode {
        told(self).status
    }
}

impl Told {
    fn new(status: StatusCode, fault: RelayFault, text: impl Into<String>) -> Self {
        Self { status, code: u32::from(status.as_u16()) * 100, fault, text: text.into(), retry_after: None }
    }

    fn code(mut self, code: u32) -> Self {
        self.code = code;
        self
    }

    fn later(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The text that both forms begin with.
    fn words(&self) -> String {
        // What came from a peer may hold what no XML does.
        let said = |char: char| char >= ' ' && is_char(char);
        let text: String = self.text.chars().map(|char| if said(char) { char } else { ' ' }).collect();
        format!("{}: {text}", self.code)
    }

    fn error_body(&self, stamp: Stamp<'_>) -> Vec<u8> {
        let time = jiff::Timestamp::from_second(stamp.unix_seconds).unwrap_or_default();
        let time = time.strftime("%-m/%-d/%Y %-I:%M:%S %p");
        let detail = format!("{}. TrackingId:{},TimeStamp:{time}", self.words(), stamp.tracking_id);
        let (code, detail) = (self.status.as_u16(), escape(&detail));
        format!("<Error><Code>{code}</Code><Detail>{detail}</Detail></Error>").into_bytes()
    }

    /// Clients of WCF make an exception of their own of these, and read a fault at 500 alone.
    fn soap_status(&self) -> StatusCode {
        match self.status.as_u16() {
            401 | 403 | 404 | 413 | 415 | 429 | 503 | 504 => self.status,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn soap_body(&self, version: SoapVersion, stamp: Stamp<'_>) -> Vec<u8> {
        let Stamp { tracking_id, unix_seconds } = stamp;
        let reason =
            FaultReason { text: &self.words(), tracking_id: tracking_id.as_str(), unix_seconds }.to_string();
        let code = if self.status.is_client_error() { FaultCode::Sender } else { FaultCode::Receiver };
        let fault = Fault::new(code, &reason).with_subcode(FAULT_NAMESPACE, self.fault.row().code);
        let addressing = match version {
            SoapVersion::Soap11 => Addressing::None,
            SoapVersion::Soap12 => Addressing::Ws10,
        };
        let action = fault.action(addressing).unwrap_or_default();
        let envelope = Envelope::reply(version, addressing, action, None);
        let mut writer = TextWriter::new(TextStyle::default());
        let mut body = Vec::new();
        // Its detail is the one part that may be no XML, and it has none.
        if envelope.with_fault(&fault, &mut writer).is_ok() {
            writer.take(&mut body);
        }
        body
    }
}

fn soap_type(version: SoapVersion) -> &'static str {
    match version {
        SoapVersion::Soap11 => "text/xml; charset=utf-8",
        SoapVersion::Soap12 => "application/soap+xml; charset=utf-8",
    }
}

/// The table. No wildcard arm: a new refusal must find its words here.
pub(super) fn told(refusal: &HttpRefusal) -> Told {
    use HttpRefusal as R;
    use StatusCode as S;
    let bad = |text: String| Told::new(S::BAD_REQUEST, RelayFault::InvalidRequest, text);
    let broken = |text: String| Told::new(S::BAD_GATEWAY, RelayFault::ServerError, text);
    match refusal {
        R::Relay(refusal) => relay_told(refusal),
        R::NoTransportSecurity => Told::new(
            S::FORBIDDEN,
            RelayFault::NoTransportSecurity,
            "NoTransportSecurity: this relay takes requests over https alone",
        )
        .code(40101),
        R::BadTarget => bad("The target of the request is no absolute path".to_owned()),
        R::BadHeader { name } => bad(format!("The header '{name}' has a line break or a control character")),
        R::UnknownCharset { charset } => Told::new(
            S::UNSUPPORTED_MEDIA_TYPE,
            RelayFault::InvalidRequest,
            format!("The charset '{charset}' of the request body is not known; send it as utf-8"),
        ),
        R::BadText => bad("The request body is no text of the charset it is announced in".to_owned()),
        R::NotWellFormed(error) => bad(format!("The request body is not well-formed XML: {error}")),
        R::NotAnEnvelope => bad("The request body is no SOAP envelope with a Body element".to_owned()),
        R::Unwritable(error) => bad(format!("The XML of the request body cannot be relayed: {error}")),
        R::NotJson { at } => {
            bad(format!("The request body is not JSON: byte {at} is wrong, or the end is missing"))
        }
        R::JsonTooDeep { max } => bad(format!("The JSON of the request body nests deeper than {max}")),
        R::HeadersTooLarge { max } => Told::new(
            S::PAYLOAD_TOO_LARGE,
            RelayFault::QuotaExceeded,
            format!("The SOAP headers of the request are larger than {max} bytes"),
        ),
        R::RequestTooLarge { max } => Told::new(
            S::PAYLOAD_TOO_LARGE,
            RelayFault::QuotaExceeded,
            format!("The request body is larger than {max} bytes, the limit of this relay"),
        ),
        R::NoSuchEndpoint => Told::new(
            S::NOT_FOUND,
            RelayFault::EndpointNotFound,
            "EndpointNotFound: the listener is connected and has no endpoint at this address",
        ),
        R::Faulted { fault } => broken(format!("The listener refused the request with the fault {fault}")),
        R::NoReply => broken("The service ended the request without a reply".to_owned()),
        R::Closed { sent } if *sent > USUAL_QUOTA => broken(format!(
            "The listener closed its connection without a reply, after {sent} bytes of the request; is that more than the MaxReceivedMessageSize of the service?"
        )),
        R::Closed { .. } => broken("The listener closed its connection without a reply".to_owned()),
        R::ReplyCut => broken("The listener's connection ended in the middle of its reply".to_owned()),
        R::ReplyStalled => broken("The listener stopped in the middle of its reply".to_owned()),
        R::ReplyFraming(_) | R::ReplyXml(_) | R::ReplyText(_) | R::ReplyForm(_) => {
            broken("The listener's reply cannot be understood".to_owned())
        }
        R::ReplyHeadTooLarge { max } => {
            broken(format!("The headers of the reply are larger than {max} bytes"))
        }
        R::ReplyTooLarge { max } => {
            broken(format!("The reply is larger than {max} bytes, the limit of this relay"))
        }
    }
}

fn relay_told(refusal: &Refusal) -> Told {
    use StatusCode as S;
    let busy =
        |text: &str| Told::new(S::SERVICE_UNAVAILABLE, RelayFault::ServerError, text).code(50004).later(1);
    let forbidden = |text: String| Told::new(S::FORBIDDEN, RelayFault::QuotaExceeded, text);
    let not_found = |text: &str| Told::new(S::NOT_FOUND, RelayFault::EndpointNotFound, text);
    let late = |text: &str| Told::new(S::GATEWAY_TIMEOUT, RelayFault::ServerError, text);
    match refusal {
        Refusal::Malformed(malformed) => malformed_told(malformed),
        Refusal::Unauthorized(error) => unauthorized_told(error),
        Refusal::NoSuchRelay => Told::new(
            S::NOT_FOUND,
            RelayFault::RelayNotFound,
            "EndpointNotFound: there is no relay at this address",
        ),
        Refusal::NoListener => not_found("EndpointNotFound: no listener is connected to this relay"),
        Refusal::WrongShape => {
            not_found("EndpointNotFound: no connected listener of this relay takes HTTP requests")
        }
        Refusal::ListenersExcluded => {
            not_found("EndpointNotFound: the request excludes every connected listener")
        }
        Refusal::Disabled => Told::new(S::FORBIDDEN, RelayFault::EndpointNotFound, "The relay is disabled"),
        Refusal::TransportSecurity => Told::new(
            S::FORBIDDEN,
            RelayFault::NoTransportSecurity,
            "NoTransportSecurity: the relay takes requests inside TLS alone",
        )
        .code(40101),
        Refusal::Conflict => {
            Told::new(S::CONFLICT, RelayFault::InvalidRequest, "The relay is in use in another way")
        }
        Refusal::ListenerDidNotAccept => late("The listener did not accept the request in time"),
        Refusal::ListenerDidNotRespond => late(
            "The listener did not answer in time; is the service busy, or can it not decode the request?",
        ),
        Refusal::ListenerGone => Told::new(
            S::BAD_GATEWAY,
            RelayFault::ServerError,
            "The listener closed its connection before it had answered",
        ),
        Refusal::MessageNotTaken => {
            Told::new(S::BAD_GATEWAY, RelayFault::ServerError, "No listener took the message")
        }
        Refusal::ListenerMisbehaved => {
            Told::new(S::BAD_GATEWAY, RelayFault::ServerError, "The listener broke the protocol")
        }
        Refusal::Rejected { status, .. } => Told::new(
            S::BAD_GATEWAY,
            RelayFault::ServerError,
            format!("The listener refused the request with status {status}"),
        ),
        Refusal::SenderStalled => Told::new(
            S::REQUEST_TIMEOUT,
            RelayFault::InvalidRequest,
            "The request body did not arrive in the required time",
        ),
        Refusal::TooManyListeners { limit } => {
            forbidden(format!("QuotaExceeded: the relay has its {limit} listeners"))
        }
        Refusal::TooManyConnections { limit } => {
            forbidden(format!("QuotaExceeded: the namespace has its {limit} connections"))
        }
        Refusal::TooManyPending => busy("ServerBusy: too many senders are waiting for a listener"),
        Refusal::Throttled => {
            Told::new(S::TOO_MANY_REQUESTS, RelayFault::QuotaExceeded, "Too many failed attempts").later(5)
        }
        Refusal::Starting | Refusal::Draining | Refusal::Overloaded => busy("ServerBusy: try again"),
        Refusal::Internal => Told::new(
            S::INTERNAL_SERVER_ERROR,
            RelayFault::ServerError,
            "The relay failed; its log knows more",
        ),
    }
}

fn unauthorized_told(error: &AuthError) -> Told {
    let told =
        |status, code| Told::new(status, RelayFault::AuthorizationFailed, error.to_string()).code(code);
    match error {
        AuthError::MissingToken => told(StatusCode::UNAUTHORIZED, 40102),
        AuthError::InvalidSignature => told(StatusCode::UNAUTHORIZED, 40103),
        AuthError::InvalidAudience => told(StatusCode::UNAUTHORIZED, 40104),
        AuthError::MalformedToken(_) => told(StatusCode::UNAUTHORIZED, 40105),
        AuthError::ExpiredToken { .. } => told(StatusCode::UNAUTHORIZED, 40106),
        // The token is good, so another one of the same policy would not help: 7.1 lets either status.
        AuthError::MissingRight { .. } => told(StatusCode::FORBIDDEN, 40300),
        AuthError::AddressRefused => told(StatusCode::FORBIDDEN, 40301),
    }
}

fn malformed_told(malformed: &Malformed) -> Told {
    use StatusCode as S;
    let bad = |text: String| Told::new(S::BAD_REQUEST, RelayFault::InvalidRequest, text);
    match malformed {
        Malformed::Path(error) => bad(format!("The path is not valid: {error}")),
        Malformed::Address(error) => bad(error.to_string()),
        Malformed::Message(text) => bad(text.clone()),
        Malformed::UnknownHost => Told::new(
            S::MISDIRECTED_REQUEST,
            RelayFault::EndpointNotFound,
            "The host name belongs to no namespace of this relay",
        ),
        Malformed::HostMismatch => Told::new(
            S::MISDIRECTED_REQUEST,
            RelayFault::InvalidRequest,
            "The host name and the name in the TLS handshake belong to different namespaces",
        ),
        Malformed::NoUpgrade => bad("This address takes WebSocket requests alone".to_owned()),
        Malformed::UnsupportedAction(action) => bad(format!("Unsupported action '{action}'")),
        Malformed::BadParameter(name) => bad(format!("The value of '{name}' is not valid")),
        Malformed::UnknownRendezvous(_) => bad("Nobody waits for this rendezvous".to_owned()),
        Malformed::HeadTooLarge => Told::new(
            S::REQUEST_HEADER_FIELDS_TOO_LARGE,
            RelayFault::QuotaExceeded,
            "The request line and headers are larger than this relay takes",
        ),
    }
}

#[cfg(test)]
mod tests;

//! What a request wants of the gateway itself. Everything else is relayed: GET, `?wsdl`, help pages, any method (7.6).

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::SecretString;

use crate::wire::hybrid::latin1_decode;

/// The header in which a sender's token travels (8.2).
const SERVICE_BUS_AUTHORIZATION: &str = "servicebusauthorization";

/// What a request wants of the gateway, read from its head alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// `Expect: 100-continue`: answer 100 at once. .NET's clients send it with each entity and wait for a while (7.1).
    pub a_continue: bool,
    /// Whether the entity of the reply is wanted: not with HEAD (7.5).
    pub a_body: bool,
    /// `X-PROCESS-AT`: the request is for the relay itself (a web stream, a one-way message), not for a service (7.4).
    pub the_relay: bool,
}

impl Wants {
    /// Reads a head.
    pub fn of(head: &Parts) -> Self {
        let expects = head
            .headers
            .get(header::EXPECT)
            .is_some_and(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"100-continue"));
        Self {
            a_continue: expects,
            a_body: head.method != Method::HEAD,
            the_relay: head.headers.contains_key("x-process-at"),
        }
    }
}

/// Which header holds the relay's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenPlace {
    ServiceBusAuthorization,
    Authorization,
}

impl TokenPlace {
    /// `ServiceBusAuthorization`, or without it an `Authorization` that can be none but the relay's (7.1).
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        if headers.contains_key(SERVICE_BUS_AUTHORIZATION) {
            return Some(Self::ServiceBusAuthorization);
        }
        let is_relays = |value: &&HeaderValue| is_relay_token(&latin1_decode(value.as_bytes()));
        headers.get(header::AUTHORIZATION).filter(is_relays).map(|_| Self::Authorization)
    }
}

/// Whether the value of an `Authorization` can be none but the relay's (7.1).
pub fn is_relay_token(value: &str) -> bool {
    let scheme = value.trim_start().split(' ').next().unwrap_or_default();
    ["SharedAccessSignature", "WRAP"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

/// The token in the head of a request, as it was sent: `SharedAccessSignature …` or `WRAP access_token="…"`. A SOAP message may hold one as well:
/// [`super::Request::soap_token`].
pub fn relay_token(headers: &HeaderMap) -> Option<SecretString> {
    let value = match TokenPlace::of(headers)? {
        TokenPlace::ServiceBusAuthorization => headers.get(SERVICE_BUS_AUTHORIZATION),
        TokenPlace::Authorization => headers.get(header::AUTHORIZATION),
    };
    value.map(|value| SecretString::from(latin1_decode(value.as_bytes()).trim()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn head(lines: &[(&'static str, &str)]) -> Parts {
        let mut request = http::Request::builder().method("HEAD").uri("/a");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn continue_head_and_process_at_are_the_gateways_matter() {
        let wants = Wants::of(&head(&[("Expect", "100-Continue"), ("X-PROCESS-AT", "ServiceBus")]));
        assert_eq!(wants, Wants { a_continue: true, a_body: false, the_relay: true });
        let mut get = head(&[]);
        get.method = Method::GET;
        assert_eq!(Wants::of(&get), Wants { a_continue: false, a_body: true, the_relay: false });
    }

    #[test]
    fn the_relays_own_header_goes_first() {
        let token = |lines: &[(&'static str, &str)]| {
            relay_token(&head(lines).headers).map(|token| token.expose_secret().to_owned())
        };
        assert_eq!(
            token(&[("Authorization", "SharedAccessSignature sr=a")]).as_deref(),
            Some("SharedAccessSignature sr=a")
        );
        assert_eq!(
            token(&[
                ("Authorization", "SharedAccessSignature sr=a"),
                ("ServiceBusAuthorization", "WRAP access_token=\"t\"")
            ])
            .as_deref(),
            Some("WRAP access_token=\"t\"")
        );
        assert_eq!(token(&[("Authorization", "Bearer a")]), None);
        assert_eq!(token(&[("Authorization", "SharedAccessSignatures a")]), None);
        assert_eq!(token(&[]), None);
    }
}

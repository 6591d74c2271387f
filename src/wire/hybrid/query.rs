//! The `sb-hc-` parameters of a URL, and what is left of a query without them (1.2).

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

/// What a URL of the relay asks for.
#[derive(Debug, Default)]
pub struct HybridQuery {
    /// `sb-hc-action`; absent means `connect`.
    pub action: Action,
    /// `sb-hc-id`: the tracking id the peer gave.
    pub id: Option<String>,
    /// `sb-hc-token`: a SAS token, decoded once.
    pub token: Option<SecretString>,
    /// `sb-hc-rendezvous`: the secret of an accept address, ours.
    pub rendezvous: Option<String>,
    /// `sb-hc-viaduct-shapes`: the shapes a connector serves, ours.
    pub shapes: Option<String>,
    /// `sb-hc-statusCode` and `sb-hc-statusDescription`: a rejection (3.4).
    pub rejection: Option<Rejection>,
    /// The query without all of these, as received and without `?`; `None` when nothing is left.
    pub rest: Option<String>,
}

/// What a WebSocket wants to be (1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// A listener's control channel.
    Listen,
    /// A sender; also when no action is named.
    #[default]
    Connect,
    /// A listener's rendezvous for a sender.
    Accept,
    /// A listener's rendezvous for an HTTP request.
    Request,
    /// Something else: 400 `Unsupported action '{x}'`.
    Other(String),
}

/// A listener refuses a sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// 100 to 999; `None` when it is no such number, which is a 400 for the listener.
    pub status: Option<u16>,
    /// The reason phrase for the sender, decoded as a form value; empty when none was given.
    pub description: String,
}

const PREFIX: &str = "sb-hc-";

impl HybridQuery {
    /// Reads a raw query, the part after `?`. Never fails: what cannot be decoded is left out.
    pub fn parse(raw: Option<&str>) -> Self {
        let mut query = Self::default();
        let Some(raw) = raw else { return query };
        let mut status = None;
        let mut description = None;
        let mut rest: Option<String> = None;
        for piece in raw.split('&') {
            if let Some((name, value)) = parameter(piece) {
                match name.as_str() {
                    "action" => query.action = Action::from_value(&decode(value)),
                    "id" => query.id = Some(decode(value)),
                    // Some tools write the space of the token as `+`; base64 in it is percent-encoded, if at all
                    // twice, so a `+` inside the signature must stay. Only the first word is separated by a space.
                    "token" => query.token = Some(token_value(value).into()),
                    "rendezvous" => query.rendezvous = Some(decode(value)),
                    "viaduct-shapes" => query.shapes = Some(decode(value)),
                    "statuscode" => status = Some(decode(value)),
                    "statusdescription" => description = Some(form_decode(value)),
                    _ => {}
                }
            } else {
                match &mut rest {
                    Some(rest) => {
                        rest.push('&');
                        rest.push_str(piece);
                    }
                    None => rest = Some(piece.to_owned()),
                }
            }
        }
        query.rest = rest;
        query.rejection = status.map(|code| Rejection {
            status: code.parse().ok().filter(|code| (100..=999).contains(code)),
            description: description.unwrap_or_default(),
        });
        query
    }

    /// The query an accept address carries: the sender's own, then the action, the id and the secret (3.1).
    // DIFFERS: the service matches a rendezvous by the id, which the sender may have chosen; here the secret alone counts.
    pub fn for_rendezvous(rest: Option<&str>, action: &Action, id: &str, rendezvous: &str) -> String {
        let own = rest.map(|rest| format!("{rest}&")).unwrap_or_default();
        format!("{own}{PREFIX}action={}&{PREFIX}id={id}&{PREFIX}rendezvous={rendezvous}", action.as_str())
    }
}

impl Action {
    /// The value on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Listen => "listen",
            Self::Connect => "connect",
            Self::Accept => "accept",
            Self::Request => "request",
            Self::Other(value) => value,
        }
    }

    fn from_value(value: &str) -> Self {
        match value.to_ascii_lowercase().as_str() {
            "listen" => Self::Listen,
            "connect" => Self::Connect,
            "accept" => Self::Accept,
            "request" => Self::Request,
            _ => Self::Other(value.to_owned()),
        }
    }
}

/// The name without prefix in lower case, and the raw value, if the piece is one of ours. A piece without `=` never is.
fn parameter(piece: &str) -> Option<(String, &str)> {
    let (name, value) = piece.split_once('=')?;
    let name = decode(name).to_ascii_lowercase();
    Some((name.strip_prefix(PREFIX)?.to_owned(), value))
}

fn decode(value: &str) -> String {
    percent_decode_str(value).decode_utf8_lossy().into_owned()
}

/// `+` is a space, as in a form.
fn form_decode(value: &str) -> String {
    decode(&value.replace('+', " "))
}

fn token_value(value: &str) -> String {
    decode(&value.replacen("SharedAccessSignature+", "SharedAccessSignature ", 1))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn rest(raw: &str) -> Option<String> {
        HybridQuery::parse(Some(raw)).rest
    }

    #[test]
    fn drops_only_parameters_with_the_prefix_and_a_value() {
        // The table of 1.2, from the official tests.
        for same in [
            "a=1&a=2&",
            "&&&",
            "&foo=bar",
            "sb-hc-undefined",
            "+",
            "%2B",
            "%20",
            "%2f%3a%3d%26",
            "key='value'",
            "name=%C3%b8",
        ] {
            assert_eq!(rest(same).as_deref(), Some(same));
        }
        assert_eq!(rest("sb-hc-id=1"), None);
        assert_eq!(rest("sb-hc-whatever="), None);
        assert_eq!(rest("sb-hc-id=1&custom=value").as_deref(), Some("custom=value"));
        assert_eq!(rest("SB%2Dhc-id=1&x").as_deref(), Some("x"));
    }

    #[test]
    fn no_action_means_connect() {
        assert_eq!(HybridQuery::parse(None).action, Action::Connect);
        assert_eq!(HybridQuery::parse(Some("sb-hc-action=Listen")).action, Action::Listen);
        assert_eq!(HybridQuery::parse(Some("sb-hc-action=dance")).action, Action::Other("dance".into()));
    }

    #[test]
    fn a_token_is_decoded_once() {
        for raw in [
            "sb-hc-token=SharedAccessSignature%20sr%3Dhttp%253A%26sig%3Da%252Bb",
            "sb-hc-token=SharedAccessSignature+sr%3Dhttp%253A%26sig%3Da%252Bb",
        ] {
            let query = HybridQuery::parse(Some(raw));
            assert_eq!(query.token.unwrap().expose_secret(), "SharedAccessSignature sr=http%3A&sig=a%2Bb");
        }
    }

    #[test]
    fn a_rejection_has_a_form_encoded_description() {
        let query = HybridQuery::parse(Some(
            "sb-hc-action=accept&sb-hc-statusCode=401&sb-hc-statusDescription=Not+today%21",
        ));
        assert_eq!(query.rejection, Some(Rejection { status: Some(401), description: "Not today!".into() }));
        for wrong in ["99", "1000", "abc", ""] {
            let query = HybridQuery::parse(Some(&format!("sb-hc-statusCode={wrong}")));
            assert_eq!(query.rejection.unwrap().status, None);
        }
    }

    #[test]
    fn an_accept_address_carries_the_senders_query_first() {
        assert_eq!(
            HybridQuery::for_rendezvous(Some("mode=fast"), &Action::Accept, "i_G0", "r"),
            "mode=fast&sb-hc-action=accept&sb-hc-id=i_G0&sb-hc-rendezvous=r"
        );
    }
}

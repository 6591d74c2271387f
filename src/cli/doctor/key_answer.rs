//! The gateway's answer to a handshake with a key, sorted by its words, which are those of `doors/hybrid/status.rs`.

/// What a refusal, or none, means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The key is good for this, and the relay is there. For senders: whether somebody listens.
    Good(Option<bool>),
    /// The key is good for the namespace, or for a relay that is not there.
    NoSuchRelay,
    /// The policy lacks the right.
    MissingRight,
    /// There was no token, and one is needed.
    MissingToken,
    /// No policy of this name has this key.
    BadSignature,
    /// The token was for something else.
    BadAudience,
    /// The token had ended.
    Expired,
    /// The token could not be read.
    Malformed,
    /// Our address may not.
    AddressRefused,
    /// The relay is switched off.
    Disabled,
    /// It is in use in another way.
    Conflict,
    /// A quota is used up; its words.
    Quota(String),
    /// The host belongs to no namespace, or to another than the name in the TLS handshake.
    HostUnknown,
    /// Too many failed attempts.
    Throttled,
    /// It starts, stops or is overloaded.
    Busy,
    /// No relay's words.
    Strange(String),
    /// No answer at all.
    None(String),
}

/// Sorts a refusal by status and words.
pub(super) fn sort(status: u16, reason: &str) -> Answer {
    let says = |words: &str| reason.contains(words);
    match status {
        // A listener that offers no shape is refused for that alone, once its token and its relay were found good.
        400 if says("sb-hc-viaduct-shapes") => Answer::Good(None),
        401 if says("claim(s) are required") => Answer::MissingRight,
        401 if says("MissingToken") => Answer::MissingToken,
        401 if says("InvalidSignature") => Answer::BadSignature,
        401 if says("InvalidAudience") => Answer::BadAudience,
        401 if says("ExpiredToken") => Answer::Expired,
        401 if says("MalformedToken") => Answer::Malformed,
        401 if says("Ip has been prevented") => Answer::AddressRefused,
        403 if says("disabled") => Answer::Disabled,
        403 if says("Exceeded") => Answer::Quota(cut(reason)),
        404 if says("There are no listeners connected") => Answer::Good(Some(false)),
        404 if says("None of the connected listeners") => Answer::Good(Some(true)),
        404 if says("Endpoint does not exist") => Answer::NoSuchRelay,
        409 => Answer::Conflict,
        421 => Answer::HostUnknown,
        429 => Answer::Throttled,
        503 => Answer::Busy,
        _ => Answer::Strange(cut(&format!("{status} {reason}"))),
    }
}

/// Without the tracking id and what stands behind it, and not long.
pub(super) fn cut(reason: &str) -> String {
    let words = reason.split("TrackingId:").next().unwrap_or_default();
    words
        .chars()
        .filter(|c| !c.is_control())
        .take(160)
        .collect::<String>()
        .trim_end_matches([' ', '.'])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_of_a_gateway_is_known_by_status_and_words() {
        for (status, reason, expected) in [
            (400, "The value of 'sb-hc-viaduct-shapes' is not valid", Answer::Good(None)),
            (
                401,
                "Unauthorized access. 'Send' claim(s) are required to perform this operation",
                Answer::MissingRight,
            ),
            (401, "MissingToken: Relay security token is required", Answer::MissingToken),
            (401, "InvalidSignature: The token has an invalid signature", Answer::BadSignature),
            (
                401,
                "InvalidAudience: The authorization header contains a token with a wrong audience",
                Answer::BadAudience,
            ),
            (401, "ExpiredToken: The token is expired. Expiration time: 'x'", Answer::Expired),
            (401, "MalformedToken: The token is malformed", Answer::Malformed),
            (401, "Ip has been prevented to connect to the endpoint", Answer::AddressRefused),
            (403, "The endpoint is disabled", Answer::Disabled),
            (403, "QuotaExceeded: the maximum", Answer::Quota("QuotaExceeded: the maximum".to_owned())),
            (404, "There are no listeners connected for the endpoint", Answer::Good(Some(false))),
            (404, "None of the connected listeners meet the criteria", Answer::Good(Some(true))),
            (404, "Endpoint does not exist", Answer::NoSuchRelay),
            (404, "Not Found", Answer::Strange("404 Not Found".to_owned())),
            (409, "Conflict", Answer::Conflict),
            (421, "The host name belongs to no namespace of this relay", Answer::HostUnknown),
            (429, "TooManyRequests: too many failed attempts", Answer::Throttled),
            (503, "ServerBusy", Answer::Busy),
        ] {
            assert_eq!(
                sort(status, &format!("{reason}. TrackingId:1_G0, Timestamp:x")),
                expected,
                "{reason}"
            );
        }
    }
}

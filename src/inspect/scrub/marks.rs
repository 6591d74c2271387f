//! What announces a secret.

use super::secret::Secret;

/// The mark that is looked for without case, and what stands behind it.
pub(super) const MARKS: &[(&[u8], Secret)] = &[
    // SAS tokens wherever they stand: headers, URLs, JSON, XML; and as base64, which is how WS-Security carries them in text.
    (TOKEN, Secret::TOKEN),
    (b"U2hhcmVkQWNjZXNzU2lnbmF0dXJl", Secret::Base64),
    // The signature of a SAS whose first word is elsewhere.
    (b"&sig=", Secret::PARAMETER),
    (b"?sig=", Secret::PARAMETER),
    (b"&amp;sig=", Secret::PARAMETER),
    (b"%26sig%3d", Secret::PARAMETER),
    // A key itself, as connection strings hold it.
    (b"SharedAccessKey=", Secret::PARAMETER),
    // Hybrid connections, in URLs: the token, and the secret of a rendezvous.
    (b"sb-hc-token=", Secret::PARAMETER),
    (b"sb-hc-token%3d", Secret::PARAMETER),
    (b"sb-hc-rendezvous=", Secret::PARAMETER),
    // The last two segments of a plain net.tcp client's Via.
    (b"$sas/", Secret::Segment),
    (b"%24sas/", Secret::Segment),
    (b"$sas\\", Secret::Segment),
    (b"$sas%2f", Secret::Segment),
    // Headers of HTTP.
    (b"\nAuthorization:", Secret::LINE),
    (b"\nServiceBusAuthorization:", Secret::LINE),
    (b"\nProxy-Authorization:", Secret::LINE),
    (b"\nCookie:", Secret::LINE),
    (b"\nSet-Cookie:", Secret::LINE),
    // The same in the messages of a hybrid control channel, and the token of `renewToken`; any property whose name ends so.
    (b"authorization\"", Secret::JSON),
    (b"cookie\"", Secret::JSON),
    (b"token\"", Secret::JSON),
    // Tokens of the access control service (simple web tokens), in headers, forms and by their signature.
    (b"access_token=", Secret::PARAMETER),
    (b"wrap_assertion=", Secret::PARAMETER),
    (b"HMACSHA256=", Secret::PARAMETER),
    (b"HMACSHA256%3d", Secret::PARAMETER),
    // Web tokens of JSON: the first key of their head is `alg` or `typ`.
    (b"eyJhbGci", Secret::Base64),
    (b"eyJ0eXAi", Secret::Base64),
    // SOAP headers of the relay, in text.
    (b"RelayAccessToken", Secret::ELEMENT),
    (b"BinarySecurityToken", Secret::ELEMENT),
    // AMQP: the property of an attach or a flow, and the password of SASL PLAIN behind the mechanism's name.
    (b"com.microsoft:swt", Secret::AMQP),
    (b"\xa3\x05PLAIN", Secret::AMQP),
];

/// The first word of a SAS token. Where it begins a string of known length, that length is the token's.
pub(super) const TOKEN: &[u8] = b"SharedAccessSignature";

//! The token in the header `RelayAccessToken`, wcf-relay page 8.2.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use super::base64_text::Base64Text;
use super::error::MessageError;
use super::limits::MAX_STRING;
use super::message::MessageWriter;
use super::names::{BASE64, CONNECT_NAMESPACE, SWT_PROFILE, WSSE, WSU};
use crate::wire::binxml::WriteError;
use crate::wire::soap::SoapVersion;
use crate::wire::xml::{Event, Name, Str, Value};

/// A token as it stands in a header. Its text may be a shared access signature, an SWT, perhaps as
/// `WRAP access_token="…"`, or a JWT: who checks it tells them apart.
#[derive(Clone)]
pub struct AccessToken {
    /// The text.
    pub text: SecretString,
    /// What the sender's library calls it, `uuid:…`. It means nothing here.
    pub id: Option<String>,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

impl AccessToken {
    /// A token without a name of its own.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned().into(), id: None }
    }

    /// Writes the header as Microsoft.ServiceBus.dll does.
    pub(super) fn write(&self, message: &mut MessageWriter<'_>) -> Result<(), WriteError> {
        let writer = message.writer();
        writer.start_element(Some(""), Str::plain("RelayAccessToken"), Str::plain(CONNECT_NAMESPACE))?;
        writer.start_element(Some("wsse"), Str::plain("BinarySecurityToken"), Str::plain(WSSE))?;
        if let Some(id) = &self.id {
            writer.start_attribute(Some("wsu"), Str::plain("Id"), Str::plain(WSU))?;
            writer.text(id)?;
            writer.end_attribute()?;
        }
        for (name, value) in [("ValueType", SWT_PROFILE), ("EncodingType", BASE64)] {
            writer.start_attribute(None, Str::plain(name), Str::plain(""))?;
            writer.text(value)?;
            writer.end_attribute()?;
        }
        writer.bytes(self.text.expose_secret().as_bytes())?;
        writer.end_element()?;
        writer.end_element()
    }
}

/// Finds the token among the headers of an envelope, of SOAP 1.2 or 1.1, binary or text: give it every event.
#[derive(Default)]
pub struct AccessTokenReader {
    depth: usize,
    /// Where the event stands, outermost first: Envelope, Header, RelayAccessToken, BinarySecurityToken.
    matched: usize,
    content: Base64Text,
    plain: String,
    id: Option<String>,
    token: Option<AccessToken>,
    /// Whether the header that is read has brought its token.
    binary: bool,
}

impl fmt::Debug for AccessTokenReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokenReader").field("depth", &self.depth).finish_non_exhaustive()
    }
}

impl AccessTokenReader {
    /// Takes the next event of the envelope and says whether it belongs to a header with a token.
    ///
    /// # Errors
    /// [`MessageError::BadToken`], [`MessageError::ForeignToken`], [`MessageError::TextTooLong`], and
    /// [`MessageError::Twice`]: two tokens are no better than none.
    pub fn event(&mut self, event: &Event<'_>) -> Result<bool, MessageError> {
        match event {
            Event::Start(name) => {
                self.depth += 1;
                if self.matched == self.depth - 1 && self.is_next(name) {
                    self.matched = self.depth;
                } else if self.matched == 3 {
                    return Err(MessageError::ForeignToken);
                }
            }
            Event::Attribute { name, value } if self.matched == 4 && name.is(WSU, "Id") => {
                let id = value.text();
                // It is written again and means nothing: a long one is left out.
                self.id = (id.len() <= 256).then(|| id.into_owned());
            }
            Event::Text(value) if self.depth == 4 && self.matched == 4 => {
                self.content.push(value, MAX_STRING).map_err(bad_token)?;
            }
            Event::Text(value) if self.depth == 3 && self.matched == 3 => self.plain(value)?,
            Event::End => {
                let inside = self.matched >= 3;
                if self.matched == self.depth {
                    self.end()?;
                    self.matched -= 1;
                }
                self.depth -= 1;
                return Ok(inside);
            }
            _ => {}
        }
        Ok(self.matched >= 3)
    }

    /// The token, once the headers are over.
    pub fn into_token(self) -> Option<AccessToken> {
        self.token
    }

    fn is_next(&self, name: &Name<'_>) -> bool {
        match self.depth {
            1 => name.local == "Envelope" && SoapVersion::of(name.namespace.text).is_some(),
            2 => name.local == "Header" && SoapVersion::of(name.namespace.text).is_some(),
            3 => name.is(CONNECT_NAMESPACE, "RelayAccessToken"),
            4 => name.is(WSSE, "BinarySecurityToken"),
            _ => false,
        }
    }

    fn plain(&mut self, value: &Value<'_>) -> Result<(), MessageError> {
        match value {
            Value::Bytes(bytes) => {
                self.plain.push_str(std::str::from_utf8(bytes).map_err(|_| MessageError::BadToken)?);
            }
            other => self.plain.push_str(&other.text()),
        }
        if self.plain.len() > MAX_STRING {
            return Err(MessageError::TextTooLong { max: MAX_STRING });
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), MessageError> {
        match self.depth {
            4 => {
                let bytes = std::mem::take(&mut self.content).finish().map_err(bad_token)?;
                let text = String::from_utf8(bytes).map_err(|_| MessageError::BadToken)?;
                self.binary = true;
                self.found(text)
            }
            3 => {
                let plain = std::mem::take(&mut self.plain);
                let binary = std::mem::take(&mut self.binary);
                match plain.trim() {
                    "" if binary => Ok(()),
                    "" => Err(MessageError::BadToken),
                    _ if binary => Err(MessageError::ForeignToken),
                    text => self.found(text.to_owned()),
                }
            }
            _ => Ok(()),
        }
    }

    fn found(&mut self, text: String) -> Result<(), MessageError> {
        if text.is_empty() {
            return Err(MessageError::BadToken);
        }
        let token = AccessToken { text: text.into(), id: self.id.take() };
        match self.token.replace(token) {
            Some(_) => Err(MessageError::Twice("RelayAccessToken")),
            None => Ok(()),
        }
    }
}

fn bad_token(error: MessageError) -> MessageError {
    match error {
        MessageError::BadValue(_) => MessageError::BadToken,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::xml::{TextReader, XmlLimits};

    const WS: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

    fn read(envelope: &str) -> Result<Option<String>, MessageError> {
        let mut reader = TextReader::new(XmlLimits::default());
        reader.push(envelope.as_bytes());
        reader.finish();
        let mut tokens = AccessTokenReader::default();
        while let Some(event) = reader.next()? {
            tokens.event(&event)?;
        }
        Ok(tokens.into_token().map(|token| token.text.expose_secret().to_owned()))
    }

    fn envelope(version: SoapVersion, header: &str) -> String {
        let soap = version.namespace();
        format!("<s:Envelope xmlns:s='{soap}'><s:Header>{header}</s:Header><s:Body/></s:Envelope>")
    }

    fn header(content: &str) -> String {
        format!(
            "<RelayAccessToken xmlns='{CONNECT_NAMESPACE}' xmlns:wsse='{WS}'>{content}</RelayAccessToken>"
        )
    }

    // Page 8.2: each form, in both versions of SOAP.
    #[test]
    fn reads_each_form_in_soap_12_and_11() {
        let binary = header(
            "<wsse:BinarySecurityToken>\n U2hhcmVk QWNjZXNzU2lnbmF0dXJlIHNyPWg= \n</wsse:BinarySecurityToken>",
        );
        let plain = header(" SharedAccessSignature sr=h ");
        let wrap = header("WRAP access_token=\"Issuer=x&amp;HMACSHA256=y\"");
        for version in [SoapVersion::Soap11, SoapVersion::Soap12] {
            for (header, text) in [
                (&binary, Some("SharedAccessSignature sr=h")),
                (&plain, Some("SharedAccessSignature sr=h")),
                (&wrap, Some("WRAP access_token=\"Issuer=x&HMACSHA256=y\"")),
                (&"<a/>".to_owned(), None),
            ] {
                assert_eq!(read(&envelope(version, header)), Ok(text.map(str::to_owned)), "{header}");
            }
        }
    }

    #[test]
    fn refuses_what_is_no_token() {
        let twice = header("a") + &header("b");
        let binary = |content: &str| {
            header(&format!("<wsse:BinarySecurityToken>{content}</wsse:BinarySecurityToken>"))
        };
        for (header, error) in [
            (header(""), MessageError::BadToken),
            (header(" "), MessageError::BadToken),
            (binary(""), MessageError::BadToken),
            (binary("*"), MessageError::BadToken),
            (binary("/w=="), MessageError::BadToken),
            (header("<saml:Assertion xmlns:saml='urn:x'/>"), MessageError::ForeignToken),
            (
                header("a<wsse:BinarySecurityToken>YQ==</wsse:BinarySecurityToken>"),
                MessageError::ForeignToken,
            ),
            (twice, MessageError::Twice("RelayAccessToken")),
            (binary("YQ==") + &binary("YQ=="), MessageError::Twice("RelayAccessToken")),
            (header(&"x".repeat(MAX_STRING + 1)), MessageError::TextTooLong { max: MAX_STRING }),
            (binary(&"YWFh".repeat(MAX_STRING / 3 + 1)), MessageError::TextTooLong { max: MAX_STRING }),
        ] {
            assert_eq!(read(&envelope(SoapVersion::Soap12, &header)), Err(error), "{header:.80}");
        }
    }

    #[test]
    fn a_token_elsewhere_than_among_the_headers_is_none() {
        let soap = SoapVersion::Soap12.namespace();
        let body = format!("<s:Envelope xmlns:s='{soap}'><s:Body>{}</s:Body></s:Envelope>", header("x"));
        assert_eq!(read(&body), Ok(None));
        let inside = format!("<x>{}</x>", header("x"));
        assert_eq!(read(&envelope(SoapVersion::Soap12, &inside)), Ok(None));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", AccessToken::new("secret")), "AccessToken(…)");
    }
}

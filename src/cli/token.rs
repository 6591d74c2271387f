//! `viaduct token`: a SAS token, or the lines that an `app.config` needs to send one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::args::TokenArgs;
use super::failure::Failure;
use super::output::print;
use crate::auth::{SasToken, audience, mint};
use crate::entity::{ConnectionString, Credential, RelayPath, UnixTime};
use crate::wire::framing::with_token;

/// Runs it.
pub(super) fn run(args: &TokenArgs) -> Result<(), Failure> {
    let connection = args.connection.resolve()?;
    let via = args.via.as_deref().map(parse_via).transpose()?;
    let path = path(args, &connection, via.as_ref())?;
    let token = token(&connection, &path, args.ttl)?;
    match via {
        None => print(token.text.expose_secret()),
        Some(via) => print(lines(&via, &token, args.service.as_deref()).trim_end()),
    }
}

/// A token and when it ends.
struct Token {
    text: SecretString,
    expires: UnixTime,
}

/// The relay the token is for; empty for the namespace as a whole.
fn path(args: &TokenArgs, connection: &ConnectionString, via: Option<&Url>) -> Result<String, Failure> {
    let named = match (&args.path, via) {
        (Some(path), _) => Some((path.as_str(), "--path")),
        (None, Some(via)) => Some((via.path(), "--via")),
        (None, None) => None,
    };
    let Some((text, option)) = named else {
        let path = connection.entity_path.as_ref();
        return Ok(path.map(|path| path.as_str().to_owned()).unwrap_or_default());
    };
    if text.trim_matches('/').is_empty() {
        return Ok(String::new());
    }
    let path =
        RelayPath::parse(text).map_err(|error| Failure::Usage(format!("{option} {text:?}: {error}")))?;
    if let Some(entity_path) = &connection.entity_path
        && !path.starts_with(entity_path)
    {
        return Err(Failure::Usage(format!(
            "{option} {text:?}: the connection string is for {entity_path} alone"
        )));
    }
    Ok(path.decoded().trim_matches('/').to_owned())
}

fn token(connection: &ConnectionString, path: &str, ttl: Duration) -> Result<Token, Failure> {
    match &connection.credential {
        Credential::Key { name, key } => {
            let expires = now().saturating_add(ttl);
            let audience = audience(&connection.host, path);
            Ok(Token { text: mint(&audience, name, key, expires).into(), expires })
        }
        // It was made elsewhere and lasts as long as it lasts.
        Credential::Token(text) => {
            let parsed = SasToken::parse(text.expose_secret()).map_err(|error| {
                Failure::Usage(format!("the SharedAccessSignature of the connection string: {error}"))
            })?;
            Ok(Token { text: text.clone(), expires: parsed.expires() })
        }
        Credential::None => Err(Failure::Usage(
            "the connection string holds no key; take one with SharedAccessKeyName and SharedAccessKey"
                .to_owned(),
        )),
    }
}

fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

fn parse_via(text: &str) -> Result<Url, Failure> {
    let wrong = |what: &str| {
        Failure::Usage(format!(
            "--via {text:?}: {what}; give net.tcp://HOST:PORT/PATH of the gateway's net_tcp door"
        ))
    };
    let url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
    if url.scheme() != "net.tcp" {
        return Err(wrong("is no net.tcp address"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("has no host"));
    }
    if !url.username().is_empty() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("holds a user, a query or a fragment"));
    }
    Ok(url)
}

/// What goes into an `app.config`.
///
/// The identity is needed because WCF expects the service to prove the name in the *Via* once that differs from the
/// endpoint's address, for certificates and for Windows accounts alike (framing page, section 4.1).
fn lines(via: &Url, token: &Token, service: Option<&str>) -> String {
    let uri = xml(&with_token(via.as_str().trim_end_matches('/'), token.text.expose_secret()));
    let service = xml(service.unwrap_or("HOST-OF-THE-SERVICE"));
    let end = end(token.expires);
    format!(
        "\
<!-- A behavior for the endpoint: it keeps the service's own address and goes through the relay.
     The token ends {end}. Its policy must hold Send alone. -->
<endpointBehaviors>
  <behavior name=\"viaduct\">
    <clientVia viaUri=\"{uri}\"/>
  </behavior>
</endpointBehaviors>

<!-- Inside <endpoint behaviorConfiguration=\"viaduct\" …>: whom the client expects to meet. Without it WCF would expect
     the gateway. With Windows security, NetTcpBinding's default: -->
<identity>
  <servicePrincipalName value=\"host/{service}\"/>
</identity>
<!-- with a certificate: <identity><dns value=\"{service}\"/></identity>; with security mode None: no identity. -->
"
    )
}

/// `2026-11-24T23:37:00Z`.
fn end(expires: UnixTime) -> String {
    match Timestamp::from_second(expires.0) {
        Ok(time) => time.to_string(),
        Err(_) => "never".to_owned(),
    }
}

/// A text inside an attribute.
fn xml(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::ConnectionArgs;

    const CONNECTION: &str =
        "Endpoint=sb://relay.example.net:8443/;SharedAccessKeyName=send;SharedAccessKey=abc=";

    fn args(path: Option<&str>, connection: &str) -> TokenArgs {
        TokenArgs {
            path: path.map(str::to_owned),
            ttl: Duration::from_secs(60),
            via: None,
            service: None,
            connection: ConnectionArgs {
                connection_string: Some(connection.to_owned()),
                ..ConnectionArgs::default()
            },
        }
    }

    fn path_of(args: &TokenArgs, via: Option<&str>) -> Result<String, Failure> {
        let via = via.map(|via| parse_via(via).unwrap());
        path(args, &args.connection.resolve().unwrap(), via.as_ref())
    }

    #[test]
    fn path_comes_from_the_option_then_the_via_then_the_connection_string() {
        let entity = format!("{CONNECTION};EntityPath=calc");
        let via = Some("net.tcp://relay.example.net:808/calc/v1");
        assert_eq!(path_of(&args(Some("/hello"), CONNECTION), via).unwrap(), "hello");
        assert_eq!(path_of(&args(None, CONNECTION), via).unwrap(), "calc/v1");
        assert_eq!(path_of(&args(None, &entity), None).unwrap(), "calc");
        assert_eq!(path_of(&args(None, CONNECTION), None).unwrap(), "");
        assert!(matches!(path_of(&args(Some("hello"), &entity), None), Err(Failure::Usage(_))));
    }

    #[test]
    fn token_is_one_for_the_path_and_ends_in_time() {
        let connection = ConnectionString::parse(CONNECTION).unwrap();
        let before = now();
        let token = token(&connection, "hello", Duration::from_secs(60)).unwrap();
        let parsed = SasToken::parse(token.text.expose_secret()).unwrap();
        assert_eq!(parsed.audience(), "http://relay.example.net/hello/");
        assert_eq!(parsed.expires(), token.expires);
        assert!(token.expires.0 >= before.0 + 60 && token.expires.0 <= now().0 + 60);
    }

    #[test]
    fn a_token_of_the_connection_string_is_passed_on() {
        let one = token(&ConnectionString::parse(CONNECTION).unwrap(), "", Duration::from_secs(60)).unwrap();
        let text = one.text.expose_secret();
        let connection = format!("Endpoint=sb://relay.example.net/;SharedAccessSignature={text}");
        let passed = token(&ConnectionString::parse(&connection).unwrap(), "", Duration::ZERO).unwrap();
        assert_eq!(passed.text.expose_secret(), text);
        assert_eq!(passed.expires, one.expires);
    }

    #[test]
    fn lines_hold_the_via_the_identity_and_the_end() {
        let token =
            Token { text: "SharedAccessSignature sr=a&sig=b".into(), expires: UnixTime(1_800_000_000) };
        let via = parse_via("net.tcp://relay.example.net:808/calc").unwrap();
        let text = lines(&via, &token, Some("svc.example.net"));
        assert!(
            text.contains(
                "<clientVia viaUri=\"net.tcp://relay.example.net:808/calc/$sas/U2hhcmVkQWNjZXNzU2lnbmF0dXJlIHNyPWEmc2lnPWI\"/>"
            ),
            "{text}"
        );
        assert!(text.contains("<servicePrincipalName value=\"host/svc.example.net\"/>"), "{text}");
        assert!(text.contains("<dns value=\"svc.example.net\"/>"), "{text}");
        assert!(text.contains("ends 2027-01-15T08:00:00Z"), "{text}");
    }

    #[test]
    fn a_via_that_is_none_is_a_wrong_command_line() {
        for via in ["http://relay.example.net/", "net.tcp:calc", "calc", "net.tcp://h/?q=1"] {
            assert!(matches!(parse_via(via), Err(Failure::Usage(_))), "{via}");
        }
    }
}

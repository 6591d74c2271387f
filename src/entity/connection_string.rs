//! The one line that tells a client where a relay is and what it may do there.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::policy::{PolicyError, check_key};
use super::{EntityPath, HostName, KeyName, NameError};

/// `Endpoint=sb://host/;SharedAccessKeyName=listen;SharedAccessKey=…;EntityPath=plant7/press`. Hybrid page 6.8.
///
/// `Display` writes it with its key, for handing out; `Debug` hides the key. The result holds only words that every
/// SDK knows, because .NET refuses a line with any other.
#[derive(Clone, Debug)]
pub struct ConnectionString {
    /// The host of `Endpoint`.
    pub host: HostName,
    /// The port of `Endpoint`; none is 443.
    pub port: Option<u16>,
    /// The relay meant, unless the string is for a whole namespace.
    pub entity_path: Option<EntityPath>,
    /// How its holder proves who it is.
    pub credential: Credential,
    /// How long its holder waits for an operation.
    pub operation_timeout: Option<Duration>,
}

/// What a connection string proves its holder by.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A policy's name and one of its keys; the holder makes its own tokens.
    Key {
        /// The policy.
        name: KeyName,
        /// One of its keys.
        key: SecretString,
    },
    /// A ready token (`SharedAccessSignature`).
    Token(SecretString),
    /// Nothing: for relays that allow anonymous senders.
    None,
}

impl ConnectionString {
    /// The port of an endpoint that names none.
    pub const DEFAULT_PORT: u16 = 443;

    /// A string for one host without anything else.
    pub fn new(host: HostName) -> Self {
        Self { host, port: None, entity_path: None, credential: Credential::None, operation_timeout: None }
    }

    /// Reads a connection string. Names in any case and order, blanks around pairs ignored, the rest exact.
    pub fn parse(text: &str) -> Result<Self, ConnectionStringError> {
        let mut pairs = Pairs::default();
        for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
            // Each at its first `=`: keys are base64 and end with one.
            let (name, value) = pair.split_once('=').ok_or(ConnectionStringError::NotAPair)?;
            pairs.set(name.trim(), value.trim())?;
        }
        pairs.finish()
    }

    /// The port to dial.
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(Self::DEFAULT_PORT)
    }

    /// `host`, or `host:port` where the port is not 443.
    pub fn authority(&self) -> String {
        match self.port_or_default() {
            Self::DEFAULT_PORT => self.host.to_string(),
            port => format!("{}:{port}", self.host),
        }
    }
}

/// The pairs found so far.
#[derive(Default)]
struct Pairs<'a> {
    values: [Option<&'a str>; NAMES.len()],
}

const ENDPOINT: usize = 0;
const ENTITY_PATH: usize = 1;
const KEY_NAME: usize = 2;
const KEY: usize = 3;
const TOKEN: usize = 4;
const TIMEOUT: usize = 5;
const NAMES: [&str; 6] = [
    "Endpoint",
    "EntityPath",
    "SharedAccessKeyName",
    "SharedAccessKey",
    "SharedAccessSignature",
    "OperationTimeout",
];

impl<'a> Pairs<'a> {
    fn set(&mut self, name: &str, value: &'a str) -> Result<(), ConnectionStringError> {
        let Some(index) = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)) else {
            if name.eq_ignore_ascii_case("Authentication") {
                return Err(ConnectionStringError::NoManagedIdentity);
            }
            return Err(ConnectionStringError::UnknownName { name: name.chars().take(64).collect() });
        };
        if value.is_empty() {
            return Err(ConnectionStringError::Empty { name: NAMES[index] });
        }
        match self.values[index].replace(value) {
            None => Ok(()),
            Some(_) => Err(ConnectionStringError::Twice { name: NAMES[index] }),
        }
    }

    fn finish(self) -> Result<ConnectionString, ConnectionStringError> {
        let (host, port) = endpoint(self.values[ENDPOINT].ok_or(ConnectionStringError::NoEndpoint)?)?;
        // Some tools write the path with slashes around it.
        let entity_path = self.values[ENTITY_PATH]
            .map(|path| EntityPath::parse(path.trim_matches('/')).map_err(ConnectionStringError::EntityPath))
            .transpose()?;
        let operation_timeout = self.values[TIMEOUT]
            .map(|text| time_span(text).ok_or(ConnectionStringError::OperationTimeout))
            .transpose()?;
        let credential = match (self.values[KEY_NAME], self.values[KEY], self.values[TOKEN]) {
            (None, None, None) => Credential::None,
            (None, None, Some(token)) => Credential::Token(token.to_owned().into()),
            (Some(name), Some(key), None) => {
                let key = SecretString::from(key);
                check_key(&key)?;
                Credential::Key { name: KeyName::parse(name).map_err(ConnectionStringError::KeyName)?, key }
            }
            (_, _, Some(_)) => return Err(ConnectionStringError::KeyAndToken),
            _ => return Err(ConnectionStringError::HalfAKey),
        };
        Ok(ConnectionString { host, port, entity_path, credential, operation_timeout })
    }
}

/// `sb://host[:port][/]`
fn endpoint(text: &str) -> Result<(HostName, Option<u16>), ConnectionStringError> {
    let (scheme, rest) = text.split_once("://").ok_or(ConnectionStringError::NotSb)?;
    if !scheme.eq_ignore_ascii_case("sb") {
        return Err(ConnectionStringError::NotSb);
    }
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    HostName::parse_authority(authority).map_err(ConnectionStringError::Endpoint)
}

/// `[d.]hh:mm:ss[.fffffff]`, as .NET writes a span of time.
fn time_span(text: &str) -> Option<Duration> {
    let number = |digits: &str| -> Option<u64> {
        let plain =
            !digits.is_empty() && digits.len() <= 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok())?
    };
    let (hours, rest) = text.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let (hours, minutes, seconds) = (number(hours)?, number(minutes)?, number(seconds)?);
    if hours > 23 || minutes > 59 || seconds > 59 || fraction.len() > 7 {
        return None;
    }
    let ticks = number(fraction)? * 10u64.pow(7 - fraction.len() as u32);
    let whole = ((number(days)? * 24 + hours) * 60 + minutes) * 60 + seconds;
    Some(Duration::new(whole, u32::try_from(ticks * 100).ok()?))
}

impl fmt::Display for ConnectionString {
    /// With key or token: only where it is meant to be handed out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The slash at the end is needed: Java appends the path to it.
        write!(f, "Endpoint=sb://{}/", self.authority())?;
        match &self.credential {
            Credential::Key { name, key } => {
                write!(f, ";SharedAccessKeyName={name};SharedAccessKey={}", key.expose_secret())?;
            }
            Credential::Token(token) => write!(f, ";SharedAccessSignature={}", token.expose_secret())?,
            Credential::None => {}
        }
        if let Some(path) = &self.entity_path {
            write!(f, ";EntityPath={path}")?;
        }
        if let Some(timeout) = self.operation_timeout {
            let (seconds, ticks) = (timeout.as_secs(), timeout.subsec_nanos() / 100);
            let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
            let days = if days == 0 { String::new() } else { format!("{days}.") };
            write!(f, ";OperationTimeout={days}{hours:02}:{minutes:02}:{:02}", seconds % 60)?;
            if ticks != 0 {
                write!(f, ".{ticks:07}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for ConnectionString {
    type Err = ConnectionStringError;
    fn from_str(text: &str) -> Result<Self, ConnectionStringError> {
        Self::parse(text)
    }
}

/// Why a connection string is refused. Never holds a key or a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionStringError {
    /// A piece between semicolons without `=`.
    #[error("connection string: a piece between semicolons is not of the form Name=Value")]
    NotAPair,
    /// A name that no SDK knows.
    #[error("connection string: unknown name {name:?}")]
    UnknownName {
        /// The name, cut to 64 characters.
        name: String,
    },
    /// A name without a value.
    #[error("connection string: {name} is empty")]
    Empty {
        /// The name as SDKs write it.
        name: &'static str,
    },
    /// A name that appears twice.
    #[error("connection string: {name} is there twice")]
    Twice {
        /// The name as SDKs write it.
        name: &'static str,
    },
    /// `Endpoint` is missing.
    #[error("connection string: Endpoint is missing")]
    NoEndpoint,
    /// `Endpoint` is no `sb://` address; the SDKs take no other.
    #[error("connection string: Endpoint must begin with sb://")]
    NotSb,
    /// `Endpoint` names no host, or holds more than one.
    #[error("connection string: Endpoint: {0}")]
    Endpoint(#[source] NameError),
    /// `EntityPath` is no path.
    #[error("connection string: EntityPath: {0}")]
    EntityPath(#[source] NameError),
    /// `SharedAccessKeyName` is no name.
    #[error("connection string: SharedAccessKeyName: {0}")]
    KeyName(#[source] NameError),
    /// `SharedAccessKey` is no key.
    #[error("connection string: SharedAccessKey: {0}")]
    Key(#[from] PolicyError),
    /// A key's name without the key, or the other way round.
    #[error("connection string: SharedAccessKeyName and SharedAccessKey go together")]
    HalfAKey,
    /// A ready token besides a key.
    #[error("connection string: SharedAccessSignature stands in place of a key, not beside it")]
    KeyAndToken,
    /// `OperationTimeout` is no span of time.
    #[error("connection string: OperationTimeout is not of the form hh:mm:ss")]
    OperationTimeout,
    /// `Authentication=Managed Identity`, which only exists in Azure.
    #[error("connection string: Authentication is not supported, use a key or a token")]
    NoManagedIdentity,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FULL: &str = "Endpoint=sb://relay.example.net/;SharedAccessKeyName=listen;SharedAccessKey=c2VjcmV0LXRlc3Qta2V5Pz8=;EntityPath=plant7/press";

    #[test]
    fn reads_what_the_portal_hands_out() {
        let read = ConnectionString::parse(FULL).unwrap();
        assert_eq!(read.host.as_str(), "relay.example.net");
        assert_eq!(read.port, None);
        assert_eq!(read.port_or_default(), 443);
        assert_eq!(read.entity_path.as_ref().unwrap().as_str(), "plant7/press");
        let Credential::Key { name, key } = &read.credential else { panic!("{read:?}") };
        assert_eq!((name.as_str(), key.expose_secret()), ("listen", "c2VjcmV0LXRlc3Qta2V5Pz8="));
        assert_eq!(read.to_string(), FULL);
    }

    #[test]
    fn names_have_any_case_and_order_and_blanks_do_not_count() {
        let text = "entitypath=/a/; SHAREDACCESSKEY = k== ;sharedaccesskeyname=n;;ENDPOINT=SB://H:8443;\n";
        let read = ConnectionString::parse(text).unwrap();
        assert_eq!(
            read.to_string(),
            "Endpoint=sb://h:8443/;SharedAccessKeyName=n;SharedAccessKey=k==;EntityPath=a"
        );
        assert_eq!(read.authority(), "h:8443");
    }

    #[test]
    fn a_token_stands_in_place_of_a_key() {
        let text = "Endpoint=sb://h/;SharedAccessSignature=SharedAccessSignature sr=a&sig=b%3D&se=1&skn=n";
        let read = ConnectionString::parse(text).unwrap();
        let Credential::Token(token) = &read.credential else { panic!("{read:?}") };
        assert_eq!(token.expose_secret(), "SharedAccessSignature sr=a&sig=b%3D&se=1&skn=n");
        assert_eq!(read.to_string(), text);
        assert!(matches!(ConnectionString::parse("Endpoint=sb://h/").unwrap().credential, Credential::None));
    }

    #[test]
    fn port_443_is_not_written() {
        let read = ConnectionString::parse("Endpoint=sb://h:443/").unwrap();
        assert_eq!((read.port, read.to_string().as_str()), (Some(443), "Endpoint=sb://h/"));
    }

    #[test]
    fn operation_timeout_is_a_span_as_dotnet_writes_it() {
        for (text, seconds, written) in [
            ("00:01:00", 60.0, "00:01:00"),
            ("1.02:03:04", 93_784.0, "1.02:03:04"),
            ("00:00:00.5", 0.5, "00:00:00.5000000"),
            ("0:0:7", 7.0, "00:00:07"),
        ] {
            let read = ConnectionString::parse(&format!("Endpoint=sb://h/;OperationTimeout={text}")).unwrap();
            assert_eq!(read.operation_timeout, Some(Duration::from_secs_f64(seconds)), "{text}");
            assert_eq!(read.to_string(), format!("Endpoint=sb://h/;OperationTimeout={written}"));
        }
        for text in
            ["60", "1:2", "24:00:00", "00:60:00", "00:00:60", "-1:00:00", "a:b:c", "00:00:00.12345678", "::"]
        {
            let error =
                ConnectionString::parse(&format!("Endpoint=sb://h/;OperationTimeout={text}")).unwrap_err();
            assert_eq!(error, ConnectionStringError::OperationTimeout, "{text}");
        }
    }

    #[test]
    fn debug_and_errors_hide_the_secret() {
        assert!(!format!("{:?}", ConnectionString::parse(FULL).unwrap()).contains("c2Vj"));
        let error = ConnectionString::parse("Endpoint=sb://h/;SharedAccessKey=topsecret").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("topsecret"));
    }

    #[test]
    fn each_mistake_has_its_own_words() {
        use ConnectionStringError::*;
        for (text, error) in [
            ("", NoEndpoint),
            ("nonsense", NotAPair),
            ("Endpoint=", Empty { name: "Endpoint" }),
            ("Endpoint=https://h/", NotSb),
            ("Endpoint=h", NotSb),
            ("Endpoint=sb:///", Endpoint(NameError::Empty)),
            ("Endpoint=sb://h/path", Endpoint(NameError::BadCharacter { found: '/' })),
            ("Endpoint=sb://h:x/", Endpoint(NameError::BadPort)),
            ("Endpoint=sb://h/;Endpoint=sb://h/", Twice { name: "Endpoint" }),
            ("Endpoint=sb://h/;TransportType=Amqp", UnknownName { name: "TransportType".to_owned() }),
            ("Endpoint=sb://h/;EntityPath=a//b", EntityPath(NameError::EmptySegment)),
            ("Endpoint=sb://h/;SharedAccessKeyName=n", HalfAKey),
            ("Endpoint=sb://h/;SharedAccessKey=k", HalfAKey),
            ("Endpoint=sb://h/;SharedAccessKey=k;SharedAccessSignature=s", KeyAndToken),
            ("Endpoint=sb://h/;Authentication=Managed Identity", NoManagedIdentity),
        ] {
            assert_eq!(ConnectionString::parse(text).unwrap_err(), error, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_reads_its_own_text(
            pieces in prop::collection::vec(
                prop_oneof![prop::sample::select(NAMES.to_vec()).prop_map(String::from), ".{0,9}", Just("sb://h:1/".to_owned())],
                0..12,
            ),
            glue in prop::sample::select(vec!["=", ";", "=;"]),
        ) {
            if let Ok(read) = ConnectionString::parse(&pieces.join(glue)) {
                let again = ConnectionString::parse(&read.to_string()).unwrap();
                prop_assert_eq!(again.to_string(), read.to_string());
            }
        }
    }
}

//! What is wrong with what a peer asks.

use crate::Token;
use crate::relay_play::player::WRONG_KEY;
use crate::relay_play::substitute::Tokens;

use super::HOST;

/// A question and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The token that goes with it.
    pub token: Shown,
    /// It names a host that belongs to nobody.
    pub unknown_host: bool,
    /// What carries it.
    pub carrier: Carrier,
    /// It comes without TLS, where the protocol leaves the choice.
    pub in_clear: bool,
    /// What stands in a recorded message, and what takes its place; as long.
    pub changes: Vec<(&'static [u8], &'static [u8])>,
}

/// What a peer of WCF Relay has under its protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// TCP on the port of the protocol.
    #[default]
    Tcp,
    /// A WebSocket on 443.
    WebSocket,
    /// A web stream on 80.
    WebStream,
    /// A web stream on 443.
    WebStreamInTls,
}

/// The token a peer shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// One that is good for an hour.
    #[default]
    Good,
    /// One of a key that no policy has.
    WrongKey,
    /// One that ended a quarter of an hour ago.
    EndedLately,
    /// One that ended more than an hour ago.
    EndedLongAgo,
    /// One that ended so long ago that it is good for two or three seconds more, as clocks may differ by five minutes.
    AboutToEnd,
    /// None.
    None,
    /// One that cannot be read: its end has another name.
    Malformed,
    /// One for another path of the same host.
    OtherAudience,
}

/// Host names that differ in one letter; the second is nobody's.
const HOSTS: [(&[u8], &[u8]); 2] =
    [(b"sb://contoso.", b"sb://contosi."), (b"Host: contoso.", b"Host: contosi.")];

/// In front of a text, which old listeners have that says the same as the name of a header. [MC-NBFX] 2.2.3.27
const CHARS8_TEXT_WITH_END: u8 = 0x99;

impl Question {
    /// Asks with this in the place of that, which is as long.
    pub fn changed(was: &'static [u8], is: &'static [u8]) -> Self {
        Self { changes: vec![(was, is)], ..Self::default() }
    }

    /// The same question on another carrier.
    pub fn over(&self, carrier: Carrier) -> Self {
        Self { carrier, ..self.clone() }
    }

    /// Asks with this token.
    pub fn with(token: Shown) -> Self {
        Self { token, ..Self::default() }
    }

    /// Puts token and changes into a recorded message.
    pub(super) fn put_into(&self, bytes: &mut [u8]) {
        self.put_names_into(bytes);
        if self.token == Shown::OtherAudience {
            // The last letter of the path in the token.
            let ends: Vec<usize> = places(bytes, b"%2f&sig=").collect();
            ends.into_iter().for_each(|end| bytes[end - 1] = b'_');
        }
        let mut tokens = match self.token {
            Shown::WrongKey => Tokens::signed_with(WRONG_KEY),
            Shown::EndedLately => Tokens::ending_in(&[-900]),
            Shown::EndedLongAgo => Tokens::ending_in(&[-4000]),
            Shown::AboutToEnd => Tokens::ending_in(&[-297]),
            _ => Tokens::good(),
        };
        tokens.put_into(bytes);
        if self.token == Shown::Malformed {
            replace(bytes, b"&se=", b"&xe=");
        }
    }

    /// Puts into a recorded message what is changed in it besides its token, and takes the token out if there shall be none.
    pub(super) fn put_names_into(&self, bytes: &mut [u8]) {
        for (was, is) in &self.changes {
            assert!(replace(bytes, was, is) > 0, "{} is not in the recording", String::from_utf8_lossy(was));
        }
        if self.unknown_host {
            let named: usize = HOSTS.iter().map(|(was, is)| replace(bytes, was, is)).sum();
            assert!(named > 0, "the recording names its host");
        }
        if self.token == Shown::None {
            // A property, or a header, that nobody looks at.
            replace(bytes, b"com.microsoft:swt", b"com.microsoft:swx");
            replace(bytes, b"ServiceBusAuthorization:", b"ServiceBusAuthorizatiox:");
            let headers =
                places(bytes, b"\x10RelayAccessToken").filter(|at| bytes[at - 1] != CHARS8_TEXT_WITH_END);
            let ends: Vec<usize> = headers.map(|at| at + b"RelayAccessToken".len()).collect();
            ends.into_iter().for_each(|end| bytes[end] = b'x');
        }
    }

    /// The token as text, for a message that is written here: signed by `policy` for the relay at `path`, or as it is wanted.
    pub fn token(&self, path: &str, policy: &str) -> Option<String> {
        let path = if self.token == Shown::OtherAudience { "elsewhere" } else { path };
        let good = Token::for_audience(&format!("http://{HOST}/{path}/")).policy(policy);
        let token = match self.token {
            Shown::None => return None,
            Shown::Good | Shown::Malformed | Shown::OtherAudience => good,
            Shown::WrongKey => good.key(WRONG_KEY),
            Shown::EndedLately => good.ends_in(-900),
            Shown::EndedLongAgo => good.ends_in(-4000),
            Shown::AboutToEnd => good.ends_in(-297),
        };
        let token = token.to_string();
        Some(if self.token == Shown::Malformed { token.replace("&se=", "&xe=") } else { token })
    }
}

/// Replaces each `was`; how many there were.
fn replace(bytes: &mut [u8], was: &[u8], is: &[u8]) -> usize {
    assert_eq!(was.len(), is.len(), "no size may change");
    let places: Vec<usize> = places(bytes, was).collect();
    for at in &places {
        bytes[*at..*at + is.len()].copy_from_slice(is);
    }
    places.len()
}

fn places(bytes: &[u8], what: &[u8]) -> impl Iterator<Item = usize> {
    bytes.windows(what.len()).enumerate().filter(move |(_, at)| *at == what).map(|(at, _)| at)
}

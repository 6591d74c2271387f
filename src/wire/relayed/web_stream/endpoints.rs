//! Where the halves of a web stream come.

use uuid::Uuid;

/// The header of the 201 with the address from which the client reads, and with the one to which it writes.
const DOWN_HEADER: &str = "X-WSENDPT1";
const UP_HEADER: &str = "X-WSENDPT2";

/// A path that no relay has.
const PREFIX: &str = "/$servicebus/webstream/";

/// One half of a stream, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client.
    Up,
    /// To the client.
    Down,
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// The addresses of a stream's halves. The client takes whatever it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoints<'a> {
    /// Whether the request came over TLS.
    pub tls: bool,
    /// Host, and port where it is not the scheme's own, as the request named them.
    pub authority: &'a str,
    /// The stream. Whoever knows it can take the stream over: it is random.
    pub id: Uuid,
}

impl Endpoints<'_> {
    /// The address of one half.
    pub fn uri(&self, way: Way) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}{PREFIX}{}/{}", self.authority, self.id.simple(), way.name())
    }

    /// The headers of the 201.
    pub fn headers(&self) -> [(&'static str, String); 2] {
        [(DOWN_HEADER, self.uri(Way::Down)), (UP_HEADER, self.uri(Way::Up))]
    }

    /// The stream and the half that a path names; `None`: it is no such path.
    pub fn parse(path: &str) -> Option<(Uuid, Way)> {
        let (id, way) = path.strip_prefix(PREFIX)?.split_once('/')?;
        let way = [Way::Up, Way::Down].into_iter().find(|known| known.name() == way)?;
        // One spelling alone: the path is what we wrote.
        let id = Uuid::try_parse(id).ok().filter(|uuid| uuid.simple().to_string() == id)?;
        Some((id, way))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_back() {
        let endpoints = Endpoints { tls: false, authority: "ns.example.net:8080", id: Uuid::from_u128(7) };
        let [(down, read), (up, written)] = endpoints.headers();
        assert_eq!((down, up), ("X-WSENDPT1", "X-WSENDPT2"));
        let path = |uri: &str| uri.strip_prefix("http://ns.example.net:8080").map(str::to_owned).unwrap();
        assert_eq!(Endpoints::parse(&path(&read)), Some((endpoints.id, Way::Down)));
        assert_eq!(Endpoints::parse(&path(&written)), Some((endpoints.id, Way::Up)));
        assert!(Endpoints { tls: true, ..endpoints }.uri(Way::Up).starts_with("https://"));
    }

    #[test]
    fn other_paths_are_none() {
        let id = Uuid::from_u128(7).simple();
        for path in [
            "/".to_owned(),
            format!("{PREFIX}{id}"),
            format!("{PREFIX}{id}/side"),
            format!("{PREFIX}{id}/up/"),
            format!("{PREFIX}{}/up", Uuid::from_u128(7)),
            format!("{PREFIX}x/up"),
            format!("/echo{PREFIX}{id}/up"),
        ] {
            assert_eq!(Endpoints::parse(&path), None, "{path}");
        }
    }
}

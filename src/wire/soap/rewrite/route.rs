//! Which To becomes which.

use super::error::RewriteError;
use crate::wire::framing::Via;
use crate::wire::soap::{Addressing, Headers};

/// How To is changed between the address that clients know and the service's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToRoute {
    front_path: String,
    service: String,
    any_to: bool,
    /// Host and port of the only To that moves from the front path; `None`: any.
    front: Option<(String, u16)>,
}

/// The parts of an absolute URI with a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Address<'a> {
    scheme: &'a str,
    /// Host and port, as written.
    authority: &'a str,
    /// From the first slash on, without query and fragment; empty or with its slash.
    path: &'a str,
    /// What follows the path.
    rest: &'a str,
}

impl ToRoute {
    /// A route from `front_path`, where the clients believe the service (`/credit-check`), to `service`, its own address
    /// (`net.tcp://127.0.0.1:9000/legacy/credit`). With `any_to` a To that is below neither passes as it is.
    ///
    /// # Errors
    /// [`RewriteError::NotAnAddress`]: `service` is no absolute URI with a host, or one of the paths has `.` or `..` segments,
    /// encoded slashes, backslashes or control characters.
    pub fn new(front_path: &str, service: &str, any_to: bool) -> Result<Self, RewriteError> {
        let address = Address::parse(service).ok_or(RewriteError::NotAnAddress)?;
        if !is_plain(front_path) || !is_plain(address.path) || !address.rest.is_empty() {
            return Err(RewriteError::NotAnAddress);
        }
        let slash = if front_path.starts_with('/') { "" } else { "/" };
        let front_path = format!("{slash}{front_path}").trim_end_matches('/').to_owned();
        Ok(Self { front_path, service: service.to_owned(), any_to, front: None })
    }

    /// The route for clients that came by this Via, where only a To with its host and port means the front path.
    #[must_use]
    pub fn for_via(mut self, via: &Via) -> Self {
        self.front = Some((via.host().to_owned(), via.port()));
        self
    }

    /// What To becomes; `None`: it stays. The host of a To counts for nothing, as with .NET; case does not count in paths.
    ///
    /// # Errors
    /// [`RewriteError::OutsidePath`].
    pub fn judge(&self, to: &str) -> Result<Option<String>, RewriteError> {
        if [Addressing::Ws10, Addressing::August2004].iter().any(|known| known.anonymous() == Some(to)) {
            return Ok(None);
        }
        let outside = if self.any_to { Ok(None) } else { Err(RewriteError::OutsidePath) };
        let Some(own) = Address::parse(&self.service) else { return outside };
        let Some(address) = Address::parse(to).filter(|to| is_plain(to.path)) else { return outside };
        let own_path = own.path.trim_end_matches('/');
        let below_own = below(address.path, own_path);
        let same_place = address.scheme.eq_ignore_ascii_case(own.scheme) && address.port() == own.port();
        if below_own.is_some() && same_place {
            return Ok(None);
        }
        let base = format!("{}://{}", own.scheme, own.authority);
        let at_front = self.front.as_ref().is_none_or(|(host, port)| {
            address.host().eq_ignore_ascii_case(host) && address.port() == Some(*port)
        });
        if let Some(suffix) = below(address.path, &self.front_path).filter(|_| at_front) {
            // The service's address as it was written, with its last slash or without.
            let path = if suffix.is_empty() { own.path } else { own_path };
            return Ok(Some(format!("{base}{path}{suffix}{}", address.rest)));
        }
        if below_own.is_some() {
            return Ok(Some(format!("{base}{}{}", address.path, address.rest)));
        }
        outside
    }

    /// What the To of these headers becomes; `None`: it stays, or there is none.
    ///
    /// # Errors
    /// [`RewriteError::OutsidePath`], and [`RewriteError::Signed`] where it would have to change.
    pub(super) fn judge_headers(&self, headers: &Headers) -> Result<Option<String>, RewriteError> {
        let Some(to) = &headers.to else { return Ok(None) };
        let new = self.judge(&to.text)?;
        if new.is_some() && to.signed { Err(RewriteError::Signed) } else { Ok(new) }
    }
}

impl<'a> Address<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let right = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(right) {
            return None;
        }
        let authority_end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(authority_end);
        let path_end = rest.find(['?', '#']).unwrap_or(rest.len());
        let (path, rest) = rest.split_at(path_end);
        (!authority.is_empty()).then_some(Self { scheme, authority, path, rest })
    }

    /// Host and port without a user.
    fn host_port(&self) -> &'a str {
        self.authority.rsplit('@').next().unwrap_or_default()
    }

    /// The host, an IPv6 address in brackets.
    fn host(&self) -> &'a str {
        let host_port = self.host_port();
        let end = host_port.rfind(']').map_or(0, |bracket| bracket + 1);
        let colon = host_port[end..].find(':').map_or(host_port.len(), |colon| end + colon);
        &host_port[..colon]
    }

    /// The port, or the scheme's own; `None`: neither is known.
    fn port(&self) -> Option<u16> {
        let host_port = self.host_port();
        let behind_host = host_port.rsplit(']').next().unwrap_or_default();
        match behind_host.rsplit_once(':') {
            Some((_, port)) => port.parse().ok(),
            None if self.scheme.eq_ignore_ascii_case("net.tcp") => Some(crate::wire::framing::DEFAULT_PORT),
            None if self.scheme.eq_ignore_ascii_case("http") => Some(80),
            None if self.scheme.eq_ignore_ascii_case("https") => Some(443),
            None => None,
        }
    }
}

/// What of `path` lies below `base`, which has no slash at its end.
fn below<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    let (start, suffix) = path.split_at_checked(base.len())?;
    let bordered = suffix.is_empty() || suffix.starts_with('/');
    (bordered && start.eq_ignore_ascii_case(base)).then_some(suffix)
}

/// Whether a path means what it says: whoever compares it sees what the service sees.
fn is_plain(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let hidden = ["%2f", "%5c", "%2e", "\\"].iter().any(|bad| lower.contains(bad));
    let dots = path.split('/').any(|segment| segment == "." || segment == "..");
    !hidden && !dots && !path.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::framing::FramingLimits;

    const SERVICE: &str = "net.tcp://10.0.0.5:9000/legacy/Credit";

    fn route(any_to: bool) -> ToRoute {
        ToRoute::new("/credit-check", SERVICE, any_to).unwrap()
    }

    #[test]
    fn a_to_below_the_front_path_moves_below_the_service() {
        for (to, new) in [
            ("net.tcp://relay.example.net/credit-check", SERVICE),
            ("sb://relay.example.net/Credit-Check", SERVICE),
            ("net.tcp://[::1]:1/credit-check/mex?x=1", "net.tcp://10.0.0.5:9000/legacy/Credit/mex?x=1"),
            // The right path at another port, or under another scheme.
            ("net.tcp://relay/legacy/credit/a", "net.tcp://10.0.0.5:9000/legacy/credit/a"),
            ("http://10.0.0.5:9000/legacy/Credit", SERVICE),
        ] {
            assert_eq!(route(false).judge(to), Ok(Some(new.to_owned())), "{to}");
        }
    }

    #[test]
    fn a_to_that_the_service_takes_stays() {
        for to in [
            SERVICE,
            "net.tcp://other.host:9000/LEGACY/credit",
            "net.tcp://10.0.0.5:9000/legacy/Credit/mex",
            "http://www.w3.org/2005/08/addressing/anonymous",
            "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous",
        ] {
            assert_eq!(route(false).judge(to), Ok(None), "{to}");
        }
    }

    #[test]
    fn a_to_elsewhere_is_refused_unless_any_will_do() {
        for to in [
            "net.tcp://relay/credit-checker",
            "net.tcp://relay/credit-check/../admin",
            "net.tcp://relay/credit-check/%2e%2e/admin",
            "net.tcp://relay/credit-check%2fx",
            "net.tcp://relay/credit-check\\x",
            "net.tcp://10.0.0.5:9000/",
            "net.tcp://10.0.0.5:9000",
            "credit-check",
            "urn:credit-check",
            "",
            "net.tcp:///credit-check",
        ] {
            assert_eq!(route(false).judge(to), Err(RewriteError::OutsidePath), "{to}");
            assert_eq!(route(true).judge(to), Ok(None), "{to}");
        }
    }

    #[test]
    fn a_front_with_a_host_moves_only_what_names_it() {
        let via = Via::parse("net.tcp://127.0.0.1:9000/x", &FramingLimits::default()).unwrap();
        let route = ToRoute::new("/", "net.tcp://relay/credit", true).unwrap().for_via(&via);
        assert_eq!(route.judge("net.tcp://127.0.0.1:9000/"), Ok(Some("net.tcp://relay/credit/".into())));
        assert_eq!(route.judge("net.tcp://127.0.0.1:9000/v2"), Ok(Some("net.tcp://relay/credit/v2".into())));
        for to in ["net.tcp://127.0.0.1:9001/v2", "net.tcp://10.0.0.1:9000/v2", "net.tcp://[::1]:9000/v2"] {
            assert_eq!(route.judge(to), Ok(None), "{to}");
        }
    }

    #[test]
    fn default_ports_are_ports() {
        let route = ToRoute::new("x", "net.tcp://host/x", false).unwrap();
        assert_eq!(route.judge("net.tcp://relay:808/x"), Ok(None));
        assert_eq!(route.judge("net.tcp://relay:809/x"), Ok(Some("net.tcp://host/x".into())));
    }

    #[test]
    fn the_whole_host_can_be_the_front() {
        let route = ToRoute::new("/", "net.tcp://host:1/a/", false).unwrap();
        assert_eq!(route.judge("net.tcp://relay/"), Ok(Some("net.tcp://host:1/a/".into())));
        assert_eq!(route.judge("net.tcp://relay/b"), Ok(Some("net.tcp://host:1/a/b".into())));
        assert_eq!(ToRoute::new("/a/../b", SERVICE, false), Err(RewriteError::NotAnAddress));
        assert_eq!(ToRoute::new("/a", "/b", false), Err(RewriteError::NotAnAddress));
    }
}

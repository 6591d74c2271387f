//! What a token is good for.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::entity::{HostName, Namespace, RelayPath};

/// The audience of a token in the form of the .NET clients: `http://{host}/{path}/`, not encoded. Hybrid page 6.3.
///
/// An empty path makes a token that is good for the whole namespace.
pub fn audience(host: &HostName, path: &str) -> String {
    match path.trim_matches('/') {
        "" => format!("http://{host}/"),
        path => format!("http://{host}/{path}/"),
    }
}

/// What a token's `sr` says without a scheme in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BareHost {
    Accepted,
    Refused,
}

/// Whether a token's decoded `sr` covers this path of this namespace. Hybrid page 6.4.
///
/// Scheme, port, case, query and surplus slashes do not count; every host of the namespace is as good as the
/// request's own. The path must be a whole-segment prefix of the full path of the request, suffix included.
pub(super) fn covers(audience: &str, namespace: &Namespace, path: &RelayPath, bare: BareHost) -> bool {
    let Some(rest) = without_scheme(audience).or((bare == BareHost::Accepted).then_some(audience)) else {
        return false;
    };
    let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    let (authority, token_path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    HostName::parse(host).is_ok_and(|host| namespace.answers_at(&host)) && path_covers(token_path, path)
}

/// `sb://host/path` → `host/path`.
fn without_scheme(audience: &str) -> Option<&str> {
    let (scheme, rest) = audience.split_once("://")?;
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(in_scheme)).then_some(rest)
}

fn path_covers(token_path: &str, path: &RelayPath) -> bool {
    let mut token = token_path.split('/').filter(|segment| !segment.is_empty()).peekable();
    if token.next_if(|first| first.eq_ignore_ascii_case("$hc")).is_some() && token.peek().is_none() {
        // `$hc` is cut where a path follows it; alone it names nothing.
        return false;
    }
    let mut request = path.segments().zip(path.raw_segments()).filter(|(decoded, _)| !decoded.is_empty());
    token.all(|segment| request.next().is_some_and(|(decoded, raw)| same_segment(segment, decoded, raw)))
}

/// The audience of a client that took it from a URL is still encoded once when `sr` was decoded.
fn same_segment(token: &str, decoded: &str, raw: &str) -> bool {
    let again = || percent_decode_str(token).decode_utf8().unwrap_or(Cow::Borrowed(token));
    same_text(token, decoded) || same_text(token, raw) || same_text(&again(), decoded)
}

/// Equal but for case. Some clients lower the case of the whole audience, whatever letters are in it.
fn same_text(one: &str, two: &str) -> bool {
    one.chars().flat_map(char::to_lowercase).eq(two.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entity::NamespaceName;

    fn namespace() -> Namespace {
        let mut namespace = Namespace::new(NamespaceName::parse("contoso").unwrap());
        namespace.hosts =
            ["relay.example.net", "localhost"].map(|text| HostName::parse(text).unwrap()).into();
        namespace
    }

    fn covered(audience: &str, path: &str) -> bool {
        covers(audience, &namespace(), &RelayPath::parse(path).unwrap(), BareHost::Refused)
    }

    #[test]
    fn audience_has_the_form_of_the_dotnet_clients() {
        let host = HostName::parse("Relay.Example.NET:8443").unwrap();
        assert_eq!(audience(&host, "plant7/press"), "http://relay.example.net/plant7/press/");
        assert_eq!(audience(&host, "/plant7/"), "http://relay.example.net/plant7/");
        assert_eq!(audience(&host, "/"), "http://relay.example.net/");
    }

    #[test]
    fn scheme_port_case_query_and_slashes_do_not_count() {
        for audience in [
            "http://relay.example.net/plant7/press/",
            "sb://relay.example.net:9351/plant7/press",
            "https://relay.example.net:443/plant7/press?api-version=2017-04",
            "wss://RELAY.example.net./$hc/PLANT7/Press//#x",
            "amqp://user:p@relay.example.net///plant7//press//",
            "http://localhost/$HC/plant7/press",
            "net.tcp://localhost/plant7/press",
        ] {
            assert!(covered(audience, "/plant7/press"), "{audience}");
        }
    }

    #[test]
    fn path_is_a_whole_segment_prefix_of_the_full_path() {
        let path = "/plant7/press/cell/4";
        for audience in ["", "/", "/plant7", "/plant7/press", "/plant7/press/cell", "/plant7/press/cell/4/"] {
            assert!(covered(&format!("http://localhost{audience}"), path), "{audience}");
        }
        for audience in [
            "/plant",
            "/plant7/pre",
            "/plant7/press/cell/4/5",
            "/plant8",
            "/press",
            "/plant7/../plant7",
            "/$hc",
            "/$hc/$hc/plant7",
        ] {
            assert!(!covered(&format!("http://localhost{audience}"), path), "{audience}");
        }
    }

    #[test]
    fn other_hosts_are_refused() {
        for audience in [
            "http://other.example.net/plant7",
            "http://example.net/plant7",
            "http://relay.example.net.evil/plant7",
            "http://relay.example.net@evil/plant7",
            "http://evil#@relay.example.net/plant7",
            "http://evil?@relay.example.net/plant7",
            "http://evil/@relay.example.net/plant7",
            "http:///plant7",
            "http://relay.example.net:x/plant7",
            "://relay.example.net/plant7",
            "1http://relay.example.net/plant7",
            "",
        ] {
            assert!(!covered(audience, "/plant7"), "{audience}");
        }
    }

    #[test]
    fn bare_host_is_an_option() {
        let namespace = namespace();
        let path = RelayPath::parse("/plant7").unwrap();
        for audience in ["relay.example.net", "relay.example.net:443/plant7/", "LOCALHOST/plant7?x=http://y"]
        {
            assert!(!covers(audience, &namespace, &path, BareHost::Refused), "{audience}");
            assert!(covers(audience, &namespace, &path, BareHost::Accepted), "{audience}");
        }
        assert!(!covers("evil/http://relay.example.net/plant7", &namespace, &path, BareHost::Accepted));
        assert!(!covers("/plant7", &namespace, &path, BareHost::Accepted));
    }

    #[test]
    fn suffix_may_still_be_encoded() {
        assert!(covered("http://localhost/plant7/my file", "/plant7/my%20file"));
        assert!(covered("http://localhost/plant7/my%20file", "/plant7/my%20file"));
        assert!(covered("http://localhost/plant7/MY%20FILE", "/plant7/my file".replace(' ', "%20").as_str()));
        assert!(covered("http://localhost/plant7/%C3%9Cber", "/plant7/%c3%bcber"));
        assert!(covered("http://localhost/plant7/a%3Fb", "/plant7/a%3fb"));
        assert!(!covered("http://localhost/plant7/my%2520file", "/plant7/my%20file"));
    }

    proptest! {
        #[test]
        fn any_audience_never_panics(audience in any::<String>(), bare in any::<bool>()) {
            let bare = if bare { BareHost::Accepted } else { BareHost::Refused };
            let path = RelayPath::parse("/plant7").unwrap();
            // Nobody comes upon one of our hosts by chance.
            prop_assert!(!covers(&audience, &namespace(), &path, bare));
        }
    }
}

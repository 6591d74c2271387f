//! Tokens of WCF relays: which kinds there are, and for which address they are asked. Wcf-relay page 8.1 and 8.2.

use super::AuthError;
use super::audience::{BareHost, covers};
use super::authorize::{Authorized, TokenOptions, authorize};
use super::swt::{SwtIssuer, SwtToken};
use crate::entity::{Namespace, Relay, RelayPath, Right, UnixTime};

/// The tokens that a namespace takes from clients of WCF relays.
#[derive(Clone, Copy, Debug)]
pub struct WcfTokens<'a> {
    /// How shared access signatures are checked; the skew and the longest token count for both kinds.
    pub options: &'a TokenOptions,
    /// Whose simple web tokens are taken: nobody's, unless the namespace says so.
    pub issuers: &'a [SwtIssuer],
}

impl WcfTokens<'_> {
    /// Checks a token, in whatever form it came, for something that needs a right. Other parameters as for
    /// [`authorize()`]; `token` is the text of a header `RelayAccessToken`, of the property `com.microsoft:swt`, or of
    /// `ServiceBusAuthorization`.
    ///
    /// # Errors
    /// [`AuthError`]; a simple web token that is not taken is malformed, and so is a JWT.
    pub fn authorize(
        &self,
        token: Option<&str>,
        need: Right,
        namespace: &Namespace,
        relay: Option<&Relay>,
        path: &RelayPath,
        now: UnixTime,
    ) -> Result<Authorized, AuthError> {
        let token = token.map(without_wrap);
        match token {
            Some(text) if SwtToken::is_one(text) && !self.issuers.is_empty() => {
                self.authorize_swt(text, need, namespace, path, now)
            }
            token => authorize(token, need, namespace, relay, path, now, self.options),
        }
    }

    /// Checks a sender: the right Send, or nothing where the relay takes anonymous senders, whatever they show.
    ///
    /// # Errors
    /// [`AuthError`].
    pub fn authorize_sender(
        &self,
        token: Option<&str>,
        namespace: &Namespace,
        relay: &Relay,
        path: &RelayPath,
        now: UnixTime,
    ) -> Result<Option<Authorized>, AuthError> {
        if !relay.requires_client_authorization {
            return Ok(None);
        }
        self.authorize(token, Right::Send, namespace, Some(relay), path, now).map(Some)
    }

    /// In the order of [`authorize()`]: signature, end, audience, right.
    fn authorize_swt(
        &self,
        text: &str,
        need: Right,
        namespace: &Namespace,
        path: &RelayPath,
        now: UnixTime,
    ) -> Result<Authorized, AuthError> {
        let token = SwtToken::parse_within(text, self.options.longest).map_err(AuthError::MalformedToken)?;
        let issuer =
            self.issuers.iter().find(|issuer| token.is_of(issuer)).ok_or(AuthError::InvalidSignature)?;
        if token.expires() < now.saturating_sub(self.options.skew) {
            return Err(AuthError::ExpiredToken { expired: token.expires() });
        }
        if !covers(token.audience(), namespace, path, BareHost::Refused) {
            return Err(AuthError::InvalidAudience);
        }
        let rights = token.rights(issuer).filter(|rights| rights.contains(need));
        let rights = rights.ok_or(AuthError::MissingRight { needed: need })?;
        Ok(Authorized { key_name: issuer.acts_as.clone(), rights, expires: token.expires() })
    }
}

/// What stands in `WRAP access_token="…"`, or the text itself.
fn without_wrap(text: &str) -> &str {
    let text = text.trim();
    let wrapped = text.split_once(' ').filter(|(word, _)| word.eq_ignore_ascii_case("WRAP"));
    let value = wrapped.and_then(|(_, rest)| rest.trim_start().strip_prefix("access_token="));
    value.map_or(text, |value| value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::auth::{TokenError, audience, mint, mint_swt};
    use crate::entity::{
        EntityPath, HostName, KeyName, NamespaceName, Policy, RelayKind, Rights, ServiceAddress, WcfType,
    };

    const NOW: UnixTime = UnixTime(1_800_000_000);
    const SOON: UnixTime = UnixTime(1_800_003_600);

    fn world() -> (Namespace, Relay) {
        let mut relay = Relay::new(EntityPath::parse("a/b").unwrap(), RelayKind::Wcf(WcfType::NetTcp));
        let key = "k".to_owned().into();
        relay.policies = vec![Policy::new(KeyName::parse("send").unwrap(), Rights::SEND, key, None).unwrap()];
        let mut namespace = Namespace::new(NamespaceName::parse("contoso").unwrap());
        namespace.hosts = vec![HostName::parse("ns.example.net").unwrap()];
        namespace.insert(relay.clone());
        (namespace, relay)
    }

    fn issuer() -> SwtIssuer {
        SwtIssuer {
            issuer: "acs".into(),
            key: STANDARD.encode([1; 32]).into(),
            acts_as: KeyName::parse("acs").unwrap(),
            rights: Rights::SEND,
        }
    }

    fn ask(token: &str, need: Right, issuers: &[SwtIssuer]) -> Result<Authorized, AuthError> {
        let (namespace, relay) = world();
        let options = TokenOptions::default();
        let address = ServiceAddress::parse("sb://ns.example.net:9351/A/b/sub/?x").unwrap();
        let tokens = WcfTokens { options: &options, issuers };
        tokens.authorize(Some(token), need, &namespace, Some(&relay), &address.path, NOW)
    }

    #[test]
    fn an_address_asks_for_a_token_without_port_and_query_and_with_a_last_slash() {
        for text in [
            "sb://ns.example.net/a/b",
            "SB://NS.example.net:9351/a/b/",
            "net.tcp://ns.example.net:9351/a/b?x=y",
            "https://ns.example.net/a/b#z",
        ] {
            let address = ServiceAddress::parse(text).unwrap();
            assert_eq!(audience(&address.host, address.path.raw()), "http://ns.example.net/a/b/");
        }
        let root = ServiceAddress::parse("sb://h").unwrap();
        assert_eq!(audience(&root.host, root.path.raw()), "http://h/");
    }

    // Page 8.1: what the library makes of `sb://ns.example.net:9351/a/b?x`, in lower case and with lower-case escapes.
    #[test]
    fn signature_for_the_audience_of_the_library_is_taken() {
        let name = KeyName::parse("send").unwrap();
        let token = mint("http://ns.example.net/a/b/", &name, &"k".to_owned().into(), SOON);
        assert_eq!(ask(&token, Right::Send, &[]).unwrap().key_name, name);
        assert_eq!(ask(&token, Right::Listen, &[]), Err(AuthError::MissingRight { needed: Right::Listen }));
        // The whole namespace, and what lies below.
        for path in ["", "a/", "a/b/sub/"] {
            let token = mint(&format!("sb://ns.example.net/{path}"), &name, &"k".to_owned().into(), SOON);
            assert!(ask(&token, Right::Send, &[]).is_ok(), "{path}");
        }
    }

    #[test]
    fn simple_web_tokens_are_taken_only_where_the_namespace_names_their_issuer() {
        let token = mint_swt(&issuer(), "http://ns.example.net/a/b/", SOON).unwrap();
        let malformed = Err(AuthError::MalformedToken(TokenError::NotSas));
        assert_eq!(ask(&token, Right::Send, &[]), malformed);
        for form in
            [token.clone(), format!("WRAP access_token=\"{token}\""), format!("wrap  access_token={token}")]
        {
            let authorized = ask(&form, Right::Send, &[issuer()]).unwrap();
            assert_eq!((authorized.key_name.as_str(), authorized.expires), ("acs", SOON));
            assert_eq!(ask(&form, Right::Send, &[]), malformed);
        }
    }

    #[test]
    fn simple_web_tokens_are_refused_for_what_is_wrong_with_them() {
        let issuers = [issuer()];
        let minted = |audience: &str, expires, need| {
            ask(&mint_swt(&issuers[0], audience, expires).unwrap(), need, &issuers)
        };
        let good = "http://ns.example.net/a/b/";
        assert_eq!(minted(good, SOON, Right::Listen), Err(AuthError::MissingRight { needed: Right::Listen }));
        assert_eq!(minted("http://other/a/b/", SOON, Right::Send), Err(AuthError::InvalidAudience));
        assert_eq!(minted("http://ns.example.net/a/bc/", SOON, Right::Send), Err(AuthError::InvalidAudience));
        let ended = UnixTime(NOW.0 - 301);
        assert_eq!(minted(good, ended, Right::Send), Err(AuthError::ExpiredToken { expired: ended }));
        assert!(minted(good, UnixTime(NOW.0 - 300), Right::Send).is_ok());
        let other = SwtIssuer { key: STANDARD.encode([2; 32]).into(), ..issuer() };
        let token = mint_swt(&other, good, SOON).unwrap();
        assert_eq!(ask(&token, Right::Send, &issuers), Err(AuthError::InvalidSignature));
    }

    #[test]
    fn other_kinds_are_malformed_and_none_is_missing() {
        let issuers = [issuer()];
        for text in ["eyJhbGciOi.J9.x", "WRAP", "WRAP access_token=\"\"", "WRAPaccess_token=x", "é"] {
            let answer = ask(text, Right::Send, &issuers);
            let empty = text.ends_with("\"\"");
            assert_eq!(
                answer,
                Err(if empty {
                    AuthError::MissingToken
                } else {
                    AuthError::MalformedToken(TokenError::NotSas)
                }),
                "{text}"
            );
        }
    }

    #[test]
    fn anonymous_relay_asks_nobody() {
        let (namespace, mut relay) = world();
        let options = TokenOptions::default();
        let tokens = WcfTokens { options: &options, issuers: &[] };
        let path = RelayPath::parse("/a/b").unwrap();
        let ask = |relay: &Relay| tokens.authorize_sender(None, &namespace, relay, &path, NOW);
        assert_eq!(ask(&relay), Err(AuthError::MissingToken));
        relay.requires_client_authorization = false;
        assert_eq!(ask(&relay), Ok(None));
    }
}

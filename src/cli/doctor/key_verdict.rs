//! What the answers of a gateway say about a key and a relay.

use super::finding::{Check, Fault, Finding, Whose};
use super::key_answer::Answer;
use crate::entity::Right;

/// What was asked, and about what.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    /// The policy; none where the connection string holds a token or nothing.
    pub(super) policy: Option<&'a str>,
    /// The relay; none where only the namespace was meant.
    pub(super) path: Option<&'a str>,
    pub(super) host: &'a str,
    /// WCF programs are to be served: they make relays.
    pub(super) wcf: bool,
    /// What the key must be good for; none: either.
    pub(super) needed: Option<Right>,
    /// What the clock check found: ours is wrong.
    pub(super) clock_is_wrong: bool,
}

/// The findings about a key, from the answers to what was asked with it.
pub(super) fn verdict(answers: &[(Right, Answer)], about: &About<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let mut held: Vec<Right> = Vec::new();
    let mut unknown = false;
    let mut listens = None;
    for (right, answer) in answers {
        match answer {
            Answer::Good(somebody) => {
                held.push(*right);
                listens = listens.or(*somebody);
            }
            Answer::NoSuchRelay => {
                held.push(*right);
                unknown = true;
            }
            Answer::MissingRight => {}
            other => {
                let finding = refused(other, about);
                if !found.contains(&finding) {
                    found.push(finding);
                }
            }
        }
    }
    if !found.is_empty() {
        return found;
    }
    let whose = match about.policy {
        Some(policy) => format!("the policy {policy}"),
        None => "the token".to_owned(),
    };
    let lacks = match about.needed {
        Some(needed) if !held.contains(&needed) => Some(format!("does not hold {needed}")),
        None if held.is_empty() => Some("holds neither Listen nor Send".to_owned()),
        _ => None,
    };
    if let Some(lacks) = lacks {
        let advice =
            "use a policy with Listen for a service, with Send for a client (`rights` in viaduct.toml)";
        let seen = format!("{whose} is known, but {lacks}{}", place(about));
        return vec![Finding::failed(Check::Key, Fault::KeyRight, seen, Whose::Connection, advice)];
    }
    let rights = held.iter().map(Right::to_string).collect::<Vec<_>>().join(" and ");
    match about.path {
        None => vec![Finding::ok(
            Check::Key,
            format!("{whose} is good for {rights} in the namespace; no relay was named"),
        )],
        Some(path) if unknown => vec![unknown_relay(path, &whose, &rights, about)],
        Some(path) => {
            let somebody = match listens {
                Some(true) => "; a service listens there",
                Some(false) => "; nobody listens there now",
                None => "",
            };
            vec![Finding::ok(Check::Key, format!("{whose} is good for {rights} at {path}{somebody}"))]
        }
    }
}

/// What senders without any token may.
pub(super) fn anonymous(answer: &Answer, about: &About<'_>) -> Finding {
    match answer {
        Answer::Good(_) => Finding::ok(
            Check::Key,
            format!("there is none, and {} asks senders for none", about.path.unwrap_or("the relay")),
        ),
        other => refused(other, about),
    }
}

fn unknown_relay(path: &str, whose: &str, rights: &str, about: &About<'_>) -> Finding {
    let seen = format!("{whose} is good for {rights}, but there is no relay {path}");
    if about.wcf {
        let advice = "start the service: programs of Microsoft.ServiceBus.dll make their relay (IsDynamic), unless the namespace's \
                      dynamic_relays is \"off\"; or declare it in viaduct.toml, with kind = \"wcf\"";
        return Finding::warning(Check::Key, Fault::RelayUnknown, seen, Whose::Gateway, advice);
    }
    let advice =
        "correct the path, or declare the relay ([[namespaces.relays]] in viaduct.toml, then SIGHUP)";
    Finding::failed(Check::Key, Fault::RelayUnknown, seen, Whose::Connection, advice)
}

fn refused(answer: &Answer, about: &About<'_>) -> Finding {
    let host = about.host;
    let policy = about.policy.unwrap_or("that made the token");
    let of =
        |fault, seen: String, whose, advice: &str| Finding::failed(Check::Key, fault, seen, whose, advice);
    match answer {
        Answer::Good(_) | Answer::MissingRight => of(
            Fault::KeyRight,
            format!("the right is lacking{}", place(about)),
            Whose::Connection,
            "use a policy with Listen for a service, with Send for a client (`rights` in viaduct.toml)",
        ),
        Answer::NoSuchRelay => of(
            Fault::RelayUnknown,
            format!("there is no relay {}", about.path.unwrap_or_default()),
            Whose::Connection,
            "correct the path, or declare the relay ([[namespaces.relays]] in viaduct.toml, then SIGHUP)",
        ),
        Answer::MissingToken => of(
            Fault::KeyMissing,
            "the connection string holds no key, and one is needed".to_owned(),
            Whose::Connection,
            "use one with SharedAccessKeyName and SharedAccessKey",
        ),
        Answer::BadSignature => of(
            Fault::KeyWrong,
            format!("the gateway knows no policy {policy} with this key{}", place(about)),
            Whose::Connection,
            "copy name and key again, the key whole with its `=` at the end; they are compared letter by letter. A key that was \
             renewed is good no more; a policy of one relay is good there alone, so name that relay; the keys of Azure are not \
             known here unless they stand in viaduct.toml",
        ),
        Answer::BadAudience => of(
            Fault::TokenAudience,
            format!("the token is for another host or relay than {host}{}", place(about)),
            Whose::Connection,
            "have one made for this host and relay; where a program signs for the name it had at Azure, add that name to the \
             namespace's `hosts`",
        ),
        Answer::Expired if about.clock_is_wrong => of(
            Fault::TokenExpired,
            "the token had ended when it arrived, because this machine's clock is behind".to_owned(),
            Whose::Here,
            "set the clock by a time server first",
        ),
        Answer::Expired => of(
            Fault::TokenExpired,
            "the token has ended".to_owned(),
            Whose::Connection,
            "have a new SharedAccessSignature made, or use a connection string with a key",
        ),
        Answer::Malformed => of(
            Fault::TokenMalformed,
            "the SharedAccessSignature cannot be read".to_owned(),
            Whose::Connection,
            "copy it whole: SharedAccessSignature sr=…&sig=…&se=…&skn=…",
        ),
        Answer::AddressRefused => of(
            Fault::AddressRefused,
            "the gateway lets nobody in from this machine's address".to_owned(),
            Whose::Gateway,
            "let it allow the address, or dial from another",
        ),
        Answer::Disabled => of(
            Fault::RelayDisabled,
            "the relay is switched off".to_owned(),
            Whose::Gateway,
            "set `enabled = true` for it",
        ),
        Answer::Conflict => of(
            Fault::RelayConflict,
            "the relay is in use in another way".to_owned(),
            Whose::Gateway,
            "look at its `kind` and `wcf_type` in viaduct.toml, or name another",
        ),
        Answer::Quota(words) => of(
            Fault::QuotaExceeded,
            words.clone(),
            Whose::Gateway,
            "raise the limit in [limits], or end listeners and connections that nobody needs",
        ),
        Answer::HostUnknown => of(
            Fault::HostUnknown,
            format!("the gateway has no namespace that answers at {host}"),
            Whose::Gateway,
            "add the name to `hosts` of the namespace in viaduct.toml, or correct Endpoint",
        ),
        Answer::Throttled => of(
            Fault::Throttled,
            "the gateway holds this machine's address off after too many failed attempts".to_owned(),
            Whose::Here,
            "end the programs here that try with a wrong key, wait a minute, try again",
        ),
        Answer::Busy => of(
            Fault::GatewayBusy,
            "the gateway starts, stops or is overloaded".to_owned(),
            Whose::Gateway,
            "try again in a minute; its log and /readyz say more",
        ),
        Answer::Strange(words) => of(
            Fault::NoRelayThere,
            format!("what answers is no relay: {words}"),
            Whose::Network,
            "see what stands between: a load balancer or a proxy that speaks HTTP must pass WebSocket upgrades and reason \
             phrases through",
        ),
        Answer::None(words) => of(
            Fault::NoAnswer,
            format!("the question went unanswered: {words}"),
            Whose::Network,
            "look whether something on the way holds WebSocket upgrades up; then at the gateway's log",
        ),
    }
}

fn place(about: &About<'_>) -> String {
    about.path.map(|path| format!(" at {path}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Status;

    const ABOUT: About<'static> = About {
        policy: Some("send"),
        path: Some("credit-check"),
        host: "relay.example.net",
        wcf: false,
        needed: None,
        clock_is_wrong: false,
    };

    fn of(answers: &[(Right, Answer)], about: &About<'_>) -> (Status, Option<Fault>, String) {
        let found = verdict(answers, about);
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].status, found[0].fault(), found[0].seen.clone())
    }

    #[test]
    fn a_good_key_says_for_what_and_whether_somebody_listens() {
        use Right::{Listen, Send};
        let (status, _, seen) =
            of(&[(Listen, Answer::MissingRight), (Send, Answer::Good(Some(true)))], &ABOUT);
        assert_eq!(status, Status::Ok);
        assert_eq!(seen, "the policy send is good for Send at credit-check; a service listens there");
        let (_, _, seen) = of(&[(Listen, Answer::Good(None)), (Send, Answer::Good(Some(false)))], &ABOUT);
        assert_eq!(
            seen,
            "the policy send is good for Listen and Send at credit-check; nobody listens there now"
        );
    }

    #[test]
    fn a_lacking_right_is_a_fault_where_it_is_needed() {
        use Right::{Listen, Send};
        let answers = [(Listen, Answer::MissingRight), (Send, Answer::MissingRight)];
        assert_eq!(of(&answers, &ABOUT).1, Some(Fault::KeyRight));
        let needed = About { needed: Some(Listen), ..ABOUT };
        let (_, fault, seen) = of(&[(Listen, Answer::MissingRight)], &needed);
        assert_eq!(fault, Some(Fault::KeyRight));
        assert_eq!(seen, "the policy send is known, but does not hold Listen at credit-check");
    }

    #[test]
    fn an_unknown_relay_is_a_fault_unless_listeners_make_it_or_none_was_named() {
        let answers = [(Right::Listen, Answer::NoSuchRelay)];
        assert_eq!(of(&answers, &ABOUT).0, Status::Failed);
        let (status, fault, _) = of(&answers, &About { wcf: true, ..ABOUT });
        assert_eq!((status, fault), (Status::Warning, Some(Fault::RelayUnknown)));
        assert_eq!(of(&answers, &About { path: None, ..ABOUT }).0, Status::Ok);
    }

    #[test]
    fn each_other_answer_is_a_fault_of_its_own() {
        let answers = [
            Answer::MissingToken,
            Answer::BadSignature,
            Answer::BadAudience,
            Answer::Expired,
            Answer::Malformed,
            Answer::AddressRefused,
            Answer::Disabled,
            Answer::Conflict,
            Answer::Quota("q".to_owned()),
            Answer::HostUnknown,
            Answer::Throttled,
            Answer::Busy,
            Answer::Strange("404".to_owned()),
            Answer::None("late".to_owned()),
        ];
        let faults: Vec<Fault> = answers
            .iter()
            .map(|answer| {
                let twice = [(Right::Listen, answer.clone()), (Right::Send, answer.clone())];
                of(&twice, &ABOUT).1.unwrap()
            })
            .collect();
        for (index, fault) in faults.iter().enumerate() {
            assert!(!faults[..index].contains(fault), "{fault:?} twice");
        }
    }

    #[test]
    fn a_token_that_has_ended_because_of_our_clock_is_our_fault() {
        let found = verdict(&[(Right::Send, Answer::Expired)], &About { clock_is_wrong: true, ..ABOUT });
        assert_eq!(found[0].trouble.as_ref().unwrap().whose, Whose::Here);
    }

    #[test]
    fn without_a_key_an_anonymous_relay_is_good() {
        assert_eq!(anonymous(&Answer::Good(Some(true)), &ABOUT).status, Status::Ok);
        assert_eq!(anonymous(&Answer::MissingToken, &ABOUT).fault(), Some(Fault::KeyMissing));
    }
}

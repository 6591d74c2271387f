//! Whether a listener may stand beside those that are there.

use super::Registration;
use crate::entity::EntityPath;

/// What a store answers to a listener that wants to be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// Senders find it now.
    Yes,
    /// The relay has as many listeners as it may have.
    TooMany,
    /// The address is in use in another way: by listeners with other terms, or above or below by a relay that another policy's
    /// listeners made.
    InUse,
}

/// Decides over `new` beside `others`, all of its namespace and none of them itself. `most`: listeners of one relay, 0 = no limit.
///
/// A store calls this where nothing else can change what it holds, so that two that come at once do not both find room.
pub fn admission<'a>(
    new: &Registration,
    others: impl IntoIterator<Item = &'a Registration>,
    most: u32,
) -> Registered {
    let mut here = 0;
    for other in others {
        if other.relay == new.relay {
            here += 1;
            if let (Some(new), Some(other)) = (&new.wcf, &other.wcf)
                && !new.agree(other)
            {
                return Registered::InUse;
            }
        } else if let (Some(terms), Some(theirs)) = (&new.wcf, &other.wcf)
            && terms.dynamic
            && theirs.dynamic
            && terms.key_name != theirs.key_name
            && one_above_the_other(&new.relay.path, &other.relay.path)
        {
            return Registered::InUse;
        }
    }
    if most != 0 && here >= most as usize { Registered::TooMany } else { Registered::Yes }
}

/// Whether one path is a whole-segment prefix of the other.
pub fn one_above_the_other(one: &EntityPath, other: &EntityPath) -> bool {
    one.segments().zip(other.segments()).all(|(one, other)| one.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{KeyName, RelayKey};
    use crate::relay::{WcfTerms, testing};
    use crate::wire::relayed::ListenerType;

    fn at(path: &str, terms: WcfTerms) -> Registration {
        let relay = RelayKey { path: EntityPath::parse(path).unwrap(), ..testing::relay() };
        Registration { relay, wcf: Some(terms), ..testing::registration(1) }
    }

    #[test]
    fn listeners_of_the_same_terms_stand_side_by_side_up_to_the_limit() {
        let one = at("echo", testing::wcf_terms());
        assert_eq!(admission(&one, [&one, &one], 3), Registered::Yes);
        assert_eq!(admission(&one, [&one, &one, &one], 3), Registered::TooMany);
        assert_eq!(admission(&one, [&one, &one, &one], 0), Registered::Yes);
    }

    #[test]
    fn one_difference_in_the_terms_is_a_conflict() {
        let there = at("echo", testing::wcf_terms());
        for terms in [
            WcfTerms { listener_type: ListenerType::RelayedHttp, ..testing::wcf_terms() },
            WcfTerms { dynamic: false, ..testing::wcf_terms() },
            WcfTerms { requires_client_authorization: false, ..testing::wcf_terms() },
            WcfTerms { requires_transport_security: false, ..testing::wcf_terms() },
        ] {
            assert_eq!(admission(&at("ECHO", terms), [&there], 0), Registered::InUse);
        }
        let renamed = WcfTerms { published: Some("Echo".into()), ..testing::wcf_terms() };
        assert_eq!(admission(&at("echo", renamed), [&there], 0), Registered::Yes);
    }

    #[test]
    fn a_relay_is_not_made_above_or_below_one_of_another_policy() {
        let there = at("a/b", testing::wcf_terms());
        let other = WcfTerms { key_name: KeyName::parse("other").unwrap(), ..testing::wcf_terms() };
        for path in ["a", "A/B/c"] {
            assert_eq!(admission(&at(path, other.clone()), [&there], 0), Registered::InUse, "{path}");
            assert_eq!(admission(&at(path, testing::wcf_terms()), [&there], 0), Registered::Yes, "{path}");
        }
        assert_eq!(admission(&at("a/bc", other), [&there], 0), Registered::Yes);
    }
}

//! Which of a relay's listeners gets the next sender.

use super::{ListenerId, Registration, Shape, listener_tag};

/// Which listeners a sender will have, by their tags. Source: hybrid page 2.6.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListenerFilter {
    /// When not empty: these alone. In the form of [`listener_tag`].
    pub allowed: Vec<String>,
    /// Never these. In the form of [`listener_tag`].
    pub disallowed: Vec<String>,
}

impl ListenerFilter {
    /// From the values of `Microsoft-Relay-AllowedListeners` and `Microsoft-Relay-DisallowedListeners`, each a list
    /// separated by commas; a header may come several times. A list that names nothing is no list.
    pub fn parse<'a>(
        allowed: impl IntoIterator<Item = &'a str>,
        disallowed: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self { allowed: tags(allowed), disallowed: tags(disallowed) }
    }

    /// Whether this sender will have the listener of that tag. A listener without a tag is in no list.
    pub fn allows(&self, tag: Option<&str>) -> bool {
        let named_in = |list: &[String]| tag.is_some_and(|tag| list.iter().any(|name| name == tag));
        (self.allowed.is_empty() || named_in(&self.allowed)) && !named_in(&self.disallowed)
    }
}

fn tags<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    values
        .into_iter()
        .flat_map(|value| value.split(','))
        .map(listener_tag)
        .filter(|tag| !tag.is_empty())
        .collect()
}

/// Picks one of the listeners that serve `shape`, pass `filter` and are not in `tried`, each equally likely.
/// The same `random` picks the same one.
pub fn choose<'a>(
    candidates: &'a [Registration],
    filter: &ListenerFilter,
    shape: Shape,
    tried: &[ListenerId],
    random: u64,
) -> Result<&'a Registration, NoListener> {
    if candidates.is_empty() {
        return Err(NoListener::NoneConnected);
    }
    let mut left: Vec<&Registration> = candidates.iter().filter(|each| each.shapes.has(shape)).collect();
    if left.is_empty() {
        return Err(NoListener::NoneOfShape);
    }
    left.retain(|each| filter.allows(each.tag.as_deref()));
    if left.is_empty() {
        return Err(NoListener::NoneAllowed);
    }
    left.retain(|each| !tried.contains(&each.listener));
    // The bias of a remainder of 2^64 over a handful of listeners cannot be seen.
    let index = random.checked_rem(left.len() as u64).ok_or(NoListener::AllTried)?;
    Ok(left[index as usize])
}

/// Why no listener could be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoListener {
    /// The relay has no listener.
    #[error("no listener is connected")]
    NoneConnected,
    /// The relay has listeners, but none takes this shape.
    #[error("no connected listener takes this shape")]
    NoneOfShape,
    /// The sender's own lists exclude every one.
    #[error("the sender's lists exclude every connected listener")]
    NoneAllowed,
    /// Each that would do was tried before.
    #[error("every listener was tried")]
    AllTried,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::{Shapes, testing};

    const RED: &str = "0f0d6a6e-6a3a-4f0e-9d0c-2f6f8f1f3b55";
    const BLUE: &str = "1a2b3c4d-6a3a-4f0e-9d0c-2f6f8f1f3b55";

    fn two() -> Vec<Registration> {
        let tagged = |n, tag: &str| Registration { tag: Some(tag.to_owned()), ..testing::registration(n) };
        vec![tagged(1, RED), tagged(2, BLUE)]
    }

    fn pick(filter: &ListenerFilter) -> Result<ListenerId, NoListener> {
        choose(&two(), filter, Shape::Stream, &[], 0).map(|chosen| chosen.listener)
    }

    #[test]
    fn no_candidates_means_none_connected_whatever_the_lists_say() {
        let filter = ListenerFilter::parse([RED], []);
        assert_eq!(choose(&[], &filter, Shape::Stream, &[], 7), Err(NoListener::NoneConnected));
    }

    #[test]
    fn an_allowed_list_picks_by_id_ignoring_case_and_gateway_suffix() {
        let filter = ListenerFilter::parse([format!(" {}_G7 , other", BLUE.to_uppercase()).as_str()], []);
        assert_eq!(pick(&filter), Ok(ListenerId::new(2)));
    }

    #[test]
    fn a_disallowed_list_excludes_and_wins_over_the_allowed_one() {
        assert_eq!(pick(&ListenerFilter::parse([], [RED])), Ok(ListenerId::new(2)));
        assert_eq!(pick(&ListenerFilter::parse([RED], [RED])), Err(NoListener::NoneAllowed));
    }

    #[test]
    fn lists_that_exclude_everyone_are_told_apart_from_no_listener_at_all() {
        let filter = ListenerFilter::parse([], [format!("{RED},{BLUE}").as_str()]);
        assert_eq!(pick(&filter), Err(NoListener::NoneAllowed));
    }

    #[test]
    fn a_list_that_names_nothing_is_no_list() {
        assert_eq!(ListenerFilter::parse([" , "], [""]), ListenerFilter::default());
    }

    #[test]
    fn a_listener_without_a_tag_is_never_on_an_allowed_list() {
        let nameless = [testing::registration(1)];
        let filter = ListenerFilter::parse([RED], []);
        assert_eq!(choose(&nameless, &filter, Shape::Stream, &[], 0), Err(NoListener::NoneAllowed));
        let filter = ListenerFilter::parse([], [RED]);
        assert!(choose(&nameless, &filter, Shape::Stream, &[], 0).is_ok());
    }

    #[test]
    fn a_shape_nobody_takes_is_told_apart() {
        assert_eq!(
            choose(&two(), &ListenerFilter::default(), Shape::OneWay, &[], 0),
            Err(NoListener::NoneOfShape)
        );
    }

    #[test]
    fn a_listener_of_another_shape_is_never_chosen() {
        let mut candidates = two();
        candidates[0].shapes = Shapes { exchange: false, ..Shapes::HYBRID };
        for random in 0..10 {
            let chosen =
                choose(&candidates, &ListenerFilter::default(), Shape::Exchange, &[], random).unwrap();
            assert_eq!(chosen.listener, ListenerId::new(2));
        }
    }

    #[test]
    fn a_tried_listener_is_not_chosen_again() {
        let (candidates, filter) = (two(), ListenerFilter::default());
        let tried = [ListenerId::new(1)];
        assert_eq!(
            choose(&candidates, &filter, Shape::Stream, &tried, 0).unwrap().listener,
            ListenerId::new(2)
        );
        let tried = [ListenerId::new(2), ListenerId::new(1)];
        assert_eq!(choose(&candidates, &filter, Shape::Stream, &tried, 0), Err(NoListener::AllTried));
    }

    /// Hybrid page, section 11, point 11.
    #[test]
    fn two_listeners_are_both_used_over_a_hundred_senders() {
        use rand::{RngExt, SeedableRng, rngs::StdRng};
        let (candidates, mut random) = (two(), StdRng::seed_from_u64(3));
        let first = (0..100)
            .filter(|_| {
                let chosen =
                    choose(&candidates, &ListenerFilter::default(), Shape::Stream, &[], random.random());
                chosen.unwrap().listener == ListenerId::new(1)
            })
            .count();
        assert!((30..=70).contains(&first), "{first} of 100");
    }
}

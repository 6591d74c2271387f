//! One-way messages and events with a fake clock: gateways, listeners with slow links, and a network between the gateways that
//! delays, doubles and loses what it likes. No socket, no sleep.
//!
//! [`plan`] says what a run is made of, and how proptest makes one up; [`world`] plays it.

mod plan;
mod world;

use std::collections::HashSet;

use plan::{Fate, Plan, calm_plan, plan};
use proptest::prelude::*;
use viaduct::relay::{Refusal, Spread};
use world::{Outcome, WAIT, World};

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_no_message_is_delivered_twice_and_none_is_acknowledged_that_had_not_arrived(plan in plan()) {
        let world = World::play(&plan);
        every_sender_has_one_outcome_in_time(&world)?;
        nobody_is_handed_anything_twice(&world)?;
        what_one_listener_may_have_no_other_gets(&plan, &world)?;
        what_is_acknowledged_has_arrived(&world)?;
        nothing_is_left(&world)?;
    }

    #[test]
    fn when_nothing_goes_wrong_every_message_is_acknowledged_and_events_reach_all(plan in calm_plan()) {
        let world = World::play(&plan);
        for (s, sender) in world.senders.iter().enumerate() {
            prop_assert_eq!(&sender.outcomes[..], &[Outcome::Acknowledged]);
            let had = world.accepted.iter().filter(|(_, sender)| *sender == s).count();
            let due = match plan.senders[s].spread {
                Spread::One => 1,
                Spread::All => plan.listeners.len(),
            };
            prop_assert_eq!(had, due);
        }
    }

    #[test]
    fn doubled_messages_change_no_outcome(plan in plan(), delay in 0u32..500, after in 0u32..5_000) {
        let once = Plan { network: vec![Fate(vec![delay])], ..plan.clone() };
        let twice = Plan { network: vec![Fate(vec![delay, delay + after])], ..plan };
        let (single, doubled) = (World::play(&once), World::play(&twice));
        for (single, doubled) in single.senders.iter().zip(&doubled.senders) {
            prop_assert_eq!(&single.outcomes, &doubled.outcomes);
        }
        prop_assert_eq!(single.handed, doubled.handed);
    }
}

fn every_sender_has_one_outcome_in_time(world: &World) -> Result<(), TestCaseError> {
    for sender in &world.senders {
        prop_assert_eq!(sender.outcomes.len(), 1, "{:?}", &sender.outcomes);
        prop_assert!(sender.ended - sender.came <= 2 * WAIT);
        if sender.outcomes[0] == Outcome::Refused(Refusal::ListenerDidNotRespond) {
            prop_assert!(sender.ended - sender.came >= WAIT);
        }
    }
    Ok(())
}

fn nobody_is_handed_anything_twice(world: &World) -> Result<(), TestCaseError> {
    let distinct: HashSet<_> = world.handed.iter().collect();
    prop_assert_eq!(distinct.len(), world.handed.len(), "handed over twice: {:?}", &world.handed);
    Ok(())
}

/// A message to one listener reaches a second one only when the first one gave it back.
fn what_one_listener_may_have_no_other_gets(plan: &Plan, world: &World) -> Result<(), TestCaseError> {
    for (s, sender) in plan.senders.iter().enumerate() {
        let keepers =
            world.handed.iter().filter(|pair| pair.1 == s && !world.given_back.contains(pair)).count();
        prop_assert!(
            sender.spread == Spread::All || keepers <= 1,
            "{keepers} listeners may have message {s}"
        );
    }
    Ok(())
}

fn what_is_acknowledged_has_arrived(world: &World) -> Result<(), TestCaseError> {
    for (s, sender) in world.senders.iter().enumerate() {
        let arrived = world.accepted.iter().any(|(_, sender)| *sender == s);
        prop_assert!(sender.outcomes[0] != Outcome::Acknowledged || arrived, "message {s} is nowhere");
    }
    Ok(())
}

fn nothing_is_left(world: &World) -> Result<(), TestCaseError> {
    for listener in &world.listeners {
        let left = listener.channel.as_ref().map_or(0, |channel| channel.outstanding());
        prop_assert_eq!(left, 0, "messages outstanding");
        prop_assert!(!listener.alive || listener.waiting.is_empty(), "messages wait for nobody");
    }
    Ok(())
}

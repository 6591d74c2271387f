//! Whole meetings with a fake clock: senders, gateways and listeners that may all die at any step, and a network between
//! the gateways that delays, doubles and loses what it likes. No socket, no sleep.
//!
//! [`plan`] says what a run is made of, and how proptest makes one up; [`world`] plays it.

mod names;
mod parties;
mod plan;
mod world;

use std::collections::HashSet;
use std::time::Duration;

use parties::Outcome;
use plan::{Fate, Habit, Plan, Wants, calm_plan, draining_plan, plan};
use proptest::prelude::*;
use viaduct::relay::Refusal;
use world::World;

/// As in `Timeouts::default()`.
const ACCEPT: Duration = Duration::from_secs(30);
const RESPOND: Duration = Duration::from_secs(60);
/// Nothing a listener, a sender or the network does in a plan takes longer, so a wait that ends by a deadline of silence
/// ends within this much more for each step of a body.
const STEP: Duration = Duration::from_secs(61);

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_sender_has_one_outcome_in_time_and_nothing_is_left(plan in plan()) {
        let world = World::play(&plan);
        every_sender_has_one_outcome_in_time(&plan, &world)?;
        nothing_is_left(&world)?;
        nobody_is_handed_anything_twice(&plan, &world)?;
        no_rendezvous_is_used_twice(&world)?;
        every_listener_is_withdrawn_once_and_gets_nothing_after(&world)?;
        outcomes_are_what_happened(&plan, &world)?;
    }

    #[test]
    fn when_nothing_goes_wrong_every_sender_is_served(plan in calm_plan()) {
        let world = World::play(&plan);
        for sender in &world.senders {
            prop_assert!(sender.is_served(), "{:?}", sender.outcome());
        }
    }

    #[test]
    fn a_gateway_that_drains_finishes_what_its_listeners_were_handed(plan in draining_plan()) {
        let world = World::play(&plan);
        for (index, sender) in world.senders.iter().enumerate() {
            let was_handed = world.handed.iter().any(|(_, sender)| *sender == index);
            let nobody = [Refusal::NoListener, Refusal::Draining].map(Outcome::Refused);
            prop_assert!(
                sender.is_served() || !was_handed && nobody.contains(sender.outcome()),
                "{:?}",
                sender.outcome()
            );
        }
    }

    #[test]
    fn doubled_messages_change_no_outcome(plan in plan(), delay in 0u32..500, after in 0u32..5_000) {
        let once = Plan { network: vec![Fate(vec![delay])], ..plan.clone() };
        let twice = Plan { network: vec![Fate(vec![delay, delay + after])], ..plan };
        let (single, doubled) = (World::play(&once), World::play(&twice));
        for (single, doubled) in single.senders.iter().zip(&doubled.senders) {
            prop_assert_eq!(single.outcome(), doubled.outcome());
        }
    }
}

fn every_sender_has_one_outcome_in_time(plan: &Plan, world: &World) -> Result<(), TestCaseError> {
    for (sender, planned) in world.senders.iter().zip(&plan.senders) {
        prop_assert_eq!(sender.outcomes.len(), 1, "{:?} of {:?}", sender.outcomes, planned);
        let steps = planned.steps() + plan.longest_response();
        let most = match planned.wants {
            Wants::Stream => ACCEPT,
            Wants::Inline | Wants::Large { .. } => RESPOND + STEP * steps,
        };
        let took = sender.ended - sender.came;
        prop_assert!(took <= most, "{took:?} for {planned:?}");
        let refused_for_time = [Refusal::ListenerDidNotAccept, Refusal::ListenerDidNotRespond];
        if let Outcome::Refused(refusal) = sender.outcome()
            && refused_for_time.contains(refusal)
        {
            prop_assert!(took >= ACCEPT, "{refusal:?} after {took:?}");
        }
    }
    Ok(())
}

fn nothing_is_left(world: &World) -> Result<(), TestCaseError> {
    for gateway in &world.gateways {
        prop_assert!(gateway.table.is_empty() || !gateway.alive, "{} rendezvous left", gateway.table.len());
    }
    for listener in &world.listeners {
        let left = listener.channel.as_ref().map_or(0, |channel| channel.outstanding());
        prop_assert_eq!(left, 0, "invitations outstanding");
    }
    Ok(())
}

fn nobody_is_handed_anything_twice(plan: &Plan, world: &World) -> Result<(), TestCaseError> {
    let distinct: HashSet<_> = world.handed.iter().collect();
    prop_assert_eq!(distinct.len(), world.handed.len(), "handed over twice: {:?}", &world.handed);
    for (index, sender) in plan.senders.iter().enumerate() {
        if sender.wants == Wants::Inline {
            let had = world.handed.iter().filter(|(_, sender)| *sender == index).count();
            prop_assert!(had <= 1, "an exchange was handed to {had} listeners");
        }
    }
    Ok(())
}

fn no_rendezvous_is_used_twice(world: &World) -> Result<(), TestCaseError> {
    let distinct: HashSet<_> = world.claimed.iter().collect();
    prop_assert_eq!(distinct.len(), world.claimed.len(), "used twice: {:?}", &world.claimed);
    Ok(())
}

fn every_listener_is_withdrawn_once_and_gets_nothing_after(world: &World) -> Result<(), TestCaseError> {
    for listener in &world.listeners {
        prop_assert!(listener.withdrawn <= 1);
        let gateway_lives = world.gateways[listener.gateway].alive;
        prop_assert!(
            listener.withdrawn == 1 || listener.channel.is_some() || !gateway_lives || !listener.came
        );
        prop_assert_eq!(listener.handed_after_withdrawal, 0);
    }
    Ok(())
}

/// Nobody is told a thing that is not so.
fn outcomes_are_what_happened(plan: &Plan, world: &World) -> Result<(), TestCaseError> {
    for (index, sender) in world.senders.iter().enumerate() {
        let had = |listener: usize| world.handed.contains(&(listener, index));
        match sender.outcome() {
            Outcome::Joined { listener } | Outcome::Served { listener } | Outcome::Broken { listener } => {
                prop_assert!(had(*listener), "listener {listener} came uninvited");
            }
            Outcome::Refused(Refusal::Rejected { .. }) => {
                prop_assert!(plan.listeners.iter().any(|each| each.has(Habit::is_rejection)));
            }
            Outcome::Refused(Refusal::ListenerMisbehaved) => {
                prop_assert!(plan.listeners.iter().any(|each| each.has(Habit::is_bad)));
            }
            Outcome::Refused(Refusal::SenderStalled) => prop_assert!(plan.senders[index].stalls()),
            Outcome::Refused(Refusal::ListenerGone) => {
                prop_assert!((0..plan.listeners.len()).any(had), "nobody had it, so nobody can be gone");
            }
            Outcome::Refused(Refusal::Overloaded) => prop_assert!(plan.outstanding != 0),
            Outcome::Refused(_) | Outcome::Left | Outcome::GatewayDied => {}
        }
    }
    Ok(())
}

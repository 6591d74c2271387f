//! What one run is made of. All times are milliseconds; proptest shrinks them towards a short and simple story.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use viaduct::relay::Spread;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) listeners: Vec<ListenerPlan>,
    pub(crate) senders: Vec<SenderPlan>,
    /// What becomes of the messages between gateways, one after the other, again and again.
    pub(crate) network: Vec<Fate>,
    pub(crate) random: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct ListenerPlan {
    pub(crate) gateway: usize,
    pub(crate) comes: u32,
    /// When its connection breaks.
    pub(crate) leaves: Option<u32>,
    /// When its gateway drains.
    pub(crate) drains: Option<u32>,
    /// How many messages it takes before it has answered one; what does not fit waits at its gateway.
    pub(crate) credit: usize,
    /// How many bytes may be outstanding; each message has one.
    pub(crate) room: usize,
    /// What it does with its messages, one after the other, again and again.
    pub(crate) habits: Vec<Habit>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Habit {
    Accept {
        after: u32,
    },
    GiveBack {
        after: u32,
    },
    /// It takes the message and says nothing.
    Ignore,
}

#[derive(Clone, Debug)]
pub(crate) struct SenderPlan {
    pub(crate) gateway: usize,
    pub(crate) comes: u32,
    pub(crate) spread: Spread,
}

/// When the copies of a message arrive; none = it is lost.
#[derive(Clone, Debug)]
pub(crate) struct Fate(pub(crate) Vec<u32>);

pub(crate) const GATEWAYS: usize = 2;

/// Anything.
pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    (vec(listener(), 0..4), vec(sender(), 1..8), vec(fate(), 1..8), any::<u64>())
        .prop_map(|(listeners, senders, network, random)| Plan { listeners, senders, network, random })
}

/// The network is reliable, every listener accepts, and all are quicker than any deadline.
pub(crate) fn calm_plan() -> impl Strategy<Value = Plan> {
    let habit = (0..300u32).prop_map(|after| Habit::Accept { after });
    let listener = (0..GATEWAYS, 1..4usize, vec(habit, 1..3)).prop_map(|(gateway, credit, habits)| {
        ListenerPlan { gateway, comes: 0, leaves: None, drains: None, credit, room: 100, habits }
    });
    let fate = vec(0..1_000u32, 1..3).prop_map(Fate);
    (vec(listener, 1..4), vec(sender(), 1..8), vec(fate, 1..8), any::<u64>())
        .prop_map(|(listeners, senders, network, random)| Plan { listeners, senders, network, random })
}

fn listener() -> impl Strategy<Value = ListenerPlan> {
    let comes = prop_oneof![3 => Just(0), 1 => 0..20_000u32];
    let sometimes = || option::weighted(0.3, 0..40_000u32);
    (0..GATEWAYS, comes, sometimes(), sometimes(), 0..4usize, 1..6usize, vec(habit(), 1..4)).prop_map(
        |(gateway, comes, leaves, drains, credit, room, habits)| ListenerPlan {
            gateway,
            comes,
            leaves,
            drains,
            credit,
            room,
            habits,
        },
    )
}

fn habit() -> impl Strategy<Value = Habit> {
    prop_oneof![
        4 => pause().prop_map(|after| Habit::Accept { after }),
        2 => pause().prop_map(|after| Habit::GiveBack { after }),
        1 => Just(Habit::Ignore),
    ]
}

fn sender() -> impl Strategy<Value = SenderPlan> {
    let spread = prop_oneof![2 => Just(Spread::One), 1 => Just(Spread::All)];
    (0..GATEWAYS, 1..30_000u32, spread).prop_map(|(gateway, comes, spread)| SenderPlan {
        gateway,
        comes,
        spread,
    })
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        1 => Just(Fate(Vec::new())),
        4 => vec(0..200u32, 1..2).prop_map(Fate),
        2 => vec(0..15_000u32, 1..4).prop_map(Fate),
    ]
}

/// Mostly short, sometimes longer than the wait.
fn pause() -> impl Strategy<Value = u32> {
    prop_oneof![5 => 0..1_000u32, 2 => 0..12_000u32]
}

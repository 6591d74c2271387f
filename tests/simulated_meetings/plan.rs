//! What one run is made of. All times are milliseconds; proptest shrinks them towards a short and simple story.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) gateways: Vec<GatewayPlan>,
    pub(crate) listeners: Vec<ListenerPlan>,
    pub(crate) senders: Vec<SenderPlan>,
    /// What becomes of the messages between gateways, one after the other, again and again.
    pub(crate) network: Vec<Fate>,
    /// When the relay is deleted.
    pub(crate) deleted: Option<u32>,
    /// How many invitations a listener may have outstanding; 0 = no limit.
    pub(crate) outstanding: u32,
    pub(crate) random: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct GatewayPlan {
    pub(crate) dies: Option<u32>,
    pub(crate) drains: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) struct ListenerPlan {
    pub(crate) gateway: usize,
    pub(crate) comes: u32,
    pub(crate) leaves: Option<(u32, Leave)>,
    /// What it does with its invitations, one after the other, again and again.
    pub(crate) habits: Vec<Habit>,
    /// How long its token lives, in seconds; it never shows a new one.
    pub(crate) token: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Its connection breaks, and its gateway notices.
    Lost,
    /// It says nothing any more, and nobody notices.
    Silent,
}

/// What a listener does with an invitation.
#[derive(Clone, Debug)]
pub(crate) enum Habit {
    Ignore,
    /// Dials; for an exchange it then sends a response.
    Dial {
        after: u32,
        response: Response,
    },
    /// Dials two times with the same id.
    DialTwice {
        after: u32,
    },
    /// Dials to say no.
    Reject {
        after: u32,
    },
    /// Dials with the right id at a wrong path.
    WrongPath {
        after: u32,
    },
    /// Answers an exchange on its control channel, so many times over; dials for a stream.
    Respond {
        after: u32,
        times: u8,
    },
    /// Dials with an id that nobody gave it, then does nothing.
    Guess {
        after: u32,
    },
}

/// A response over a rendezvous.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// Pause before each step: the head, then each piece, then the end.
    pub(crate) pause: u32,
    pub(crate) pieces: u8,
    pub(crate) end: End,
}

impl Response {
    /// A head and an end.
    pub(crate) const SHORT: Self = Self { pause: 0, pieces: 0, end: End::Last };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The last piece says so.
    Last,
    /// An orderly close.
    Close,
    /// The connection breaks.
    Lost,
    /// It never comes.
    Silent,
    /// A second head where a piece was due.
    Nonsense,
}

#[derive(Clone, Debug)]
pub(crate) struct SenderPlan {
    pub(crate) gateway: usize,
    pub(crate) comes: u32,
    pub(crate) leaves_after: Option<u32>,
    pub(crate) wants: Wants,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    Stream,
    Inline,
    /// A request over a rendezvous, in so many pieces with a pause before each.
    Large {
        pieces: u8,
        pause: u32,
    },
}

/// When the copies of a message arrive; none = it is lost.
#[derive(Clone, Debug)]
pub(crate) struct Fate(pub(crate) Vec<u32>);

impl Plan {
    /// The most steps a listener's response takes after its head is due.
    pub(crate) fn longest_response(&self) -> u32 {
        let pieces = self.listeners.iter().flat_map(|each| &each.habits).map(|habit| match habit {
            Habit::Dial { response, .. } => u32::from(response.pieces) + 2,
            _ => 0,
        });
        pieces.max().unwrap_or(0)
    }
}

impl ListenerPlan {
    pub(crate) fn has(&self, which: impl Fn(&Habit) -> bool) -> bool {
        self.habits.iter().any(which)
    }
}

impl Habit {
    /// How long it takes to set about it.
    pub(crate) fn after(&self) -> u32 {
        match self {
            Self::Ignore => 0,
            Self::Dial { after, .. }
            | Self::DialTwice { after }
            | Self::Reject { after }
            | Self::WrongPath { after }
            | Self::Respond { after, .. }
            | Self::Guess { after } => *after,
        }
    }

    pub(crate) fn is_rejection(&self) -> bool {
        matches!(self, Self::Reject { .. })
    }

    /// Whether it may get a sender told that the listener misbehaved.
    pub(crate) fn is_bad(&self) -> bool {
        match self {
            Self::WrongPath { .. } => true,
            Self::Dial { response, .. } => response.end == End::Nonsense,
            _ => false,
        }
    }
}

impl SenderPlan {
    /// The steps of its request body.
    pub(crate) fn steps(&self) -> u32 {
        match self.wants {
            Wants::Stream | Wants::Inline => 0,
            Wants::Large { pieces, .. } => u32::from(pieces) + 1,
        }
    }

    /// Whether it makes a pause longer than `Timeouts::request_idle`.
    pub(crate) fn stalls(&self) -> bool {
        matches!(self.wants, Wants::Large { pause, .. } if pause >= 60_000)
    }
}

const GATEWAYS: usize = 2;

/// Anything.
pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let gateways = vec(gateway(), GATEWAYS);
    let (listeners, senders, network) = (vec(listener(), 0..4), vec(sender(), 1..5), vec(fate(), 1..8));
    let deleted = rarely(0..60_000);
    let outstanding = prop_oneof![4 => Just(0u32), 1 => 1..3u32];
    (gateways, listeners, senders, network, deleted, outstanding, any::<u64>()).prop_map(
        |(gateways, listeners, senders, network, deleted, outstanding, random)| Plan {
            gateways,
            listeners,
            senders,
            network,
            deleted,
            outstanding,
            random,
        },
    )
}

/// Nobody dies or misbehaves, the network is reliable, and all are quicker than any deadline.
pub(crate) fn calm_plan() -> impl Strategy<Value = Plan> {
    let quick = || 0..2_000u32;
    let response = (0..500u32, 0..4u8, prop_oneof![Just(End::Last), Just(End::Close)])
        .prop_map(|(pause, pieces, end)| Response { pause, pieces, end });
    let habit = prop_oneof![
        (quick(), response).prop_map(|(after, response)| Habit::Dial { after, response }),
        quick().prop_map(|after| Habit::DialTwice { after }),
        (quick(), 1..3u8).prop_map(|(after, times)| Habit::Respond { after, times }),
    ];
    let listener = (0..GATEWAYS, vec(habit, 1..3)).prop_map(|(gateway, habits)| ListenerPlan {
        gateway,
        comes: 0,
        leaves: None,
        habits,
        token: None,
    });
    let wants = prop_oneof![
        Just(Wants::Stream),
        Just(Wants::Inline),
        (0..4u8, 0..500u32).prop_map(|(pieces, pause)| Wants::Large { pieces, pause }),
    ];
    let sender = (0..GATEWAYS, 1..20_000u32, wants).prop_map(|(gateway, comes, wants)| SenderPlan {
        gateway,
        comes,
        leaves_after: None,
        wants,
    });
    let fate = vec(0..1_000u32, 1..3).prop_map(Fate);
    (vec(listener, 1..4), vec(sender, 1..5), vec(fate, 1..8), any::<u64>()).prop_map(
        |(listeners, senders, network, random)| Plan {
            gateways: vec![GatewayPlan { dies: None, drains: None }; GATEWAYS],
            listeners,
            senders,
            network,
            deleted: None,
            outstanding: 0,
            random,
        },
    )
}

/// As a calm one, but gateways drain.
pub(crate) fn draining_plan() -> impl Strategy<Value = Plan> {
    let drains = vec(option::weighted(0.7, 0..25_000u32), GATEWAYS);
    (calm_plan(), drains).prop_map(|(plan, drains)| Plan {
        gateways: drains.into_iter().map(|drains| GatewayPlan { dies: None, drains }).collect(),
        ..plan
    })
}

fn gateway() -> impl Strategy<Value = GatewayPlan> {
    (rarely(0..60_000), rarely(0..60_000)).prop_map(|(dies, drains)| GatewayPlan { dies, drains })
}

fn listener() -> impl Strategy<Value = ListenerPlan> {
    let leave = prop_oneof![Just(Leave::Lost), Just(Leave::Silent)];
    let leaves = option::weighted(0.4, (0..60_000u32, leave));
    let comes = prop_oneof![3 => Just(0), 1 => 0..30_000u32];
    (0..GATEWAYS, comes, leaves, vec(habit(), 1..4), rarely(0..60)).prop_map(
        |(gateway, comes, leaves, habits, token)| ListenerPlan { gateway, comes, leaves, habits, token },
    )
}

fn habit() -> impl Strategy<Value = Habit> {
    prop_oneof![
        Just(Habit::Ignore),
        (pause(), response()).prop_map(|(after, response)| Habit::Dial { after, response }),
        pause().prop_map(|after| Habit::DialTwice { after }),
        pause().prop_map(|after| Habit::Reject { after }),
        pause().prop_map(|after| Habit::WrongPath { after }),
        (pause(), 1..3u8).prop_map(|(after, times)| Habit::Respond { after, times }),
        pause().prop_map(|after| Habit::Guess { after }),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    let end = prop_oneof![
        4 => Just(End::Last),
        2 => Just(End::Close),
        1 => Just(End::Lost),
        1 => Just(End::Silent),
        1 => Just(End::Nonsense),
    ];
    (pause(), 0..4u8, end).prop_map(|(pause, pieces, end)| Response { pause, pieces, end })
}

fn sender() -> impl Strategy<Value = SenderPlan> {
    let wants = prop_oneof![
        Just(Wants::Stream),
        Just(Wants::Inline),
        (0..4u8, pause()).prop_map(|(pieces, pause)| Wants::Large { pieces, pause }),
    ];
    (0..GATEWAYS, 0..40_000u32, rarely(0..70_000), wants)
        .prop_map(|(gateway, comes, leaves_after, wants)| SenderPlan { gateway, comes, leaves_after, wants })
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        1 => Just(Fate(Vec::new())),
        4 => vec(0..200u32, 1..2).prop_map(Fate),
        2 => vec(0..15_000u32, 1..4).prop_map(Fate),
    ]
}

/// Mostly short, sometimes longer than some deadline.
fn pause() -> impl Strategy<Value = u32> {
    prop_oneof![5 => 0..1_000u32, 2 => 0..40_000u32, 1 => 40_000..80_000u32]
}

fn rarely(times: std::ops::Range<u32>) -> impl Strategy<Value = Option<u32>> {
    option::weighted(0.15, times)
}

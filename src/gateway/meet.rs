//! Drives one meeting: carries out what its rules decide, and tells them what happened.

use std::{net::IpAddr, sync::Arc, time::Duration, time::Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{
    clock::{random_u64, random_u128},
    core::Core,
    dialled::Dialled,
};
use crate::{
    entity::RelayKey,
    relay::{
        Arrival, Expectation, Invitation, ListenerFilter, ListenerId, Meeting, MeetingCommand, MeetingId,
        MeetingTerms, Refusal, RendezvousId, ResponseHead, Side, ToSenderGateway, What,
    },
};

/// What a door asks for.
pub(crate) struct Wanted {
    pub(crate) relay: RelayKey,
    pub(crate) filter: ListenerFilter,
    pub(crate) sender: IpAddr,
    /// Where the listener is told to dial, decoded.
    pub(crate) path: String,
    /// `rendezvous` is filled in here.
    pub(crate) invitation: Invitation,
    /// For an exchange: from handing it over to its response; `None` = no deadline.
    pub(crate) respond: Option<Duration>,
}

/// How a meeting ended.
pub(crate) enum Met {
    /// A listener dialled in and is taken.
    Joined {
        /// Its connection.
        dialled: Dialled,
        /// For an exchange: when its response is due.
        respond_by: Option<Instant>,
        /// Whose it is, where that is certain.
        listener: Option<ListenerId>,
    },
    /// The response came on the control channel.
    Answered { response: ResponseHead, body: Bytes },
}

/// Finds a listener for one sender. Dropped before it ends, the sender counts as gone.
pub(crate) async fn meet(core: &Arc<Core>, wanted: Wanted) -> Result<Met, Refusal> {
    // Seen before the first look-up, so that no listener that comes meanwhile is missed.
    let mut changes = core.registrations.watch();
    changes.borrow_and_update();
    let relay = wanted.relay.clone();
    let mut driver = Driver::enter(core, wanted).await?;
    loop {
        if let Some(end) = driver.carry_out() {
            return end;
        }
        let deadline = driver.meeting.poll_timeout();
        tokio::select! {
            Some(message) = driver.inbox.recv() => driver.meeting.handle_message(message, Instant::now()),
            dialled = arrival(&mut driver.arrivals) => {
                let arrival = dialled.as_ref().map_or(Arrival::Spoiled, |dialled| dialled.arrival.clone());
                driver.dialled = dialled;
                driver.meeting.handle_rendezvous(arrival, Instant::now());
            }
            Ok(()) = changes.changed() => {
                driver.meeting.handle_candidates(core.registrations.candidates(&relay), Instant::now());
            }
            () = sleep_until(deadline) => driver.meeting.handle_timeout(Instant::now()),
        }
    }
}

struct Driver<'a> {
    core: &'a Arc<Core>,
    id: MeetingId,
    rendezvous: RendezvousId,
    meeting: Meeting,
    inbox: mpsc::Receiver<ToSenderGateway>,
    /// Taken when it fired: a rendezvous is good for one use.
    arrivals: Option<oneshot::Receiver<Dialled>>,
    dialled: Option<Dialled>,
}

impl<'a> Driver<'a> {
    async fn enter(core: &'a Arc<Core>, mut wanted: Wanted) -> Result<Self, Refusal> {
        let settings = core.settings.load_full();
        let timeouts = &settings.timeouts;
        let candidates = core.registrations.candidates(&wanted.relay);
        let now = Instant::now();
        let id = MeetingId::new(random_u128());
        let rendezvous = RendezvousId::new(random_u128());
        wanted.invitation.rendezvous = rendezvous;
        let (slot, arrivals) = oneshot::channel();
        let expectation = Expectation {
            path: wanted.path,
            side: match wanted.invitation.what {
                What::Stream | What::OneWay(_) => Side::Accept,
                What::Exchange(_) => Side::Request,
            },
            relay: wanted.relay,
            sender: Some(wanted.sender),
            // The meeting forgets it in time; this is for a meeting that could not.
            until: match wanted.invitation.what {
                What::Stream | What::OneWay(_) => Some(now + timeouts.accept),
                What::Exchange(_) => wanted.respond.map(|respond| now + timeouts.accept + respond),
            },
        };
        core.rendezvous().insert(rendezvous, expectation, slot)?;
        let terms = MeetingTerms {
            id,
            gateway: core.id.clone(),
            filter: wanted.filter,
            invitation: Arc::new(wanted.invitation),
            accept: timeouts.accept,
            pass_over: timeouts.pass_over,
            respond: wanted.respond,
        };
        let inbox = core.switchboard.enter_meeting(id, 0);
        let meeting = Meeting::new(terms, candidates, random_u64(), now);
        Ok(Self { core, id, rendezvous, meeting, inbox, arrivals: Some(arrivals), dialled: None })
    }

    /// Does what the meeting wants done; its end, if that came.
    fn carry_out(&mut self) -> Option<Result<Met, Refusal>> {
        let mut end = None;
        while let Some(command) = self.meeting.next_command() {
            match command {
                MeetingCommand::Tell { gateway, message } => self.core.tell(&gateway, message),
                MeetingCommand::ForgetRendezvous => drop(self.core.rendezvous().forget(self.rendezvous)),
                MeetingCommand::Join => {
                    let dialled = self.dialled.take().expect("a meeting joins only what arrived");
                    let respond_by = self.meeting.respond_by();
                    let listener = self.meeting.joined();
                    end = Some(Ok(Met::Joined { dialled, respond_by, listener }));
                }
                MeetingCommand::Answer { response, body } => end = Some(Ok(Met::Answered { response, body })),
                MeetingCommand::Refuse(refusal) => end = Some(Err(refusal)),
            }
        }
        // What dialled in and was not joined came too late, which its door reads from the dropped sender.
        self.dialled = None;
        end
    }
}

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        self.meeting.handle_sender_gone();
        self.carry_out();
        self.core.rendezvous().forget(self.rendezvous);
        self.core.switchboard.leave_meeting(self.id);
    }
}

/// The dialled connection, or `None` when its rendezvous was spent on something else; nothing a second time.
async fn arrival(arrivals: &mut Option<oneshot::Receiver<Dialled>>) -> Option<Dialled> {
    let Some(receiver) = arrivals.as_mut() else { return std::future::pending().await };
    let dialled = receiver.await;
    *arrivals = None;
    dialled.ok()
}

pub(crate) async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

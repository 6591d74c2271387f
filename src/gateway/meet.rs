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
        Expectation, Invitation, ListenerFilter, Meeting, MeetingCommand, MeetingId, MeetingTerms, Refusal,
        RendezvousId, ResponseHead, Shape, Side, ToSenderGateway,
    },
    store::StoreError,
};

/// What a door asks for.
pub(crate) struct Wanted {
    pub(crate) relay: RelayKey,
    pub(crate) shape: Shape,
    pub(crate) filter: ListenerFilter,
    pub(crate) sender: IpAddr,
    /// `rendezvous` is filled in here.
    pub(crate) invitation: Invitation,
    /// For an exchange: from handing it over to its response; `None` = no deadline.
    pub(crate) respond: Option<Duration>,
}

/// How a meeting ended.
pub(crate) enum Met {
    /// A listener dialled in and is taken.
    Joined(Dialled),
    /// The response came on the control channel.
    Answered { response: ResponseHead, body: Bytes },
}

/// Finds a listener for one sender. Dropped before it ends, the sender counts as gone.
pub(crate) async fn meet(core: &Arc<Core>, wanted: Wanted) -> Result<Met, Refusal> {
    let mut driver = Driver::enter(core, wanted).await?;
    loop {
        if let Some(end) = driver.carry_out() {
            return end;
        }
        let deadline = driver.meeting.poll_timeout();
        tokio::select! {
            Some(message) = driver.inbox.recv() => driver.meeting.handle_message(message, Instant::now()),
            Some(dialled) = arrival(&mut driver.arrivals) => {
                driver.meeting.handle_rendezvous(dialled.arrival.clone(), Instant::now());
                driver.dialled = Some(dialled);
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
        let candidates = core.registrations.candidates(&wanted.relay).await.map_err(|error| match error {
            StoreError::Retryable(_) => Refusal::Overloaded,
            _ => Refusal::Internal,
        })?;
        let now = Instant::now();
        let id = MeetingId(random_u128());
        let rendezvous = RendezvousId(random_u128());
        wanted.invitation.rendezvous = rendezvous;
        let (slot, arrivals) = oneshot::channel();
        let expectation = Expectation {
            path: wanted.invitation.path.clone(),
            side: if wanted.shape == Shape::Stream { Side::Accept } else { Side::Request },
            relay: wanted.relay.clone(),
            sender: wanted.sender,
            until: match wanted.shape {
                Shape::Stream => Some(now + timeouts.accept),
                _ => wanted.respond.map(|respond| now + timeouts.accept + respond),
            },
        };
        core.rendezvous().insert(rendezvous, expectation, slot).map_err(|_| Refusal::TooManyPending)?;
        let terms = MeetingTerms {
            id,
            relay: wanted.relay,
            shape: wanted.shape,
            filter: wanted.filter,
            invitation: wanted.invitation,
            reply_to: core.id.clone(),
            accept: timeouts.accept,
            pass_over: timeouts.pass_over,
            respond: wanted.respond,
        };
        let inbox = core.switchboard.enter_meeting(id);
        let meeting = Meeting::new(terms, candidates, random_u64(), now);
        Ok(Self { core, id, rendezvous, meeting, inbox, arrivals: Some(arrivals), dialled: None })
    }

    /// Does what the meeting wants done; its end, if that came.
    fn carry_out(&mut self) -> Option<Result<Met, Refusal>> {
        let mut end = None;
        while let Some(command) = self.meeting.next_command() {
            match command {
                MeetingCommand::Tell { gateway, message } => self.core.tell(&gateway, message),
                MeetingCommand::ForgetRendezvous => self.core.rendezvous().forget(self.rendezvous),
                MeetingCommand::Join => {
                    let dialled = self.dialled.take().expect("a meeting joins only what arrived");
                    end = Some(Ok(Met::Joined(dialled)));
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
        self.meeting.handle_sender_gone(Instant::now());
        self.carry_out();
        self.core.rendezvous().forget(self.rendezvous);
        self.core.switchboard.leave_meeting(self.id);
    }
}

/// The dialled connection; `None` for ever once it came or its entry was dropped.
async fn arrival(arrivals: &mut Option<oneshot::Receiver<Dialled>>) -> Option<Dialled> {
    let receiver = arrivals.as_mut()?;
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

//! One request and its reply on the connection of a listener (7.3).

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::Either;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    line::{Line, LineWriter},
    opened::{Opened, next},
    response::{Answered, AnsweredBody},
};
use crate::{
    bridge::http_binding::{HttpRefusal, Patience, Reply, ReplyHead, ReplyPart, ReplyTerms, Reuse},
    doors::hybrid::{Item, response_body as response_channel},
    gateway::{core::Core, meet::sleep_until},
    relay::{ListenerId, Piece, Refusal},
};

/// A request on the connection that shall take it.
pub(super) struct Going {
    pub(super) opened: Opened,
    pub(super) line: Line,
    pub(super) listener: Option<ListenerId>,
    /// The connection served before, so that the listener may have ended it at this moment.
    pub(super) used: bool,
    pub(super) patience: Patience,
    pub(super) terms: ReplyTerms,
    /// Cancelled when the relay may not be used any more.
    pub(super) cancel: CancellationToken,
}

/// Why there is no reply.
pub(super) enum Failed {
    /// The sender is told.
    Refused(HttpRefusal),
    /// A used connection ended before the listener took the session: the request is whole, and was seen by nobody.
    Again(Box<Opened>, Patience),
}

/// How long the listener may take over the End behind a reply that the sender has already.
const END_TIME: Duration = Duration::from_secs(5);

/// Runs the exchange in a task of its own until the reply has ended; returns when its head is here.
pub(super) async fn exchange(core: &Arc<Core>, going: Going) -> Result<Answered, Failed> {
    let (head, head_came) = oneshot::channel();
    core.tasks.spawn(run(Arc::clone(core), going, head));
    // The task is cut off only with the gateway.
    head_came.await.unwrap_or(Err(Failed::Refused(HttpRefusal::Relay(Refusal::ListenerGone))))
}

type Head = oneshot::Sender<Result<Answered, Failed>>;

async fn run(core: Arc<Core>, going: Going, head: Head) {
    let Going { mut opened, mut line, listener, used, patience, terms, cancel } = going;
    let settings = core.settings.load_full();
    let reuse = Reuse::new(&settings.limits, &settings.timeouts);
    let shared = Shared { patience: Mutex::new(patience), sent: AtomicU64::new(0) };
    let (accepted, was_accepted) = oneshot::channel();
    let mut down = Down {
        reply: Reply::new(terms),
        head: Some(head),
        items: None,
        outbox: VecDeque::new(),
        accepted: Some(accepted),
        delivered: None,
        last: None,
    };
    let mut sent = false;
    let failed = {
        let Line { reader, writer } = &mut line;
        let upload = upload(&mut opened, writer, used.then_some(was_accepted), &shared);
        tokio::pin!(upload);
        let mut uploaded = false;
        loop {
            if down.delivered.is_some() && (!uploaded || down.reply.is_ended()) {
                break None;
            }
            let deadline = match down.delivered {
                Some(delivered) => delivered.checked_add(END_TIME),
                None => shared.patience().poll_timeout(),
            };
            tokio::select! {
                // The upload first: it may be done when its reply is.
                biased;
                end = &mut upload, if !uploaded => {
                    uploaded = true;
                    match end {
                        Ok(()) => sent = true,
                        Err(UploadError::Refused(refusal)) => break Some(refusal),
                        // Its reply, or the end of its connection, says more.
                        Err(UploadError::Listener) => {}
                    }
                }
                came = reader.next(), if down.outbox.is_empty() => match came {
                    Ok(Some(bytes)) => match down.read(&bytes, &shared) {
                        Ok(()) => {}
                        Err(Stop::Gone) => break None,
                        Err(Stop::Refused(refusal)) => break Some(refusal),
                    },
                    Ok(None) | Err(_) => break down.reply.eof(shared.sent.load(Ordering::Relaxed)).err(),
                },
                // The sender took one, or has gone.
                taken = hand_on(down.items.as_ref(), &mut down.outbox), if !down.outbox.is_empty() => {
                    if !taken {
                        break None;
                    }
                    shared.patience().handle_reply(Instant::now());
                    if down.outbox.is_empty() && down.reply.is_whole() {
                        down.delivered = Some(Instant::now());
                    }
                }
                () = gone(down.head.as_mut(), down.items.as_ref()), if down.delivered.is_none() => break None,
                () = cancel.cancelled() => break Some(Refusal::ListenerGone.into()),
                () = sleep_until(deadline) => {
                    if down.delivered.is_some() {
                        break None;
                    }
                    let due = shared.patience().poll_timeout();
                    if due.is_some_and(|due| due <= Instant::now()) {
                        break Some(down.reply.late());
                    }
                }
            }
        }
    };
    let Down { reply, head, accepted, delivered, last, .. } = down;
    if let (Some(refusal), Some(head)) = (failed, head) {
        let unseen = used && accepted.is_some();
        let ended = matches!(refusal, HttpRefusal::Closed { .. });
        let patience = *shared.patience();
        let failed = if unseen && ended {
            Failed::Again(Box::new(opened), patience)
        } else {
            Failed::Refused(refusal)
        };
        let _ = head.send(Err(failed));
        return;
    }
    // A connection in the middle of something is dropped.
    let rest = (delivered.is_some() && sent).then(|| after(&core, line, listener, &reply, reuse, cancel));
    // After the connection was kept: the sender's next request is to find it.
    if let Some((head, answered)) = last {
        let _ = head.send(Ok(answered));
    }
    if let Some(rest) = rest {
        rest.await;
    }
}

/// What becomes of a connection whose exchange went well: kept from now on, or ended in order.
fn after(
    core: &Core,
    mut line: Line,
    listener: Option<ListenerId>,
    reply: &Reply,
    reuse: Reuse,
    cancel: CancellationToken,
) -> impl Future<Output = ()> + Send + use<> {
    let keeping = listener.filter(|_| !core.draining.is_cancelled()).and_then(|listener| {
        let idle = reuse.keep_for(true, reply, core.kept.count(listener))?;
        Some((listener, idle))
    });
    if let Some((listener, idle)) = keeping {
        let kept = core.kept.keep(listener, line, idle, cancel);
        let draining = core.draining.clone();
        // Not among the tasks that a drain waits for: what is idle is not waited for.
        tokio::spawn(async move {
            tokio::select! {
                () = kept => {}
                () = draining.cancelled() => {}
            }
        });
        return Either::Left(std::future::ready(()));
    }
    Either::Right(async move {
        let _ = tokio::time::timeout(END_TIME, line.writer.end()).await;
    })
}

/// What both directions know.
struct Shared {
    patience: Mutex<Patience>,
    /// Bytes of the entity that were sent.
    sent: AtomicU64,
}

impl Shared {
    fn patience(&self) -> MutexGuard<'_, Patience> {
        self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum UploadError {
    /// The rest of the entity is wrong, or did not come. Nothing more may be sent.
    Refused(HttpRefusal),
    /// The listener takes no more.
    Listener,
}

/// Sends the request. On a connection that may be ending, no more of it is taken from the sender before the listener took the session.
async fn upload(
    opened: &mut Opened,
    writer: &mut LineWriter,
    accepted: Option<oneshot::Receiver<()>>,
    shared: &Shared,
) -> Result<(), UploadError> {
    shared.sent.store(opened.request.size(), Ordering::Relaxed);
    writer.write(&opened.first).await.map_err(|_| UploadError::Listener)?;
    if opened.whole {
        return Ok(());
    }
    if let Some(accepted) = accepted {
        accepted.await.map_err(|_| UploadError::Listener)?;
    }
    let mut out = std::mem::take(&mut opened.first);
    loop {
        out.clear();
        let piece = next(&mut opened.body).await.map_err(UploadError::Refused)?;
        shared.patience().handle_request(Instant::now());
        match &piece {
            Some(piece) => opened.request.push(piece, &mut out),
            None => opened.request.finish(&mut out),
        }
        .map_err(UploadError::Refused)?;
        shared.sent.store(opened.request.size(), Ordering::Relaxed);
        writer.write(&out).await.map_err(|_| UploadError::Listener)?;
        if piece.is_none() {
            return Ok(());
        }
    }
}

/// The reply on its way to the sender.
struct Down {
    reply: Reply,
    /// Where the head goes; `None` once it went.
    head: Option<Head>,
    items: Option<mpsc::Sender<Item>>,
    /// What the sender has not taken yet. While something waits, nothing is read.
    outbox: VecDeque<Item>,
    /// Fired when the listener takes the session.
    accepted: Option<oneshot::Sender<()>>,
    /// Since when the sender has all of it.
    delivered: Option<Instant>,
    /// All of it, where the session is over as well: told last.
    last: Option<(Head, Answered)>,
}

/// Why the reply does not go on.
enum Stop {
    Refused(HttpRefusal),
    /// The sender left.
    Gone,
}

impl Down {
    fn read(&mut self, bytes: &[u8], shared: &Shared) -> Result<(), Stop> {
        let mut parts = Vec::new();
        let read = self.reply.push(bytes, &mut parts);
        let mut begun = None;
        for part in parts {
            match part {
                ReplyPart::Accepted => {
                    if let Some(accepted) = self.accepted.take() {
                        // Nobody waits on a connection that is new.
                        let _ = accepted.send(());
                    }
                }
                ReplyPart::Head(head) => {
                    shared.patience().handle_reply(Instant::now());
                    begun = Some(head);
                }
                ReplyPart::Body(bytes) => {
                    shared.patience().handle_reply(Instant::now());
                    self.outbox.push_back(Item::Piece(bytes.into(), Piece::More));
                }
                ReplyPart::End => self.outbox.push_back(Item::End),
            }
        }
        read.map_err(Stop::Refused)?;
        begun.map_or(Ok(()), |head| self.begin(head))
    }

    /// The head goes out, with the entity where that is all here.
    fn begin(&mut self, head: ReplyHead) -> Result<(), Stop> {
        let Some(answer) = self.head.take() else { return Ok(()) };
        let body = if self.reply.is_whole() {
            self.delivered = Some(Instant::now());
            AnsweredBody::Whole(whole(&mut self.outbox))
        } else {
            let (items, body) = response_channel();
            self.items = Some(items);
            AnsweredBody::Streaming(body)
        };
        let answered = Answered { head, body };
        if self.reply.is_ended() {
            self.last = Some((answer, answered));
            return Ok(());
        }
        answer.send(Ok(answered)).map_err(|_| Stop::Gone)
    }
}

/// All pieces in one.
fn whole(outbox: &mut VecDeque<Item>) -> Bytes {
    let mut bytes = Vec::new();
    for item in outbox.drain(..) {
        if let Item::Piece(piece, _) = item {
            bytes.extend_from_slice(&piece);
        }
    }
    bytes.into()
}

/// Hands the first of `outbox` on; whether the sender was there to take it.
async fn hand_on(items: Option<&mpsc::Sender<Item>>, outbox: &mut VecDeque<Item>) -> bool {
    let Some(items) = items else { return false };
    match (items.reserve().await, outbox.pop_front()) {
        (Ok(place), Some(item)) => {
            place.send(item);
            true
        }
        _ => false,
    }
}

/// The sender's connection broke: the one who waits for the head, or the body behind it, was dropped.
async fn gone(head: Option<&mut Head>, items: Option<&mpsc::Sender<Item>>) {
    match (head, items) {
        (Some(head), _) => head.closed().await,
        (None, Some(items)) => items.closed().await,
        (None, None) => std::future::pending().await,
    }
}

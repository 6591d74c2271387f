//! An exchange on its rendezvous: a large request fetched by its listener, or a large response brought by it (5.4).

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::Either;
use http_body_util::BodyExt;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    leg::into_parts,
    reply::Asked,
    request_body::BodyError,
    response::{Answered, AnsweredBody},
    response_body::{self, Item},
    upload::{self, Sending, UploadError, Uploaded, Uploading, nothing_to_send},
};
use crate::{
    gateway::{
        core::Core,
        dialled::{Dialled, Line},
        meet::sleep_until,
    },
    io::{FrameDialect, FrameReader, FrameStream, FrameStreamError, FrameWriter, Kind, Piece as Came},
    relay::{
        Exchange, ExchangeCommand, ExchangeTerms, Piece, Refusal, RequestBody, ResponseBody, ResponseHead,
    },
    wire::{
        hybrid::{ControlMessage, Response},
        websocket::Close,
    },
};

/// How an exchange on a rendezvous begins.
pub(crate) enum Begin {
    /// The listener has the request, and dialled to answer it.
    Sent {
        /// When its response is due.
        respond_by: Option<Instant>,
    },
    /// The request goes over the rendezvous.
    Send(Box<Sending>),
}

/// Runs the exchange in a task of its own until the response has ended; returns when its head is here.
pub(crate) async fn exchange(
    core: &Arc<Core>,
    dialled: Dialled,
    begin: Begin,
    terms: ExchangeTerms,
    cancel: CancellationToken,
    asked: Asked,
) -> Result<Answered, Refusal> {
    let Some(Line::Upgrade(upgrade)) = dialled.line else { return Err(Refusal::Internal) };
    dialled.taken.send(()).map_err(|()| Refusal::ListenerGone)?;
    let settings = core.settings.load_full();
    let (head, head_came) = oneshot::channel();
    let (items, body) = response_body::channel();
    core.tasks.spawn(async move {
        let (stream, early) = match tokio::time::timeout(settings.timeouts.handshake, upgrade).await {
            Ok(Ok(upgraded)) => into_parts(upgraded),
            _ => return,
        };
        let frame = settings.limits.frame;
        let dialect = FrameDialect { largest_frame: frame, ..FrameDialect::hybrid_server() };
        let (reader, writer) = FrameStream::new(stream, early, dialect).into_split();
        let (request, upload) = match begin {
            Begin::Sent { respond_by } => {
                (RequestBody::Sent { respond_by }, Either::Right(nothing_to_send(writer)))
            }
            Begin::Send(sending) => (RequestBody::Streamed, Either::Left((writer, sending))),
        };
        let driver = Driver {
            rules: Exchange::new(terms, request, Instant::now()),
            reader,
            head: Some(head),
            outbox: VecDeque::new(),
            text: Text::new(settings.limits.control_message),
        };
        let (progress, uploaded) = mpsc::channel(1);
        let upload = match upload {
            Either::Left((writer, sending)) => Either::Left(upload::send_request(writer, *sending, progress)),
            Either::Right(nothing) => Either::Right(nothing),
        };
        driver.run(upload, uploaded, items, cancel, &asked, terms.response_idle).await;
    });
    // The task ends without a head only when the connection was lost before it began.
    let head = head_came.await.map_err(|_| Refusal::ListenerGone)??;
    Ok(Answered { head, body: AnsweredBody::Streaming(body.boxed_unsync()) })
}

struct Driver {
    rules: Exchange,
    reader: FrameReader,
    /// Where the head goes; `None` once it went.
    head: Option<oneshot::Sender<Result<ResponseHead, Refusal>>>,
    /// What the sender has not taken yet: a piece and the end behind it. While a piece waits, nothing is read.
    outbox: VecDeque<Item>,
    /// The text message being read.
    text: Text,
}

/// How long the listener may take over the closing handshake of a rendezvous that is done with.
const CLOSE_TIME: Duration = Duration::from_secs(5);

impl Driver {
    async fn run(
        mut self,
        upload: impl Future<Output = Uploaded>,
        mut uploaded: mpsc::Receiver<Uploading>,
        items: mpsc::Sender<Item>,
        cancel: CancellationToken,
        asked: &Asked,
        idle: Duration,
    ) {
        tokio::pin!(upload);
        let mut writer = None;
        let close = loop {
            if let Some(close) = self.carry_out() {
                break close;
            }
            let deadline = self.rules.poll_timeout();
            tokio::select! {
                Some(step) = uploaded.recv() => match step {
                    Uploading::Piece => self.rules.handle_request_piece(Instant::now()),
                    Uploading::Taken => self.rules.handle_request_taken(Instant::now()),
                    Uploading::End => self.rules.handle_request_end(Instant::now()),
                },
                done = &mut upload, if writer.is_none() => {
                    writer = Some(done.writer);
                    match done.end {
                        Ok(()) => {}
                        // The rules have the same deadline, and say what follows from it.
                        Err(UploadError::Sender(BodyError::Stalled)) => self.rules.handle_timeout(Instant::now()),
                        Err(UploadError::Sender(BodyError::Broken)) => self.rules.handle_sender_gone(),
                        Err(UploadError::Listener) => self.rules.handle_lost(),
                    }
                }
                came = self.reader.next(), if self.outbox.is_empty() => self.read(came),
                place = items.reserve(), if !self.outbox.is_empty() => match (place, self.outbox.pop_front()) {
                    (Ok(place), Some(item)) => {
                        let now = Instant::now();
                        if let Item::Piece(_, piece) = &item {
                            self.rules.handle_piece(*piece, now);
                        }
                        place.send(item);
                    }
                    _ => self.rules.handle_sender_gone(),
                },
                () = gone(self.head.as_mut(), &items) => self.rules.handle_sender_gone(),
                () = cancel.cancelled() => self.rules.handle_sender_gone(),
                () = sleep_until(deadline) => self.rules.handle_timeout(Instant::now()),
            }
        };
        for item in self.outbox.drain(..) {
            // A sender that takes nothing any more is cut off: its body never comes to its end.
            if !matches!(tokio::time::timeout(idle, items.send(item)).await, Ok(Ok(()))) {
                break;
            }
        }
        drop(items);
        if writer.is_none() {
            // An upload that is over, or never had anything to do, gives its writer back even when nobody asked yet.
            tokio::select! {
                biased;
                done = &mut upload => writer = Some(done.writer),
                () = std::future::ready(()) => {}
            }
        }
        // Without its writer the connection is in the middle of a frame: it can only be dropped.
        if let (Some(writer), Some(code)) = (writer, close) {
            let reason =
                if code == 1000 { String::new() } else { asked.close_reason("The exchange has ended") };
            let _ =
                tokio::time::timeout(CLOSE_TIME, farewell(writer, self.reader, Close::new(code, &reason)))
                    .await;
        }
    }

    /// Does what the rules want done; the close code, if any, once all is over.
    fn carry_out(&mut self) -> Option<Option<u16>> {
        let mut close = None;
        while let Some(command) = self.rules.next_command() {
            match command {
                ExchangeCommand::Refuse(refusal) => self.answer(Err(refusal)),
                ExchangeCommand::Start(head) => self.answer(Ok(head)),
                // The rules hear of a piece when the sender has taken it.
                ExchangeCommand::Pass => {}
                ExchangeCommand::Finish => self.outbox.push_back(Item::End),
                // A body without its end breaks the sender's connection.
                ExchangeCommand::AbortSender => self.outbox.clear(),
                ExchangeCommand::CloseRendezvous { code } => close = Some(code),
                ExchangeCommand::Done => return Some(close),
            }
        }
        None
    }

    fn answer(&mut self, answer: Result<ResponseHead, Refusal>) {
        if let Some(head) = self.head.take() {
            // A sender that left is noticed by `gone`.
            let _ = head.send(answer);
        }
    }

    fn read(&mut self, came: Result<Came, FrameStreamError>) {
        let now = Instant::now();
        match came {
            Ok(Came::Data { kind: Kind::Text, fin, data, .. }) => match self.text.push(&data, fin) {
                Ok(None) => {}
                Ok(Some(response)) => {
                    let follows = if response.body { ResponseBody::Follows } else { ResponseBody::None };
                    self.rules.handle_response(head_of(response), follows, now);
                }
                Err(NoResponse) => self.rules.handle_nonsense(),
            },
            Ok(Came::Data { kind: Kind::Binary, fin, data, .. }) => {
                let piece = if fin { Piece::Last } else { Piece::More };
                if self.head.is_some() || data.is_empty() {
                    // Nothing to hand on; a body before its head is for the rules to refuse.
                    self.rules.handle_piece(piece, now);
                } else {
                    self.outbox.push_back(Item::Piece(data, piece));
                }
            }
            Ok(Came::Close(close)) => self.rules.handle_close(close.code),
            Err(FrameStreamError::Violation(_)) => self.rules.handle_nonsense(),
            Err(_) => self.rules.handle_lost(),
        }
    }
}

/// Closes, and waits for the listener to do the same.
async fn farewell(
    mut writer: FrameWriter,
    mut reader: FrameReader,
    close: Close,
) -> Result<(), FrameStreamError> {
    writer.close(&close).await?;
    while let Came::Data { .. } = reader.next().await? {}
    writer.shutdown().await
}

/// The sender's connection broke: the one who waits for the head, or the body behind it, was dropped.
async fn gone(head: Option<&mut oneshot::Sender<Result<ResponseHead, Refusal>>>, items: &mpsc::Sender<Item>) {
    match head {
        Some(head) => head.closed().await,
        None => items.closed().await,
    }
}

fn head_of(response: Response) -> ResponseHead {
    ResponseHead {
        status: response.status_code,
        description: response.status_description,
        headers: response.response_headers,
    }
}

/// A text message that is no `response`.
struct NoResponse;

/// A text message, put together from its fragments.
struct Text {
    bytes: Vec<u8>,
    limit: usize,
}

impl Text {
    fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }

    fn push(&mut self, piece: &[u8], fin: bool) -> Result<Option<Response>, NoResponse> {
        if self.bytes.len() + piece.len() > self.limit {
            return Err(NoResponse);
        }
        self.bytes.extend_from_slice(piece);
        if !fin {
            return Ok(None);
        }
        let bytes = std::mem::take(&mut self.bytes);
        let text = std::str::from_utf8(&bytes).map_err(|_| NoResponse)?;
        match ControlMessage::parse(text) {
            Ok(ControlMessage::Response(response)) => Ok(Some(response)),
            _ => Err(NoResponse),
        }
    }
}

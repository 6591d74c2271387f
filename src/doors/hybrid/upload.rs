//! A request on its way over the rendezvous that fetches it (5.4 A).

use std::{io, net::SocketAddr};

use tokio::sync::mpsc;

use super::request_body::{BodyError, RequestBody};
use crate::{
    io::{FrameWriter, PieceKind},
    wire::hybrid::{ControlMessage, HeaderLine, HeaderMap, Request},
};

/// A request that its listener fetches.
pub(crate) struct Sending {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<HeaderLine>,
    pub(crate) id: String,
    pub(crate) remote: SocketAddr,
    pub(crate) body: RequestBody,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Uploading {
    /// A piece is about to be written.
    Piece,
    /// It was.
    Taken,
    /// The end was.
    End,
}

/// An upload that is over, and the writer it used.
pub(crate) struct Uploaded {
    pub(crate) writer: FrameWriter,
    pub(crate) end: Result<(), UploadError>,
}

/// Who ended an upload early.
#[derive(Debug)]
pub(crate) enum UploadError {
    /// The sender.
    Sender(BodyError),
    /// The listener's connection.
    Listener,
}

impl From<io::Error> for UploadError {
    fn from(_: io::Error) -> Self {
        Self::Listener
    }
}

/// The listener has the request already.
pub(crate) async fn nothing_to_send(writer: FrameWriter) -> Uploaded {
    Uploaded { writer, end: Ok(()) }
}

/// Writes the request and its body as the sender gives it: one binary message, however long (0, rule 7).
pub(crate) async fn send_request(
    mut writer: FrameWriter,
    sending: Sending,
    frame: usize,
    progress: mpsc::Sender<Uploading>,
) -> Uploaded {
    let end = send(&mut writer, sending, frame, &progress).await;
    Uploaded { writer, end }
}

async fn send(
    writer: &mut FrameWriter,
    mut sending: Sending,
    frame: usize,
    progress: &mpsc::Sender<Uploading>,
) -> Result<(), UploadError> {
    let request = Request {
        address: None,
        id: Some(sending.id),
        request_target: Some(sending.target),
        method: Some(sending.method),
        remote_endpoint: Some(sending.remote.into()),
        request_headers: Some(HeaderMap(sending.headers)),
        // Even for an empty body: Java fails on `false` over a rendezvous.
        body: Some(true),
    };
    let json = ControlMessage::Request(request).to_json();
    writer.message(PieceKind::Text, json.as_bytes()).await?;
    while let Some(mut piece) = sending.body.next().await.map_err(UploadError::Sender)? {
        tell(progress, Uploading::Piece).await;
        while !piece.is_empty() {
            let part = piece.split_to(piece.len().min(frame));
            writer.piece(PieceKind::Binary, false, &part).await?;
        }
        tell(progress, Uploading::Taken).await;
    }
    writer.piece(PieceKind::Binary, true, &[]).await?;
    tell(progress, Uploading::End).await;
    Ok(())
}

/// Nobody listens only when the exchange is over.
async fn tell(progress: &mpsc::Sender<Uploading>, step: Uploading) {
    let _ = progress.send(step).await;
}

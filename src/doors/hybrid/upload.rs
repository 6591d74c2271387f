//! A request on its way over the rendezvous that fetches it (5.4 A).

use std::net::SocketAddr;

use tokio::sync::mpsc;

use super::request_body::{BodyError, RequestBody};
use crate::{
    io::{FrameStreamError, FrameWriter, Kind},
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

impl From<FrameStreamError> for UploadError {
    fn from(_: FrameStreamError) -> Self {
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
    progress: mpsc::Sender<Uploading>,
) -> Uploaded {
    let end = send(&mut writer, sending, &progress).await;
    Uploaded { writer, end }
}

async fn send(
    writer: &mut FrameWriter,
    mut sending: Sending,
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
    writer.send(Kind::Text, true, json.as_bytes()).await?;
    while let Some(piece) = sending.body.next().await.map_err(UploadError::Sender)? {
        tell(progress, Uploading::Piece).await;
        writer.send(Kind::Binary, false, &piece).await?;
        tell(progress, Uploading::Taken).await;
    }
    writer.send(Kind::Binary, true, &[]).await?;
    tell(progress, Uploading::End).await;
    Ok(())
}

/// Nobody listens only when the exchange is over.
async fn tell(progress: &mpsc::Sender<Uploading>, step: Uploading) {
    let _ = progress.send(step).await;
}

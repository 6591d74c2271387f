//! The built-in service `echo`: what comes goes back.

use tokio_util::sync::CancellationToken;

use super::{dial::OpenSocket, http_pool::Body};
use crate::{
    io::{FrameDialect, FrameStream, FrameStreamError, Piece},
    wire::{
        hybrid::{Request, Response},
        websocket::Close,
    },
};

/// Sends every message of a sender back, piece by piece, and its close as well.
pub(super) async fn stream(socket: OpenSocket, cancel: &CancellationToken) -> Result<(), FrameStreamError> {
    let mut frames = FrameStream::new(socket.stream, socket.early, FrameDialect::hybrid_client());
    let echoing = async {
        loop {
            match frames.next().await? {
                Piece::Data { kind, fin, data, .. } => frames.send(kind, fin, &data).await?,
                Piece::Close(close) => {
                    frames.close(&close.relayed()).await?;
                    return frames.shutdown().await;
                }
            }
        }
    };
    let ended = tokio::select! {
        ended = echoing => Some(ended),
        () = cancel.cancelled() => None,
    };
    match ended {
        Some(ended) => ended,
        None => {
            frames.close(&Close::new(1001, "the listener stops")).await?;
            frames.shutdown().await
        }
    }
}

/// The answer to a request: its own body, with its content type.
pub(super) fn exchange(request_id: &str, request: &Request, body: Body) -> (Response, Body) {
    let content_type = request.request_headers.as_ref().and_then(|headers| {
        headers
            .0
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("Content-Type"))
            .map(|(_, value)| value.clone())
    });
    let content_type = content_type.unwrap_or_else(|| "text/plain; charset=utf-8".to_owned());
    let head = Response {
        request_id: request_id.to_owned(),
        status_code: 200,
        status_description: Some("OK".to_owned()),
        response_headers: vec![("Content-Type".to_owned(), vec![content_type])],
        body: false,
    };
    (head, body)
}

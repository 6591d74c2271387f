//! How the two sides of a readdressed session are left.

use std::time::Duration;

use tokio::time::timeout;

use super::Reason;
use crate::{
    connector::halves::{Incoming, Outgoing, unsplit},
    io::Stream,
    wire::websocket::Close,
};

/// How long a side that is left in order may take to read what it is owed and to end as well.
const LINGER: Duration = Duration::from_secs(2);

/// Leaves both sides, and gives the initiator's connection back where it may go on.
pub(super) async fn leave(
    reason: &Reason,
    initiator: (Incoming, Outgoing),
    receiver: (Incoming, Outgoing),
) -> Option<Stream> {
    let normal = Close::NORMAL;
    match reason {
        Reason::SessionsEnded => match initiator {
            (incoming @ Incoming::Bytes(..), outgoing) => {
                in_order(receiver, &normal, Waits::No).await;
                return unsplit(incoming, outgoing);
            }
            frames => {
                tokio::join!(in_order(receiver, &normal, Waits::No), in_order(frames, &normal, Waits::Yes));
            }
        },
        Reason::InitiatorLost => abort(receiver),
        Reason::ReceiverLost => abort(initiator),
        Reason::Refused { answer, .. } if answer.is_empty() => {
            // A session that is aborted: bytes say that by a reset, a close frame by its code.
            let aborted = async {
                match initiator {
                    bytes @ (Incoming::Bytes(..), _) => abort(bytes),
                    frames => in_order(frames, &Close::new(1008, ""), Waits::Yes).await,
                }
            };
            tokio::join!(aborted, in_order(receiver, &normal, Waits::No));
        }
        Reason::Closed | Reason::HalfCloseExpired | Reason::Refused { .. } | Reason::ReceiverRefused(_) => {
            tokio::join!(in_order(initiator, &normal, Waits::Yes), in_order(receiver, &normal, Waits::Yes),);
        }
        Reason::Cancelled => {
            let away = Close::new(1001, "");
            tokio::join!(in_order(initiator, &away, Waits::Yes), in_order(receiver, &away, Waits::Yes));
        }
    }
    None
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    Yes,
    No,
}

/// Says the end, and may wait for the peer's: closing a socket that holds unread bytes resets it, and what the peer was just
/// told might be lost.
async fn in_order((mut incoming, mut outgoing): (Incoming, Outgoing), close: &Close, waits: Waits) {
    let farewell = async {
        outgoing.end(close).await?;
        outgoing.leave().await?;
        while waits == Waits::Yes && matches!(incoming.next().await, Ok(Some(_))) {}
        Ok::<_, std::io::Error>(())
    };
    let _ = timeout(LINGER, farewell).await;
}

/// Drops a side so that its peer sees an error: a reset, or an end without a close frame.
fn abort((incoming, outgoing): (Incoming, Outgoing)) {
    if let Some(stream) = unsplit(incoming, outgoing) {
        stream.abort();
    }
}

//! Web streams that were made and whose halves are awaited (relay page 1.5).

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hyper::body::Incoming;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::core::Peer;
use crate::{
    doors::hybrid::ResponseBody,
    wire::relayed::web_stream::{StreamRole, WebStreamError},
};

/// Those of one gateway.
#[derive(Debug, Default)]
pub(crate) struct WebStreams {
    /// Under the id in the addresses of the halves, from the 201 until both have come.
    awaited: Arc<Mutex<HashMap<Uuid, Awaited>>>,
}

#[derive(Debug)]
struct Awaited {
    /// Who made it.
    address: IpAddr,
    halves: mpsc::Sender<Half>,
}

/// One half came. The answer is what its request is told.
pub(crate) enum Half {
    /// What the client sends; the answer comes when the stream is over.
    Up {
        role: StreamRole,
        body: Incoming,
        peer: Arc<Peer>,
        answer: oneshot::Sender<Result<(), WebStreamError>>,
    },
    /// What it receives.
    Down { role: StreamRole, answer: oneshot::Sender<Result<ResponseBody, WebStreamError>> },
}

/// The halves of one stream as they come. Nobody finds it any more when this is dropped.
pub(crate) struct Halves {
    awaited: Arc<Mutex<HashMap<Uuid, Awaited>>>,
    id: Uuid,
    coming: mpsc::Receiver<Half>,
}

impl WebStreams {
    /// Waits for the halves of `id`; `None`: `address` has `limit` streams that wait already.
    pub(crate) fn enter(&self, id: Uuid, address: IpAddr, limit: u32) -> Option<Halves> {
        let mut awaited = lock(&self.awaited);
        let waiting = awaited.values().filter(|other| other.address == address).count();
        if waiting >= limit as usize {
            return None;
        }
        let (halves, coming) = mpsc::channel(2);
        awaited.insert(id, Awaited { address, halves });
        Some(Halves { awaited: Arc::clone(&self.awaited), id, coming })
    }

    /// Where the halves of `id` go; `None`: no such stream waits.
    pub(crate) fn find(&self, id: Uuid) -> Option<mpsc::Sender<Half>> {
        lock(&self.awaited).get(&id).map(|awaited| awaited.halves.clone())
    }
}

impl Halves {
    /// The next one. There is always somebody who could send one.
    pub(crate) async fn next(&mut self) -> Half {
        match self.coming.recv().await {
            Some(half) => half,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Halves {
    fn drop(&mut self) {
        lock(&self.awaited).remove(&self.id);
    }
}

fn lock(awaited: &Mutex<HashMap<Uuid, Awaited>>) -> MutexGuard<'_, HashMap<Uuid, Awaited>> {
    awaited.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn an_address_has_so_many_streams_that_wait_and_no_more() {
        let streams = WebStreams::default();
        let (one, other) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv4Addr::new(192, 0, 2, 1)));
        let id = |number| Uuid::from_u128(number);
        let first = streams.enter(id(1), one, 2).unwrap();
        let _second = streams.enter(id(2), one, 2).unwrap();
        assert!(streams.enter(id(3), one, 2).is_none());
        assert!(streams.find(id(3)).is_none());
        let _others = streams.enter(id(4), other, 2).unwrap();
        assert!(streams.find(id(1)).is_some());
        drop(first);
        assert!(streams.find(id(1)).is_none());
        assert!(streams.enter(id(5), one, 2).is_some());
    }
}

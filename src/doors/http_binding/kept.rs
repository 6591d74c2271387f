//! Connections of listeners that wait for a next request (7.3).

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::line::Line;
use crate::relay::ListenerId;

/// The kept connections of every listener. Each is held by a task of its own, which sees its end.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    next: AtomicU64,
    waiting: Mutex<HashMap<ListenerId, Vec<Waiting>>>,
}

/// Whom to ask for one connection.
#[derive(Debug)]
struct Waiting {
    number: u64,
    ask: oneshot::Sender<oneshot::Sender<Line>>,
}

impl Kept {
    /// How many this listener has.
    pub(super) fn count(&self, listener: ListenerId) -> usize {
        self.lock().get(&listener).map_or(0, Vec::len)
    }

    /// One of them, taken out. One that ends at this moment is none.
    pub(super) async fn take(&self, listener: ListenerId) -> Option<Line> {
        loop {
            let waiting = {
                let mut all = self.lock();
                let waiting = all.get_mut(&listener)?.pop();
                if all.get(&listener).is_some_and(Vec::is_empty) {
                    all.remove(&listener);
                }
                waiting?
            };
            let (give, given) = oneshot::channel();
            if waiting.ask.send(give).is_ok()
                && let Ok(line) = given.await
            {
                return Some(line);
            }
        }
    }

    /// Keeps a connection until it is taken, it ends, something comes that nobody asked for, its time is over, or its relay goes.
    pub(super) fn keep(
        self: &Arc<Self>,
        listener: ListenerId,
        mut line: Line,
        idle: Duration,
        gone: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (ask, asked) = oneshot::channel::<oneshot::Sender<Line>>();
        self.lock().entry(listener).or_default().push(Waiting { number, ask });
        let kept = Arc::clone(self);
        async move {
            let taker = tokio::select! {
                taker = asked => taker.ok(),
                _ = line.reader.next() => None,
                () = tokio::time::sleep(idle) => None,
                () = gone.cancelled() => None,
            };
            match taker {
                // A taker that left meanwhile has the connection closed.
                Some(taker) => drop(taker.send(line)),
                None => kept.forget(listener, number),
            }
        }
    }

    fn forget(&self, listener: ListenerId, number: u64) {
        let mut all = self.lock();
        if let Some(waiting) = all.get_mut(&listener) {
            waiting.retain(|each| each.number != number);
            if waiting.is_empty() {
                all.remove(&listener);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ListenerId, Vec<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

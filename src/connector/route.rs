//! What a route of a connector is doing, for people and for the state address. No clock of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use tokio::sync::watch;

use crate::entity::UnixTime;

/// One route: a listener in front of a service, or a local door.
///
/// Shared between the task that runs it and whoever asks; nothing in it is secret.
#[derive(Debug)]
pub(crate) struct RouteState {
    name: String,
    kind: RouteKind,
    from: String,
    to: String,
    moving: watch::Sender<Moving>,
    open: AtomicU64,
    total: AtomicU64,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RouteKind {
    /// `[[listen]]`.
    Listen,
    /// `[[forward]]`.
    Forward,
}

/// What it is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Not there yet.
    Connecting,
    /// A listener is registered; a local door is open.
    Online,
    /// The last attempt went wrong; another follows.
    Waiting,
    /// It ends or has ended.
    Stopped,
}

/// A route as the state address shows it. Times are RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RouteReport {
    /// Its name in the configuration.
    pub(crate) name: String,
    /// `listen` or `forward`.
    pub(crate) kind: RouteKind,
    /// The relay of a listener, the address of a local door.
    pub(crate) from: String,
    /// The service of a listener, the relay of a local door.
    pub(crate) to: String,
    /// What it is doing.
    pub(crate) phase: Phase,
    /// Since when it has been online.
    pub(crate) online_since: Option<String>,
    /// How often it came back after it had been online.
    pub(crate) reconnects: u64,
    /// The last thing that went wrong.
    pub(crate) last_error: Option<String>,
    /// When that was.
    pub(crate) last_error_at: Option<String>,
    /// Connections and requests that are running.
    pub(crate) open: u64,
    /// Connections and requests since the start, running ones included.
    pub(crate) total: u64,
}

#[derive(Debug)]
struct Moving {
    phase: Phase,
    online_since: Option<UnixTime>,
    times_online: u64,
    last_error: Option<(String, UnixTime)>,
}

/// Counts one connection or request for as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted<'a>(&'a RouteState);

impl RouteState {
    /// A route that begins.
    pub(crate) fn new(name: &str, kind: RouteKind, from: String, to: String) -> Self {
        let moving =
            Moving { phase: Phase::Connecting, online_since: None, times_online: 0, last_error: None };
        Self {
            name: name.to_owned(),
            kind,
            from,
            to,
            moving: watch::Sender::new(moving),
            open: AtomicU64::new(0),
            total: AtomicU64::new(0),
        }
    }

    /// Its name in the configuration.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// It is online. Tells whether this is the first time.
    pub(crate) fn handle_online(&self, now: UnixTime) -> bool {
        self.moving.send_modify(|moving| {
            moving.phase = Phase::Online;
            moving.online_since = Some(now);
            moving.times_online += 1;
        });
        self.moving.borrow().times_online == 1
    }

    /// It went offline, or could not go online, and will try again.
    pub(crate) fn handle_offline(&self, error: String, now: UnixTime) {
        self.moving.send_modify(|moving| {
            moving.phase = Phase::Waiting;
            moving.online_since = None;
            moving.last_error = Some((error, now));
        });
    }

    /// Something went wrong with one of its connections; it stays online.
    pub(crate) fn handle_error(&self, error: String, now: UnixTime) {
        self.moving.send_modify(|moving| moving.last_error = Some((error, now)));
    }

    /// It ends.
    pub(crate) fn handle_stopped(&self) {
        self.moving.send_modify(|moving| {
            moving.phase = Phase::Stopped;
            moving.online_since = None;
        });
    }

    /// Waits until it is in this phase. The caller sets the deadline.
    pub(crate) async fn wait_for(&self, phase: Phase) {
        // Fails only when the sender is gone, which is in `self`.
        let _ = self.moving.subscribe().wait_for(|moving| moving.phase == phase).await;
    }

    /// Counts one connection or request until the returned value is dropped.
    pub(crate) fn count(&self) -> Counted<'_> {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
        Counted(self)
    }

    /// What there is to show.
    pub(crate) fn report(&self) -> RouteReport {
        let moving = self.moving.borrow();
        RouteReport {
            name: self.name.clone(),
            kind: self.kind,
            from: self.from.clone(),
            to: self.to.clone(),
            phase: moving.phase,
            online_since: moving.online_since.map(rfc3339),
            reconnects: moving.times_online.saturating_sub(1),
            last_error: moving.last_error.as_ref().map(|(error, _)| error.clone()),
            last_error_at: moving.last_error.as_ref().map(|(_, at)| rfc3339(*at)),
            open: self.open.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn rfc3339(time: UnixTime) -> String {
    jiff::Timestamp::from_second(time.0).map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route() -> RouteState {
        RouteState::new("jobs", RouteKind::Listen, "sb://h/jobs".to_owned(), "http://localhost".to_owned())
    }

    #[test]
    fn counts_reconnects_and_keeps_the_last_error() {
        let route = route();
        assert!(route.handle_online(UnixTime(0)));
        route.handle_offline("gateway closed".to_owned(), UnixTime(60));
        assert!(!route.handle_online(UnixTime(61)));
        let report = route.report();
        assert_eq!((report.phase, report.reconnects), (Phase::Online, 1));
        assert_eq!(report.online_since.as_deref(), Some("1970-01-01T00:01:01Z"));
        assert_eq!(report.last_error.as_deref(), Some("gateway closed"));
        assert_eq!(report.last_error_at.as_deref(), Some("1970-01-01T00:01:00Z"));
    }

    #[test]
    fn is_not_online_while_it_waits_or_after_its_end() {
        let route = route();
        assert_eq!(route.report().phase, Phase::Connecting);
        route.handle_online(UnixTime(5));
        route.handle_offline("x".to_owned(), UnixTime(6));
        assert_eq!((route.report().phase, route.report().online_since), (Phase::Waiting, None));
        route.handle_stopped();
        assert_eq!(route.report().phase, Phase::Stopped);
    }

    #[test]
    fn counts_what_runs() {
        let route = route();
        let first = route.count();
        let second = route.count();
        drop(first);
        assert_eq!((route.report().open, route.report().total), (1, 2));
        drop(second);
        assert_eq!((route.report().open, route.report().total), (0, 2));
    }
}

//! Do our clock and the gateway's agree? Tokens and certificates hang on it.

use super::finding::{Check, Fault, Finding, Whose};
use crate::entity::UnixTime;

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The `Date` of an answer.
    pub(super) gateway: UnixTime,
    /// Ours, in the middle between question and answer.
    pub(super) ours: UnixTime,
}

/// Nobody notices less: `Date` has whole seconds, and an answer takes a while.
const UNNOTICED: u64 = 60;

/// What gateways allow tokens (hybrid page 6.6), and clients their certificates.
const ALLOWED: u64 = 300;

/// What it means. `None`: the gateway said no time.
pub(super) fn verdict(reading: Option<Reading>) -> Finding {
    let Some(Reading { gateway, ours }) = reading else {
        return Finding::warning(
            Check::Clock,
            Fault::ClockUnknown,
            "the answer of the gateway held no Date",
            Whose::Gateway,
            "compare this machine's clock with a time server",
        );
    };
    let behind = gateway.0.saturating_sub(ours.0);
    let by = span(behind.unsigned_abs());
    if behind.unsigned_abs() <= UNNOTICED {
        return Finding::ok(
            Check::Clock,
            format!("within {UNNOTICED} s of the gateway's, which says {gateway}"),
        );
    }
    let advice = "set both by a time server: w32tm /resync on Windows, chrony or systemd-timesyncd elsewhere; \
                  a virtual machine may need its host's clock set";
    let (fault, seen) = match behind > 0 {
        true => (
            Fault::ClockBehind,
            format!(
                "this machine is {by} behind the gateway ({ours} here, {gateway} there): tokens made here end that much too early"
            ),
        ),
        false => (
            Fault::ClockAhead,
            format!(
                "this machine is {by} ahead of the gateway ({ours} here, {gateway} there): tokens made here live on too long, and certificates seem to have ended"
            ),
        ),
    };
    match behind.unsigned_abs() > ALLOWED {
        true => Finding::failed(Check::Clock, fault, seen, Whose::Here, advice),
        false => Finding::warning(Check::Clock, fault, seen, Whose::Here, advice),
    }
}

/// `3 h 20 min`.
fn span(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Status;

    fn judged(behind: i64) -> (Status, Option<Fault>) {
        let ours = UnixTime(1_800_000_000);
        let finding = verdict(Some(Reading { gateway: UnixTime(ours.0 + behind), ours }));
        (finding.status, finding.fault())
    }

    #[test]
    fn a_minute_is_unnoticed_five_are_allowed_and_more_are_a_fault() {
        assert_eq!(judged(60), (Status::Ok, None));
        assert_eq!(judged(-60), (Status::Ok, None));
        assert_eq!(judged(61), (Status::Warning, Some(Fault::ClockBehind)));
        assert_eq!(judged(-300), (Status::Warning, Some(Fault::ClockAhead)));
        assert_eq!(judged(301), (Status::Failed, Some(Fault::ClockBehind)));
        assert_eq!(judged(-301), (Status::Failed, Some(Fault::ClockAhead)));
        assert_eq!(judged(i64::MIN).0, Status::Failed);
        assert_eq!(verdict(None).fault(), Some(Fault::ClockUnknown));
    }

    #[test]
    fn spans_are_read_at_a_glance() {
        for (seconds, text) in
            [(59, "59 s"), (3_599, "59 min"), (3_600, "1 h"), (12_000, "3 h 20 min"), (90_000, "1 d 1 h")]
        {
            assert_eq!(span(seconds), text);
        }
    }
}

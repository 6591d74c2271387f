//! One direction of a TCP connection, put together: RFC 9293 3.4, without a receiver's window, because only what was sent is looked at.

use std::collections::BTreeMap;

use super::error::CaptureError;
use crate::inspect::timeline::Moment;

/// Where the bytes of a direction stand in the capture, in order and without those that came twice.
#[derive(Debug, Default)]
pub struct Flow {
    /// The sequence number of the next byte; `None` before the first segment.
    next: Option<u32>,
    /// Bytes so far, those of gaps included.
    len: u64,
    extents: Vec<Extent>,
    /// Segments that came before their turn, by the place of their first byte.
    waiting: BTreeMap<u64, Waiting>,
    initial: Option<u32>,
    /// What else there is to know about it.
    pub(super) facts: Facts,
}

/// What there is to know about a direction besides its bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) fin: bool,
    pub(super) reset: bool,
    /// Segments with nothing new in them.
    pub(super) again: u64,
    /// Segments that came before their turn.
    pub(super) early: u64,
    pub(super) gaps: u64,
    pub(super) missing: u64,
}

/// Bytes that follow each other in the file and in the direction, or a gap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extent {
    /// Where it ends in the direction.
    pub(super) end: u64,
    /// Where it begins in the file; `None`: a gap.
    pub(super) at: Option<u64>,
    pub(super) moment: Moment,
}

/// A piece of payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) sequence: u32,
    /// Where it stands in the file.
    pub(super) at: u64,
    /// Bytes that were captured, and those behind them that were not.
    pub(super) len: usize,
    pub(super) missing: usize,
    pub(super) moment: Moment,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    at: u64,
    len: u64,
    missing: u64,
    moment: Moment,
}

/// Segments of one direction that wait for an earlier one. When there are more, that one is given up: a window of a gigabyte is as large
/// as windows get, and the segments in flight are fewer.
const WAITING: usize = 1 << 14;

/// Segments of one capture: about 40 bytes are kept of each.
pub(super) const EXTENTS: usize = 1 << 23;

impl Flow {
    /// A SYN. `false`: it begins another connection than the one that this flow is of.
    pub(super) fn begin(&mut self, sequence: u32) -> bool {
        if self.next.is_none() {
            self.next = Some(sequence.wrapping_add(1));
            self.initial = Some(sequence);
        }
        self.initial == Some(sequence)
    }

    /// Whether its SYN was captured.
    pub(super) fn has_beginning(&self) -> bool {
        self.initial.is_some()
    }

    /// A segment, which may hold no payload at all. Says how many extents it made.
    pub(super) fn push(&mut self, piece: Piece) -> Result<usize, CaptureError> {
        let before = self.extents.len();
        let next = *self.next.get_or_insert(piece.sequence);
        let all = (piece.len + piece.missing) as i64;
        // Sequence numbers wrap: what is less than half of them away is ahead, the rest is behind.
        let ahead = i64::from(piece.sequence.wrapping_sub(next) as i32);
        if all == 0 {
            return Ok(0);
        }
        if ahead + all <= 0 {
            self.facts.again += 1;
            return Ok(0);
        }
        let old = (-ahead).max(0) as u64;
        let mut new = Waiting {
            at: piece.at + old,
            len: (piece.len as u64).saturating_sub(old),
            missing: piece.missing as u64,
            moment: piece.moment,
        };
        new.missing -= old.saturating_sub(piece.len as u64);
        if ahead <= 0 {
            self.deliver(new, piece.moment);
            self.deliver_waiting(Some(piece.moment));
        } else {
            self.facts.early += 1;
            let place = self.len + ahead as u64;
            let longer = |known: &Waiting| known.len + known.missing >= new.len + new.missing;
            if !self.waiting.get(&place).is_some_and(longer) {
                self.waiting.insert(place, new);
            }
            if self.waiting.len() > WAITING {
                self.give_up();
            }
        }
        Ok(self.extents.len() - before)
    }

    /// Nothing more will come: what is still missing stays so.
    pub(super) fn finish(&mut self) {
        while !self.waiting.is_empty() {
            self.give_up();
        }
    }

    fn deliver(&mut self, piece: Waiting, moment: Moment) {
        if piece.len > 0 {
            self.extend(Some(piece.at), piece.len, moment);
        }
        if piece.missing > 0 {
            self.extend(None, piece.missing, moment);
        }
    }

    fn extend(&mut self, at: Option<u64>, len: u64, moment: Moment) {
        self.len += len;
        // A segment holds at most 64 KiB; only a gap may be longer, and that is less than 2^31.
        self.next = self.next.map(|next| next.wrapping_add(len as u32));
        if at.is_none() {
            self.facts.gaps += 1;
            self.facts.missing += len;
        }
        self.extents.push(Extent { end: self.len, at, moment });
    }

    /// What has become the next. `moment`: of the segment that they waited for; else they keep their own.
    fn deliver_waiting(&mut self, moment: Option<Moment>) {
        while let Some(entry) = self.waiting.first_entry() {
            let place = *entry.key();
            if place > self.len {
                return;
            }
            let mut piece = entry.remove();
            let old = self.len - place;
            if old >= piece.len + piece.missing {
                self.facts.again += 1;
                continue;
            }
            piece.missing -= old.saturating_sub(piece.len);
            piece.at += old;
            piece.len = piece.len.saturating_sub(old);
            self.deliver(piece, moment.unwrap_or(piece.moment));
        }
    }

    /// The bytes before the first segment that waits were not captured.
    fn give_up(&mut self) {
        if let Some((place, piece)) = self.waiting.first_key_value() {
            let (gap, moment) = (place.saturating_sub(self.len), piece.moment);
            if gap > 0 {
                self.extend(None, gap, moment);
            }
            self.deliver_waiting(None);
        }
    }

    pub(super) fn extents(&self) -> &[Extent] {
        &self.extents
    }

    /// Bytes of the direction, those of gaps included.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// When the byte at `offset` came.
    pub fn moment(&self, offset: u64) -> Option<Moment> {
        let extent = self.extents.partition_point(|extent| extent.end <= offset);
        self.extents.get(extent).map(|extent| extent.moment)
    }

    /// What there is to know about it, a line each.
    pub fn remarks(&self) -> Vec<String> {
        let facts = self.facts;
        let mut remarks = Vec::new();
        if self.next.is_some() && !self.has_beginning() {
            remarks.push("! its SYN is not in the capture: what was sent before is not shown".to_owned());
        }
        if facts.gaps > 0 {
            remarks.push(format!(
                "! {} bytes are missing in the capture, in {} places",
                facts.missing, facts.gaps
            ));
        }
        if facts.again + facts.early > 0 {
            let (again, early) = (facts.again, facts.early);
            remarks
                .push(format!("· {again} segments came again, {early} before their turn; put in order here"));
        }
        match (facts.reset, facts.fin) {
            (true, _) => remarks.push("! reset: its sender gave the connection up (RST)".to_owned()),
            (false, true) => {}
            (false, false) => {
                remarks.push("· the capture ends before the connection does (no FIN)".to_owned())
            }
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file that holds the direction itself, so that a place in it is a place in the direction.
    fn push(flow: &mut Flow, initial: u32, from: u64, len: usize, event: usize) {
        let sequence = initial.wrapping_add(1).wrapping_add(from as u32);
        let moment = Moment { event, seconds: event as f64 };
        flow.push(Piece { sequence, at: from, len, missing: 0, moment }).unwrap();
    }

    /// Where each extent begins and ends; every one that is no gap stands where its bytes do.
    fn covered(flow: &Flow) -> Vec<(u64, u64, bool)> {
        let mut from = 0;
        let mut all = Vec::new();
        for extent in flow.extents() {
            assert!(extent.at.is_none_or(|at| at == from), "{:?}", flow.extents());
            all.push((from, extent.end, extent.at.is_some()));
            from = extent.end;
        }
        assert_eq!(from, flow.len());
        all
    }

    #[test]
    fn segments_out_of_order_twice_and_overlapping_are_put_together_across_the_wrap() {
        let initial = u32::MAX - 4;
        let mut flow = Flow::default();
        assert!(flow.begin(initial));
        push(&mut flow, initial, 0, 3, 1);
        push(&mut flow, initial, 6, 4, 2);
        push(&mut flow, initial, 6, 4, 3);
        push(&mut flow, initial, 0, 3, 4);
        push(&mut flow, initial, 2, 5, 5);
        push(&mut flow, initial, 9, 3, 6);
        flow.finish();
        assert_eq!(covered(&flow), [(0, 3, true), (3, 7, true), (7, 10, true), (10, 12, true)]);
        // What waited came when its turn did.
        assert_eq!(flow.moment(8).unwrap().event, 5);
        assert_eq!((flow.facts.gaps, flow.facts.early), (0, 2));
        assert!(flow.begin(initial) && !flow.begin(initial + 1));
    }

    #[test]
    fn what_never_came_is_a_gap_and_what_follows_is_kept() {
        let mut flow = Flow::default();
        flow.begin(0);
        push(&mut flow, 0, 0, 3, 1);
        push(&mut flow, 0, 5, 2, 2);
        push(&mut flow, 0, 9, 2, 3);
        assert_eq!(flow.len(), 3);
        flow.finish();
        let gaps = [(0, 3, true), (3, 5, false), (5, 7, true), (7, 9, false), (9, 11, true)];
        assert_eq!(covered(&flow), gaps);
        assert_eq!(flow.facts.missing, 4);
    }

    #[test]
    fn without_a_syn_the_first_segment_is_the_beginning() {
        let mut flow = Flow::default();
        push(&mut flow, 77, 0, 3, 1);
        push(&mut flow, 77, 3, 3, 2);
        flow.finish();
        assert_eq!(flow.len(), 6);
        assert!(!flow.has_beginning() && flow.remarks()[0].contains("SYN"));
    }

    #[test]
    fn a_segment_that_the_capture_cut_is_followed_by_a_gap() {
        let mut flow = Flow::default();
        flow.begin(0);
        let moment = Moment { event: 0, seconds: 0.0 };
        flow.push(Piece { sequence: 1, at: 0, len: 4, missing: 6, moment }).unwrap();
        // Again, whole: the bytes that are known stay.
        flow.push(Piece { sequence: 1, at: 0, len: 10, missing: 0, moment }).unwrap();
        flow.push(Piece { sequence: 9, at: 8, len: 4, missing: 0, moment }).unwrap();
        flow.finish();
        assert_eq!(covered(&flow), [(0, 4, true), (4, 10, false), (10, 12, true)]);
    }

    #[test]
    fn too_many_segments_that_wait_make_a_gap() {
        let mut flow = Flow::default();
        flow.begin(0);
        for index in 0..=WAITING as u64 {
            push(&mut flow, 0, 10 + 2 * index, 1, 1);
        }
        assert_eq!(flow.len(), 11);
        assert!(flow.waiting.len() <= WAITING);
    }

    proptest! {
        #[test]
        fn any_order_of_pieces_that_cover_the_direction_gives_the_direction(
            initial: u32,
            cuts in proptest::collection::vec(1..200usize, 1..40),
            order in proptest::collection::vec(any::<prop::sample::Index>(), 0..80),
            grow in 0..30usize,
        ) {
            let mut pieces = Vec::new();
            let mut from = 0;
            for len in &cuts {
                pieces.push((from as u64, len + grow));
                from += len;
            }
            let end = (from + grow) as u64;
            for swap in order.chunks_exact(2) {
                let (one, other) = (swap[0].index(pieces.len()), swap[1].index(pieces.len()));
                pieces.swap(one, other);
            }
            let mut flow = Flow::default();
            flow.begin(initial);
            for (event, (from, len)) in pieces.iter().enumerate() {
                push(&mut flow, initial, *from, *len, event);
            }
            prop_assert!(flow.waiting.is_empty());
            prop_assert_eq!(flow.len(), end);
            prop_assert!(covered(&flow).iter().all(|(_, _, bytes)| *bytes));
            let moments: Vec<usize> = flow.extents().iter().map(|extent| extent.moment.event).collect();
            prop_assert!(moments.is_sorted());
        }
    }
}

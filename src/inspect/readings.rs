//! Which envelope belongs to which session of a direction.

use super::direction::Direction;
use super::envelope::Envelopes;
use super::stream::Stream;
use super::terms::Terms;

/// The [`Envelopes`] of the session that is being read, session after session.
#[derive(Debug)]
pub(super) struct Readings {
    terms: Vec<Terms>,
    session: usize,
    envelopes: Envelopes,
}

impl Readings {
    pub(super) fn new(stream: &Stream, direction: Direction) -> Self {
        let terms = stream.terms(direction);
        let envelopes = Envelopes::new(nth_or_last(&terms, 0));
        Self { terms, session: 0, envelopes }
    }

    /// Those of this session; sessions come in order.
    pub(super) fn session(&mut self, session: usize) -> &mut Envelopes {
        if session != self.session {
            self.session = session;
            self.envelopes = Envelopes::new(nth_or_last(&self.terms, session));
        }
        &mut self.envelopes
    }
}

fn nth_or_last(terms: &[Terms], index: usize) -> Terms {
    let terms = terms.get(index).or(terms.last()).cloned();
    terms.unwrap_or(Terms::of_mode(crate::wire::framing::Mode::Duplex))
}

//! One message as it comes: its head is held back until To is known, all behind it passes.

use super::binary::{Finder, Seen, chars_with_end};
use super::error::RewriteError;
use super::route::ToRoute;
use super::text::TextRewriter;
use crate::wire::binxml::{Dictionaries, Feed, Limits};
use crate::wire::soap::Headers;
use crate::wire::xml::Charset;

/// Bytes of a message up to its body, which are held back.
pub const MAX_HEAD: usize = 256 * 1024;

/// What became of the head of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing had to change.
    Same,
    /// To is another one.
    Changed,
}

/// The head of one message without a string table.
#[derive(Debug)]
pub(super) enum Head {
    Binary(Box<BinaryHead>),
    Text(Box<TextRewriter>),
}

/// The head of a message of binary XML.
#[derive(Debug)]
pub(super) struct BinaryHead {
    feed: Feed,
    finder: Finder,
    /// Where the event that was read last ended. Not asked before the next one: of a text that has not come whole the head
    /// may have been read already.
    before: usize,
    route: ToRoute,
}

impl Head {
    /// A message of encoding 7 begins.
    pub(super) fn binary(route: &ToRoute) -> Self {
        let feed = Feed::keeping(Limits::default());
        Self::Binary(Box::new(BinaryHead { feed, finder: Finder::new(), before: 0, route: route.clone() }))
    }

    /// A message of text XML begins.
    pub(super) fn text(route: &ToRoute, told: Charset) -> Self {
        Self::Text(Box::new(TextRewriter::new(route, told)))
    }

    /// Takes the next bytes of a message whose head is not known. Once it is, everything that came stands in `out`, and what
    /// follows passes. With an error nothing does.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Option<Known>, RewriteError> {
        match self {
            Self::Binary(head) => head.push(bytes, out),
            Self::Text(head) => {
                head.push(bytes, out)?;
                Ok(head.known())
            }
        }
    }

    /// What is wrong with a message that ends before its head is known.
    pub(super) fn cut_off(self) -> RewriteError {
        match self {
            Self::Binary(_) => RewriteError::UnexpectedEof,
            Self::Text(head) => head.finish().err().unwrap_or(RewriteError::UnexpectedEof),
        }
    }

    /// What the headers say, once the body has begun.
    pub(super) fn headers(&self) -> Option<&Headers> {
        match self {
            Self::Binary(head) => head.finder.headers(),
            Self::Text(head) => head.headers(),
        }
    }
}

impl BinaryHead {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Option<Known>, RewriteError> {
        let room = MAX_HEAD - self.feed.kept();
        let (now, beyond) = bytes.split_at(room.min(bytes.len()));
        self.feed.push(now);
        loop {
            let Some(event) = self.feed.next_event(Dictionaries::STATIC)? else {
                let full = !beyond.is_empty();
                return if full { Err(RewriteError::HeadersTooLarge { max: MAX_HEAD }) } else { Ok(None) };
            };
            let seen = self.finder.event(&event, self.before)?;
            self.before = self.feed.position();
            match seen {
                Seen::Nothing => {}
                Seen::EndOfTo => self.finder.end_of_to(self.before),
                Seen::Body => break,
            }
        }
        let Some(headers) = self.finder.headers() else { return Err(RewriteError::UnexpectedEof) };
        let new = self.route.judge_headers(headers)?;
        let document = self.feed.document();
        let known = match (new, self.finder.to()) {
            (Some(new), Some(to)) => {
                out.extend_from_slice(&document[..to.start]);
                chars_with_end(&new, out);
                out.extend_from_slice(&document[to.end..]);
                Known::Changed
            }
            _ => {
                out.extend_from_slice(document);
                Known::Same
            }
        };
        out.extend_from_slice(beyond);
        Ok(Some(known))
    }
}

//! One direction of an HTTP connection: heads and bodies, then perhaps frames.

use std::io;

use super::body::{self, BodyEnd};
use super::frames;
use super::head::{Framing, Head, Start, begins_request};
use crate::inspect::ending::Ending;
use crate::inspect::entry::{Details, Entry, View};
use crate::inspect::feed::Feed;
use crate::inspect::opaque;
use crate::inspect::said::{SESSIONS, Said};
use crate::inspect::walk::Walk;

/// The messages of one direction.
#[derive(Debug)]
pub(in crate::inspect) struct HttpWalk {
    is_request: bool,
    view: View,
    state: State,
    /// Final messages so far: a response of 1xx is none.
    count: u64,
    ending: Option<Ending>,
}

#[derive(Debug)]
enum State {
    Head,
    /// The body of this head is next.
    Body(Head, Framing),
    /// A request asked for something else than HTTP, and only what comes next tells whether it got that.
    Asked {
        websocket: bool,
    },
    Frames,
    Tunnel,
}

impl HttpWalk {
    pub(in crate::inspect) fn new(is_request: bool, view: View) -> Self {
        Self { is_request, view, state: State::Head, count: 0, ending: None }
    }

    /// The next head; `None`: there is none more.
    fn head(&mut self, feed: &mut Feed<'_>, said: &mut Said) -> io::Result<Option<Entry>> {
        let offset = feed.offset();
        let head = loop {
            match Head::parse(feed.bytes(), self.is_request) {
                Ok(Some(head)) => break head,
                Ok(None) if feed.more()? => {}
                Ok(None) if feed.gap() > 0 => {
                    self.ending = Some(Ending::gap(offset));
                    return Ok(Some(opaque::lost(feed, self.view)));
                }
                Ok(None) if feed.bytes().is_empty() => {
                    self.ending = Some(Ending::clean("between two messages"));
                    return Ok(None);
                }
                Ok(None) => {
                    self.ending = Some(Ending::error("eof", "the connection ends inside a head", offset));
                    return Ok(None);
                }
                Err(error) => {
                    self.ending = Some(Ending::error("http", error.to_string(), offset));
                    return Ok(None);
                }
            }
        };
        let rows = match self.view {
            View::Text => head.rows(offset, &feed.bytes()[..head.len]),
            _ => Vec::new(),
        };
        feed.take(head.len);
        let details = match self.view {
            View::Json => Details { headers: Some(head.shown()), ..Details::default() },
            _ => Details::default(),
        };
        let entry = Entry { details, ..Entry::new(offset, head.value(), rows) };
        self.follow(head, said);
        Ok(Some(entry))
    }

    /// What follows a head.
    fn follow(&mut self, head: Head, said: &mut Said) {
        let number = self.count;
        match &head.start {
            Start::Request { method, .. } => {
                if self.view == View::Survey && method == "HEAD" && said.heads.len() < SESSIONS {
                    said.heads.push(number);
                }
                if self.view == View::Survey && method == "CONNECT" {
                    said.connect = Some(number);
                }
                self.count += 1;
            }
            Start::Response { status: 100..200, .. } => {}
            Start::Response { .. } => self.count += 1,
        }
        let (is_head, is_connect) = match self.is_request {
            true => (false, false),
            false => (said.heads.binary_search(&number).is_ok(), said.connect == Some(number)),
        };
        let framing = head.framing(is_head, is_connect);
        self.state = match framing {
            Framing::Upgraded if head.is_websocket() => State::Frames,
            Framing::Upgraded => State::Tunnel,
            Framing::None | Framing::Length(0) if self.is_request && head.asks_for_more() => {
                State::Asked { websocket: head.is_websocket() }
            }
            Framing::None | Framing::Length(0) => State::Head,
            framing => State::Body(head, framing),
        };
    }

    fn body(&mut self, feed: &mut Feed<'_>, head: &Head, framing: Framing) -> io::Result<Entry> {
        let offset = feed.offset();
        let body = body::read(feed, framing)?;
        match body.end {
            BodyEnd::Whole => {}
            BodyEnd::Cut => {
                self.ending = Some(Ending::error("eof", "the connection ends inside a body", feed.offset()));
            }
            BodyEnd::Lost => self.ending = Some(Ending::gap(feed.offset())),
            BodyEnd::Malformed => {
                self.ending =
                    Some(Ending::error("http", "the chunks of a body are malformed", feed.offset()));
            }
        }
        let (details, rows) = match self.view {
            View::Survey => (Details::default(), Vec::new()),
            view => body.show(head, view),
        };
        Ok(Entry { details, ..Entry::new(offset, body.value(), rows) })
    }
}

impl Walk for HttpWalk {
    fn next(&mut self, feed: &mut Feed<'_>, said: &mut Said) -> io::Result<Option<Entry>> {
        if self.ending.is_some() {
            return Ok(None);
        }
        if let State::Asked { websocket } = self.state {
            let next = feed.at_least(8)?;
            self.state = match websocket {
                _ if next.is_empty() || begins_request(next) => State::Head,
                true => State::Frames,
                false => State::Tunnel,
            };
        }
        match std::mem::replace(&mut self.state, State::Head) {
            State::Head | State::Asked { .. } => self.head(feed, said),
            State::Body(head, framing) => self.body(feed, &head, framing).map(Some),
            State::Frames => {
                self.state = State::Frames;
                match frames::next(feed, self.view)? {
                    Ok(entry) => Ok(Some(entry)),
                    Err((ending, last)) => {
                        self.ending = Some(ending);
                        Ok(last)
                    }
                }
            }
            State::Tunnel if feed.at_least(1)?.is_empty() && feed.gap() == 0 => {
                self.ending = Some(Ending::clean("nothing more was sent"));
                Ok(None)
            }
            State::Tunnel => {
                self.ending = Some(Ending::open("in what is not read"));
                opaque::entry(feed, self.view).map(Some)
            }
        }
    }

    fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }
}

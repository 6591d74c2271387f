//! The seam between protocols: how one direction of a connection is walked, whatever it speaks.

use std::io;

use super::ending::Ending;
use super::entry::Entry;
use super::feed::Feed;
use super::said::Said;

/// Reads one direction of one protocol. A protocol more is a type more that does this, and its line in [`super::protocol`].
pub(super) trait Walk {
    /// The next entry; `None`: there are no more, and [`Walk::ending`] says why. What is said that the other direction needs goes
    /// into `said`, or is looked up there.
    fn next(&mut self, feed: &mut Feed<'_>, said: &mut Said) -> io::Result<Option<Entry>>;

    /// How the direction ends, once there are no more entries.
    fn ending(&self) -> Option<&Ending>;
}

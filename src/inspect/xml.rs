//! The envelopes of a recording as one XML document.

use quick_xml::escape::escape;

use super::entry::View;
use super::stream::{ReadError, Stream};

/// What stands before the first stream.
pub const XML_BEGIN: &str = "<recording>";

/// What stands behind the last one.
pub const XML_END: &str = "</recording>";

impl Stream<'_> {
    /// Gives each line to `line`: an element for each envelope, each direction in turn. [`XML_BEGIN`] and [`XML_END`] stand around all
    /// streams.
    ///
    /// # Errors
    /// Those of `line`, and [`ReadError`].
    pub fn xml<E: From<ReadError>>(&self, mut line: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let name = escape(self.name.as_str());
        let mut plan = self.plan()?;
        for direction in self.directions() {
            let mut way = self.way(&mut plan, direction, View::Xml)?;
            while let Some(entry) = self.entry(&mut way, &mut plan)? {
                let place =
                    format!("stream=\"{name}\" dir=\"{}\" offset=\"{}\"", direction.name(), entry.offset);
                if let Some(envelope) = entry.details.envelope {
                    line(&format!("<envelope {place}>{envelope}</envelope>"))?;
                } else if let Some(reason) = entry.details.unreadable {
                    line(&format!("<unreadable {place} reason=\"{}\"/>", escape(reason.as_str())))?;
                }
            }
        }
        Ok(())
    }
}

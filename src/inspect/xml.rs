//! The envelopes of a recording as one XML document.

use quick_xml::escape::escape;

use super::readings::Readings;
use super::stream::Stream;
use super::walk::Item;

/// What stands before the first stream.
pub const XML_BEGIN: &str = "<recording>";

/// What stands behind the last one.
pub const XML_END: &str = "</recording>";

impl Stream {
    /// Gives each line to `line`: an element for each envelope, each direction in turn. [`XML_BEGIN`] and [`XML_END`] stand around all
    /// streams.
    ///
    /// # Errors
    /// Those of `line`.
    pub fn xml<E>(&self, mut line: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let name = escape(self.name.as_str());
        for direction in self.directions() {
            let mut readings = Readings::new(self, direction);
            for found in self.walk(direction) {
                let (Item::Sized(payload) | Item::Unsized(payload)) = &found.item else { continue };
                let place =
                    format!("stream=\"{name}\" dir=\"{}\" offset=\"{}\"", direction.name(), found.offset);
                match readings.session(found.session).fragment(&payload.bytes()) {
                    Ok(envelope) => line(&format!("<envelope {place}>{envelope}</envelope>"))?,
                    Err(error) => {
                        let reason = error.to_string();
                        line(&format!("<unreadable {place} reason=\"{}\"/>", escape(reason.as_str())))?;
                    }
                }
            }
        }
        Ok(())
    }
}

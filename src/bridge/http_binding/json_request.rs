//! An entity of JSON: octets in UTF-8, checked. The library converts it when it finds the header `Content-Type` (7.4).

use super::body_format::BodyFormat;
use super::charset::{Syntax, ToUtf8};
use super::content_type::{ContentType, with_utf8};
use super::json_check::JsonCheck;
use super::limits::BindingLimits;
use super::outgoing::Outgoing;
use super::refusal::HttpRefusal;

/// Bytes that are looked at at a time.
const PIECE: usize = 16 * 1024;

/// Turns one entity into the body of an envelope, as it comes.
pub(super) struct JsonRequest {
    utf8: ToUtf8,
    check: JsonCheck,
}

impl JsonRequest {
    pub(super) fn new(content: &ContentType, limits: &BindingLimits) -> Result<Self, HttpRefusal> {
        let utf8 = ToUtf8::new(content.charset.as_deref(), Syntax::Json)?;
        Ok(Self { utf8, check: JsonCheck::new(limits.json_depth) })
    }

    /// The next bytes of the entity.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        to: &mut Outgoing,
        out: &mut Vec<u8>,
    ) -> Result<(), HttpRefusal> {
        bytes.chunks(PIECE).try_for_each(|piece| self.piece(piece, false, to, out))
    }

    /// The entity is over, and was not empty.
    pub(super) fn finish(&mut self, to: &mut Outgoing, out: &mut Vec<u8>) -> Result<(), HttpRefusal> {
        self.piece(&[], true, to, out)?;
        self.check.finish()
    }

    fn piece(
        &mut self,
        bytes: &[u8],
        last: bool,
        to: &mut Outgoing,
        out: &mut Vec<u8>,
    ) -> Result<(), HttpRefusal> {
        let mut text = Vec::new();
        let decoded = self.utf8.push(bytes, last, &mut text);
        self.check.push(&text)?;
        decoded?;
        if text.is_empty() {
            return Ok(());
        }
        if to.format().is_none() {
            if self.utf8.is_recoded() {
                to.set_header("Content-Type", with_utf8);
            }
            to.begin(BodyFormat::Raw, out)?;
        }
        to.bytes(&text, out)
    }
}

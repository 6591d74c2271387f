//! Which strings the ids of a document stand for.

use super::error::DecodeError;
use super::session::SessionTable;
use super::static_strings::STRINGS;
use crate::wire::xml::{Origin, Str};

/// The dictionaries of a document. Even ids are of the static one, odd ids of the session.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dictionaries<'a> {
    has_static: bool,
    session: Option<&'a SessionTable>,
}

impl<'a> Dictionaries<'a> {
    /// None at all: every id is refused. [MC-NBFX] alone.
    pub const NONE: Self = Self { has_static: false, session: None };

    /// The static dictionary of SOAP: framing encoding 7, and `application/soap+msbin1`.
    pub const STATIC: Self = Self { has_static: true, session: None };

    /// The static dictionary and the strings of a session: framing encoding 8.
    pub const fn session(table: &'a SessionTable) -> Self {
        Self { has_static: true, session: Some(table) }
    }

    /// The string of an id.
    ///
    /// # Errors
    /// The id is not there, or no dictionary that has its kind.
    #[inline(always)]
    pub fn string(self, id: u32) -> Result<Str<'a>, DecodeError> {
        let index = (id / 2) as usize;
        if id & 1 == 1 {
            let table = self.session.ok_or(DecodeError::NoSession(id))?;
            let text = table.string(index).ok_or(DecodeError::UnknownSessionId(id))?;
            return Ok(Str::dictionary(text));
        }
        if !self.has_static {
            return Err(DecodeError::NoDictionary(id));
        }
        let text = STRINGS.get(index).ok_or(DecodeError::UnknownStaticId(id))?;
        Ok(Str { text, origin: Origin::Static(index as u16) })
    }
}

/// The string of the static dictionary at an index; an id is twice that.
pub fn static_string(index: u16) -> Option<Str<'static>> {
    let text = STRINGS.get(usize::from(index))?;
    Some(Str { text, origin: Origin::Static(index) })
}

/// Looks a string up in the static dictionary; none of its strings is there twice.
pub fn find_static(text: &str) -> Option<Str<'static>> {
    let index = STRINGS.iter().position(|string| *string == text)?;
    static_string(index as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    // [MC-NBFS] 2.2: the space is there on the wire, whatever other lists say.
    #[test]
    fn the_string_with_the_leading_space_keeps_it() {
        let string = Dictionaries::STATIC.string(0x1a8).unwrap();
        assert_eq!(string.text, " http://schemas.xmlsoap.org/ws/2005/02/trust/tlsnego");
    }

    #[test]
    fn the_first_and_the_last_string_are_there_and_no_other() {
        assert_eq!(Dictionaries::STATIC.string(0).unwrap().text, "mustUnderstand");
        assert_eq!(Dictionaries::STATIC.string(0x3cc).unwrap().text, "detail");
        assert_eq!(Dictionaries::STATIC.string(0x3ce), Err(DecodeError::UnknownStaticId(0x3ce)));
        assert_eq!(Dictionaries::NONE.string(0), Err(DecodeError::NoDictionary(0)));
        assert_eq!(Dictionaries::STATIC.string(1), Err(DecodeError::NoSession(1)));
    }

    #[test]
    fn no_static_string_is_there_twice() {
        let distinct: std::collections::HashSet<_> = STRINGS.iter().collect();
        assert_eq!(distinct.len(), STRINGS.len());
    }
}

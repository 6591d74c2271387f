//! The first walk over a start tag: its declarations, its end, and whether an attribute is there twice.

use super::cursor::{Cursor, Parse};
use super::decoder::Decoder;
use super::dictionaries::Dictionaries;
use super::error::DecodeError;
use super::names::{attribute_form, declaration, skip_attribute};
use super::scope::Resolved;
use super::text_record;

/// Attributes of a tag whose names are compared without allocation, each with each.
const FEW: usize = 16;

impl<S: AsRef<str> + Default> Decoder<S> {
    /// Takes the declarations of a start tag, from behind its name, and says where it ends.
    #[inline(never)]
    pub(super) fn scan<'i>(&mut self, mut cursor: Cursor<'i>, dictionaries: Dictionaries<'i>) -> Parse<usize>
    where
        S: From<&'i str>,
    {
        let start = cursor.at;
        let (mut attributes, mut declarations) = (0, 0);
        loop {
            match cursor.peek()? {
                kind @ 0x08..=0x0b => {
                    cursor.at += 1;
                    let (prefix, uri) = declaration(kind, &mut cursor, dictionaries, self.limits.name)?;
                    self.scope.declare(prefix, uri, self.depth + 1, self.limits.namespaces)?;
                    declarations += 1;
                }
                0x04..=0x3f => {
                    skip_attribute(&mut cursor)?;
                    attributes += 1;
                }
                _ => break,
            }
            if attributes + declarations > self.limits.attributes {
                return Err(DecodeError::TooManyAttributes { max: self.limits.attributes }.into());
            }
            if cursor.at - start > self.limits.start_tag {
                return Err(DecodeError::StartTagTooLong { max: self.limits.start_tag }.into());
            }
        }
        if attributes > 1 {
            let tag = &cursor.input[..cursor.at];
            self.refuse_duplicates(Cursor::new(tag, start), attributes as usize, dictionaries)?;
        }
        Ok(cursor.at)
    }

    /// Compares strings: one name may come from a dictionary and the other be inline, and two prefixes may be of one namespace.
    #[inline(never)]
    fn refuse_duplicates<'i>(
        &mut self,
        mut tag: Cursor<'i>,
        count: usize,
        dictionaries: Dictionaries<'i>,
    ) -> Parse<()> {
        let mut few = [("", Resolved::None); FEW];
        let mut many = Vec::new();
        let names = match few.get_mut(..count) {
            Some(names) => names,
            None => {
                many.resize(count, ("", Resolved::None));
                &mut many[..]
            }
        };
        let mut taken = 0;
        while let Ok(kind) = tag.byte() {
            if matches!(kind, 0x08..=0x0b) {
                tag.at -= 1;
                skip_attribute(&mut tag)?;
                continue;
            }
            let (prefix, local) = self.name(attribute_form(kind), &mut tag, dictionaries)?;
            let value = tag.byte()?;
            text_record::skip(value, &mut tag)?;
            let resolved = self.scope.attribute(prefix)?;
            if let Some(name) = names.get_mut(taken) {
                *name = (local.text, resolved);
            }
            taken += 1;
        }
        let scope = &self.scope;
        let twice = if count <= FEW {
            let same = |a: &(&str, Resolved), b: &(&str, Resolved)| {
                a.0 == b.0 && (a.1 == b.1 || scope.text(a.1) == scope.text(b.1))
            };
            (1..names.len()).any(|index| names[..index].iter().any(|name| same(name, &names[index])))
        } else {
            names.sort_unstable_by_key(|name| (name.0, scope.text(name.1)));
            names
                .windows(2)
                .any(|pair| (pair[0].0, scope.text(pair[0].1)) == (pair[1].0, scope.text(pair[1].1)))
        };
        if twice { Err(DecodeError::DuplicateAttribute.into()) } else { Ok(()) }
    }
}

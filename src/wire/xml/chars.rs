//! Which characters XML 1.0 allows, in text and in names.

/// Whether XML 1.0 section 2.2 allows the character (`Char`).
pub fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// The first character of `text` that XML 1.0 does not allow.
pub fn forbidden(text: &str) -> Option<char> {
    if text.as_bytes().chunks(64).any(suspicious) { text.chars().find(|c| !is_char(*c)) } else { None }
}

/// Whether a block may hold a forbidden character: a control character, or the first byte of U+FFFE and U+FFFF.
// Without branches, so that the compiler looks at many bytes at a time.
fn suspicious(block: &[u8]) -> bool {
    block.iter().fold(false, |found, byte| {
        let white = (*byte == b'\t') | (*byte == b'\n') | (*byte == b'\r');
        found | ((*byte < 0x20) & !white) | (*byte == 0xef)
    })
}

/// Whether the text is an `NCName`: a name without a colon, [Namespaces in XML] section 3.
pub fn is_ncname(name: &str) -> bool {
    // Nearly all names are plain letters: those need no decoding.
    if let Some((first, rest)) = name.as_bytes().split_first()
        && (first.is_ascii_alphabetic() || *first == b'_')
        && rest.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    {
        return true;
    }
    let mut chars = name.chars();
    chars.next().is_some_and(starts_name) && chars.all(continues_name)
}

fn starts_name(c: char) -> bool {
    // XML 1.0 fifth edition, production 4, without the colon.
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}'
        | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn continues_name(c: char) -> bool {
    // XML 1.0 fifth edition, production 4a.
    starts_name(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_non_characters_are_found_wherever_they_stand() {
        for (bad, c) in [("\u{1}", '\u{1}'), ("\u{fffe}", '\u{fffe}'), ("\u{ffff}", '\u{ffff}'), ("\0", '\0')]
        {
            for at in [0, 1, 63, 64, 65, 200] {
                let text = format!("{}{bad}b", "a".repeat(at));
                assert_eq!(forbidden(&text), Some(c), "{at}");
            }
        }
    }

    #[test]
    fn white_space_and_other_scripts_are_text() {
        assert_eq!(forbidden("\t\r\n héllo 日本 \u{feff} ｆｕｌｌ \u{fffd} 😀\u{7f}\u{85}"), None);
    }

    #[test]
    fn names_are_told_from_markup() {
        for good in ["a", "_1", "Envelope", "é-1.b", "日本", "a\u{b7}"] {
            assert!(is_ncname(good), "{good}");
        }
        for bad in ["", "1a", "-a", "a b", "a<", "a:b", "a>b", ".a", "\u{b7}a", "a\u{d7}"] {
            assert!(!is_ncname(bad), "{bad}");
        }
    }
}

//! TOML into a type, with every error instead of the first.
//!
//! serde stops at the first error. So what was wrong is noted, taken out of the tree, and the rest is tried again, until
//! it fits: unknown keys and values of a wrong type are all found, without a second description of the types.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::problem::Problems;

/// Reads `text` as a `T`. `None` when what is left after taking out the errors is no `T` either.
pub(super) fn read<T: DeserializeOwned>(text: &str, problems: &mut Problems) -> Option<T> {
    let (mut tree, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        for error in errors {
            let line = error.span().map(|span| line_of(text, span.start));
            problems.add_line(line, format!("not TOML: {}", one_line(error.message())));
        }
        return None;
    }
    note_lines(text, tree.get_ref(), "", problems);

    let mut removed = HashSet::new();
    loop {
        let error = match serde_path_to_error::deserialize(toml::Deserializer::from(tree.clone())) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let steps: Vec<Step> = error.path().iter().filter_map(Step::from_segment).collect();
        let path = original_path(&steps, problems);
        let message = error.inner().message();
        match missing_field(message) {
            // Present, but taken out as wrong: it was reported as that.
            Some(field) if removed.contains(&join(&path, field)) => {}
            Some(field) => problems.add_original(join(&path, field), "is missing"),
            None => problems.add_original(path.clone(), explain(message)),
        }
        if !remove(tree.get_mut(), &steps, problems) {
            return None;
        }
        removed.insert(path);
    }
}

/// One step down the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Step {
    fn from_segment(segment: &Segment) -> Option<Self> {
        match segment {
            Segment::Map { key } => Some(Self::Key(key.clone())),
            Segment::Seq { index } => Some(Self::Index(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        }
    }
}

/// The path in the file, with the indices that entries had before others were taken out.
fn original_path(steps: &[Step], problems: &Problems) -> String {
    steps.iter().fold(String::new(), |path, step| match step {
        Step::Key(key) => join(&path, key),
        Step::Index(index) => {
            let index = problems.origins.get(&path).and_then(|left| left.get(*index)).unwrap_or(index);
            format!("{path}[{index}]")
        }
    })
}

/// Takes the thing at `steps` out of the tree; false when there is none.
fn remove(table: &mut DeTable<'_>, steps: &[Step], problems: &mut Problems) -> bool {
    let path = original_path(&steps[..steps.len().saturating_sub(1)], problems);
    let Some((Step::Key(first), rest)) = steps.split_first() else { return false };
    if rest.is_empty() {
        return table.remove(first.as_str()).is_some();
    }
    let Some(value) = table.get_mut(first.as_str()) else { return false };
    remove_below(value, rest, &path, problems)
}

fn remove_below(
    value: &mut Spanned<DeValue<'_>>,
    steps: &[Step],
    parent: &str,
    problems: &mut Problems,
) -> bool {
    let Some((step, rest)) = steps.split_first() else { return false };
    match (value.get_mut(), step) {
        (DeValue::Table(table), Step::Key(key)) if rest.is_empty() => table.remove(key.as_str()).is_some(),
        (DeValue::Table(table), Step::Key(key)) => {
            table.get_mut(key.as_str()).is_some_and(|inner| remove_below(inner, rest, parent, problems))
        }
        (DeValue::Array(array), Step::Index(index)) if rest.is_empty() => {
            if *index >= array.len() {
                return false;
            }
            let left =
                problems.origins.entry(parent.to_owned()).or_insert_with(|| (0..array.len()).collect());
            left.remove(*index);
            *array = std::mem::replace(array, DeArray::new())
                .into_iter()
                .enumerate()
                .filter(|(n, _)| n != index)
                .map(|(_, entry)| entry)
                .collect();
            true
        }
        (DeValue::Array(array), Step::Index(index)) => {
            array.get_mut(*index).is_some_and(|inner| remove_below(inner, rest, parent, problems))
        }
        _ => false,
    }
}

/// Notes the line of every path in the file.
fn note_lines(text: &str, table: &DeTable<'_>, path: &str, problems: &mut Problems) {
    for (key, value) in table {
        let path = join(path, key.get_ref());
        let line = line_of(text, key.span().start);
        note_value(text, value, path, line, problems);
    }
}

fn note_value(text: &str, value: &Spanned<DeValue<'_>>, path: String, line: usize, problems: &mut Problems) {
    match value.get_ref() {
        DeValue::Table(table) => note_lines(text, table, &path, problems),
        DeValue::Array(array) => {
            for (index, entry) in array.iter().enumerate() {
                let line = line_of(text, entry.span().start);
                note_value(text, entry, format!("{path}[{index}]"), line, problems);
            }
        }
        _ => {}
    }
    problems.lines.insert(path, line);
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// serde's words for a wrong value, in ours where they are about Rust rather than about the file.
fn explain(message: &str) -> String {
    let message = one_line(message);
    let Some(unknown) = message.strip_prefix("unknown field `") else { return message };
    match unknown.split_once("`, expected ") {
        Some((_, known)) => {
            let known = known.trim_start_matches("one of ").replace('`', "").replace(" or ", ", ");
            format!("unknown key; known here: {known}")
        }
        None => "unknown key; none is known here".to_owned(),
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, default)]
    struct Outer {
        number: u32,
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Item {
        name: String,
        #[serde(default)]
        size: u8,
    }

    fn problems_of(text: &str) -> (Option<Outer>, String) {
        let mut problems = Problems::default();
        let value = read(text, &mut problems);
        (value, problems.finish("f").err().map(|error| error.to_string()).unwrap_or_default())
    }

    #[test]
    fn reads_a_good_file() {
        let (value, text) = problems_of("number = 3\n[[items]]\nname = 'a'\n");
        assert_eq!(text, "");
        assert_eq!(value, Some(Outer { number: 3, items: vec![Item { name: "a".into(), size: 0 }] }));
    }

    #[test]
    fn names_every_error_with_path_and_line() {
        let text = "number = 'three'\nfoo = 1\n[[items]]\nname = 'a'\nsize = 300\n[[items]]\nsize = 1\n[[items]]\nname = 4\n[[items]]\nname = 'd'\nbar = 2\n";
        let (value, text) = problems_of(text);
        assert_eq!(
            text,
            "f:1: number: invalid type: string \"three\", expected u32\n\
             f:2: foo: unknown key; known here: number, items\n\
             f:5: items[0].size: invalid value: integer `300`, expected u8\n\
             f:6: items[1].name: is missing\n\
             f:9: items[2].name: invalid type: integer `4`, expected a string\n\
             f:12: items[3].bar: unknown key; known here: name, size"
        );
        let names: Vec<_> = value.unwrap().items.into_iter().map(|item| item.name).collect();
        assert_eq!(names, ["a", "d"]);
    }

    #[test]
    fn names_every_line_that_is_not_toml() {
        let (value, text) = problems_of("number = \nitems = [\n\"x\n]\n= 3");
        assert_eq!(value, None);
        assert!(text.lines().count() >= 2, "{text}");
        assert!(text.starts_with("f:1: not TOML: "), "{text}");
    }
}

//! The files of the package, and which of their lines are code, comments or tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One Rust file of the package.
pub(crate) struct Source {
    /// From the root of the package, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The line (from 0) at which its tests begin; 0 for a file that is a test as a whole.
    pub(crate) tests_at: usize,
}

impl Source {
    /// The folder under `src/`, when it is in one.
    pub(crate) fn folder(&self) -> Option<&str> {
        self.path.strip_prefix("src/")?.split_once('/').map(|(folder, _)| folder)
    }

    /// Lines that are neither comments nor tests, numbered from 1.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().take_while(|(number, _)| *number <= self.tests_at)
    }

    /// Lines that are no comments, numbered from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(n, line)| (n + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Whether `word` stands in `line` and does not merely end a longer name (`brand::`).
pub(crate) fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_')
    })
}

/// The folders that `crate::x` and `use crate::{x::…, y::…}` name.
pub(crate) fn crate_folders(code: &str) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut begins = true;
            for (n, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => begins = true,
                    c if begins && depth == 0 && c.is_alphabetic() => {
                        folders.insert(word_at(&list[n..]));
                        begins = false;
                    }
                    _ => {}
                }
            }
        } else {
            folders.insert(word_at(rest));
        }
    }
    folders
}

fn word_at(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Every Rust file of the package: `src/`, `tests/`, `benches/`.
pub(crate) fn sources() -> Vec<Source> {
    let mut sources: Vec<Source> = ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| files_below(&root().join(folder)))
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let path = relative(&file);
            let tests_at = if path.starts_with("src/") { tests_at(&text) } else { 0 };
            Source { path, text, tests_at }
        })
        .collect();
    let tests: Vec<PathBuf> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        let path = Path::new(&source.path);
        if tests.iter().any(|test| path == test.with_extension("rs") || path.starts_with(test)) {
            source.tests_at = 0;
        }
    }
    assert!(sources.len() > 20, "the package was not found");
    sources
}

/// The line at which `#[cfg(test)] mod … {` begins.
fn tests_at(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |n: usize| {
        lines[n].starts_with("#[cfg(")
            && lines[n].contains("test")
            && lines.get(n + 1).is_some_and(|line| line.contains("mod ") && line.ends_with('{'))
    };
    (0..lines.len()).find(|n| begins(*n)).unwrap_or(lines.len())
}

/// The modules that a file declares for tests alone, as paths without extension.
fn test_modules(source: &Source) -> Vec<PathBuf> {
    let path = Path::new(&source.path);
    let folder =
        if path.ends_with("mod.rs") { path.parent().unwrap().to_owned() } else { path.with_extension("") };
    let lines: Vec<&str> = source.text.lines().collect();
    let declared =
        lines.windows(2).filter(|pair| pair[0].trim().starts_with("#[cfg(") && pair[0].contains("test"));
    let names = declared.filter_map(|pair| pair[1].trim().strip_suffix(';')?.split("mod ").nth(1));
    names.map(|name| folder.join(name)).collect()
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

/// Every file below a folder, those that are built or fetched apart.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let folders = std::iter::once(folder.to_owned()).chain(folders_below(folder));
    let mut files: Vec<PathBuf> = folders.flat_map(|folder| files_in(&folder)).collect();
    files.sort();
    files
}

pub(crate) fn files_in(folder: &Path) -> Vec<PathBuf> {
    // In a second work tree `.git` is a file.
    entries(folder).into_iter().filter(|entry| entry.is_file() && !entry.ends_with(".git")).collect()
}

pub(crate) fn folders_below(folder: &Path) -> Vec<PathBuf> {
    let mut below = Vec::new();
    for entry in entries(folder).into_iter().filter(|entry| entry.is_dir() && !entry.is_symlink()) {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !matches!(
            name.as_str(),
            ".git" | "target" | "node_modules" | "__pycache__" | "data" | "corpus" | "artifacts"
        ) {
            below.extend(folders_below(&entry));
            below.push(entry);
        }
    }
    below
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_found_in_paths_and_lists() {
        let code = "use crate::wire::x;\nuse crate::{\n    auth::{A, relay},\n    entity::B,\n};\nlet x = crate::io::y();";
        let found: Vec<String> = crate_folders(code).into_iter().collect();
        assert_eq!(found, ["auth", "entity", "io", "wire"]);
    }

    #[test]
    fn a_word_is_not_the_end_of_a_longer_one() {
        assert!(names("use rand::Rng;", "rand::"));
        assert!(!names("use brand::Logo;", "rand::"));
    }

    #[test]
    fn code_ends_where_tests_begin() {
        let text = "use a;\n// use tokio;\n\n#[cfg(test)]\nmod tests {\n    use tokio;\n}\n".to_owned();
        let tests_at = tests_at(&text);
        let source = Source { path: "src/wire/x.rs".into(), text, tests_at };
        let code: Vec<_> = source.code().filter(|(_, line)| !line.is_empty()).collect();
        assert_eq!(code, [(1, "use a;")]);
        assert_eq!(source.folder(), Some("wire"));
    }

    #[test]
    fn modules_for_tests_alone_are_known() {
        let text =
            "mod a;\n#[cfg(test)]\nmod testing;\n#[cfg(all(test, unix))]\npub(super) mod more;\n".to_owned();
        let source = Source { path: "src/relay/mod.rs".into(), text, tests_at: 9 };
        assert_eq!(test_modules(&source), [Path::new("src/relay/testing"), Path::new("src/relay/more")]);
    }
}

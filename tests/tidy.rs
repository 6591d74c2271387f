//! Rules of the house that a reviewer would otherwise repeat. Each message names the rule and where it is written.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use source::{Source, crate_folders, files_below, files_in, folders_below, names, relative, root, sources};

#[path = "tidy/source.rs"]
mod source;

/// Which folders of `src/` each folder may name, itself apart. Written in `src/lib.rs` and `docs/architecture.md`.
///
/// `doors` and `gateway` are one layer: a door is handed the gateway's core, the gateway opens doors.
const MAY_USE: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("entity", &[]),
    ("auth", &["entity"]),
    ("relay", &["auth", "entity", "wire"]),
    ("bridge", &["auth", "entity", "relay", "wire"]),
    ("inspect", &["wire"]),
    ("io", &["entity", "wire"]),
    ("store", &["entity", "io", "relay"]),
    ("config", &["entity"]),
    ("telemetry", &["config"]),
    ("management", &["config", "entity", "store", "telemetry"]),
    ("connector", &["auth", "config", "entity", "io", "relay", "telemetry", "wire"]),
    ("recorder", &["connector", "inspect", "io", "wire"]),
    (
        "doors",
        &["auth", "bridge", "config", "entity", "gateway", "io", "relay", "store", "telemetry", "wire"],
    ),
    (
        "gateway",
        &[
            "auth",
            "bridge",
            "config",
            "doors",
            "entity",
            "io",
            "management",
            "relay",
            "store",
            "telemetry",
            "wire",
        ],
    ),
    (
        "cli",
        &[
            "auth",
            "config",
            "connector",
            "doors",
            "entity",
            "gateway",
            "inspect",
            "io",
            "management",
            "recorder",
            "relay",
            "store",
            "telemetry",
            "wire",
        ],
    ),
];

/// The half that knows no socket, no clock and no random source. Design, section 3.
const PURE: &[&str] = &["wire", "entity", "auth", "relay", "bridge", "inspect"];

/// What the pure half never names.
const IMPURE: &[&str] = &[
    "tokio",
    "hyper::",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "std::fs",
    "std::env",
    "std::process",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "getrandom",
    "rand::",
    "rustls::",
];

/// What only `io/` names, so that a Windows build stays possible. Design, section 3.
const UNIX: &[&str] = &[
    "rustix",
    "os::unix",
    "os::fd",
    "tokio::net::Unix",
    "UnixStream",
    "signal::unix",
    "cfg(unix)",
    "cfg(target_os",
];

/// Lines of a file from which the head must say why (`// LONG: …`), and from which nothing helps.
const LONG: usize = 400;
const TOO_LONG: usize = 600;

#[test]
fn folders_name_only_what_is_below_them() {
    let mut found = Vec::new();
    let known: Vec<&str> = MAY_USE.iter().map(|(folder, _)| *folder).collect();
    for source in sources() {
        let Some(folder) = source.folder() else { continue };
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == folder) else {
            found.push(format!("{}: folder {folder} is not in the table", source.path));
            continue;
        };
        // Tests of a rule may be told in the words of a layer above.
        let code: String = source.code().map(|(_, line)| format!("{line}\n")).collect();
        for used in crate_folders(&code) {
            if known.contains(&used.as_str()) && used != folder && !allowed.contains(&used.as_str()) {
                found.push(format!("{}: {folder} names crate::{used}", source.path));
            }
        }
    }
    check("a folder names only those below it: src/lib.rs; MAY_USE in tests/tidy.rs is the table", &found);
}

#[test]
fn the_pure_half_names_no_socket_no_file_no_clock_and_no_random_source() {
    let found = named(|source| source.folder().is_some_and(|folder| PURE.contains(&folder)), IMPURE);
    check(
        "wire, entity, auth, relay, bridge and inspect are pure: time and numbers are arguments (docs/architecture.md)",
        &found,
    );
}

#[test]
fn only_io_names_what_only_unix_has() {
    let found = named(|source| source.folder() != Some("io"), UNIX);
    check("everything that only Unix has stands in src/io/ (docs/architecture.md)", &found);
}

#[test]
fn files_are_short_or_say_why_not() {
    let mut found = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        let excused =
            source.tests_at == 0 || source.text.lines().take(12).any(|line| line.starts_with("// LONG: "));
        if lines > TOO_LONG || (lines > LONG && !excused) {
            found.push(format!("{}: {lines} lines", source.path));
        }
    }
    let rule = format!(
        "one file, one idea: at {LONG} lines look for the seam or write `// LONG: why` into its head; more than {TOO_LONG} are too many (docs/architecture.md)"
    );
    check(&rule, &found);
}

#[test]
fn mod_files_hold_no_logic() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.path.ends_with("/mod.rs")) {
        if !source.path.starts_with("src/") {
            continue;
        }
        let code: String = source.lines().map(|(_, line)| format!("{line}\n")).collect();
        for statement in code.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
            let mut words = statement
                .lines()
                .filter(|line| !line.trim_start().starts_with("#["))
                .flat_map(str::split_whitespace);
            let first =
                words.find(|word| !word.starts_with("pub") && !word.starts_with("super") && *word != "in");
            if !matches!(first, Some("mod" | "use")) || statement.contains(" mod tests {") {
                let line = statement.lines().next().unwrap_or_default();
                found.push(format!("{}: {line}", source.path));
            }
        }
    }
    check(
        "a mod.rs holds its doc comment, `mod` and `use` lines; logic has a named file (docs/architecture.md)",
        &found,
    );
}

#[test]
fn every_difference_is_in_the_book_and_the_other_way_round() {
    let mut in_code: BTreeMap<String, usize> = BTreeMap::new();
    for source in sources() {
        let count = source
            .text
            .lines()
            .filter(|line| line.trim_start().starts_with("//") && line.contains("DIFFERS:"));
        let count = count.count();
        if count > 0 && source.path.starts_with("src/") {
            in_code.insert(source.path.clone(), count);
        }
    }
    let page = fs::read_to_string(root().join("docs/compatibility.md")).unwrap_or_default();
    let section = page.split("\n## Deliberate differences").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut in_book: BTreeMap<String, usize> = BTreeMap::new();
    for path in section.split('`').filter(|part| part.starts_with("src/") && part.ends_with(".rs")) {
        *in_book.entry(path.to_owned()).or_default() += 1;
    }
    let files: BTreeSet<&String> = in_code.keys().chain(in_book.keys()).collect();
    let found: Vec<String> = files
        .into_iter()
        .filter(|file| in_code.get(*file) != in_book.get(*file))
        .map(|file| {
            let count = |map: &BTreeMap<String, usize>| map.get(file).copied().unwrap_or(0);
            format!("{file}: {} in the code, {} in the book", count(&in_code), count(&in_book))
        })
        .collect();
    check(
        "each `// DIFFERS: …` has an entry under \"## Deliberate differences\" of docs/compatibility.md that names its file as `src/….rs`, and each entry has its comment",
        &found,
    );
}

#[test]
fn every_test_that_the_compatibility_page_names_exists() {
    let page = fs::read_to_string(root().join("docs/compatibility.md")).unwrap_or_default();
    let missing = page.split('`').skip(1).step_by(2).filter(|name| !stands_for_a_test(name));
    let found: Vec<String> = missing.map(str::to_owned).collect();
    check("docs/compatibility.md names tests and files that are there", &found);
}

/// `file::test` of the interop tests, or a path; anything else in backquotes is not looked at.
fn stands_for_a_test(name: &str) -> bool {
    if let Some((file, test)) = name.split_once("::") {
        let text =
            fs::read_to_string(root().join(format!("interop-tests/tests/{file}.rs"))).unwrap_or_default();
        return text.contains(&format!("fn {test}()"));
    }
    let is_path =
        ["src/", "tests/", "fixtures/", "interop-tests/"].iter().any(|folder| name.starts_with(folder));
    !is_path || root().join(name).exists()
}

#[test]
fn every_fixture_says_where_it_comes_from() {
    let mut found = Vec::new();
    for folder in folders_below(&root().join("fixtures")) {
        let files = files_in(&folder);
        if !files.is_empty() && !files.iter().any(|file| names_its_source(file)) && !told_above(&folder) {
            found.push(relative(&folder));
        }
    }
    check(
        "a folder of fixtures says where its bytes come from: `Source: …`, a \"source\" or \"direction\" key in its JSON, or a README.md above that names it (fixtures/README.md)",
        &found,
    );
}

#[test]
fn nothing_is_left_for_later_and_no_test_sleeps_or_is_skipped() {
    let forbidden: Vec<String> = ["to~do!(", "unimple~mented!(", "#[ign~ore", "thread::sl~eep"]
        .map(|word| word.replace('~', ""))
        .to_vec();
    let mut found = Vec::new();
    for source in sources() {
        for (number, line) in source.lines() {
            if let Some(word) = forbidden.iter().find(|word| line.contains(*word)) {
                found.push(format!("{}:{number}: {word}", source.path));
            }
        }
    }
    check("no stub, no skipped test, no sleep in place of a condition (docs/architecture.md)", &found);
}

#[test]
fn no_file_names_a_path_of_the_machine_it_was_written_on() {
    let places: Vec<String> = ["/wo~rk/", "/ro~ot/"].map(|place| place.replace('~', "")).to_vec();
    let mut found = Vec::new();
    for file in files_below(&root()) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            if places.iter().any(|place| line.contains(place.as_str())) {
                found.push(format!("{}:{}", relative(&file), number + 1));
            }
        }
    }
    check(
        "the repository speaks of the project alone, not of one machine's folders (docs/architecture.md)",
        &found,
    );
}

#[test]
fn the_configuration_page_is_the_one_made_from_the_types() {
    let page = fs::read_to_string(root().join("docs/configuration.md")).unwrap_or_default();
    assert!(
        page == viaduct::config::reference::markdown(),
        "docs/configuration.md is stale; renew it: cargo run -- configuration-reference > docs/configuration.md"
    );
}

fn check(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}\n  {}\n", found.join("\n  "));
}

/// The places in code, tests apart, where one of `words` stands.
fn named(concerns: impl Fn(&Source) -> bool, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.path.starts_with("src/") && concerns(source)) {
        for (number, line) in source.code() {
            if let Some(word) = words.iter().find(|word| names(line, word)) {
                found.push(format!("{}:{number}: {word}", source.path));
            }
        }
    }
    found
}

fn names_its_source(file: &Path) -> bool {
    let Ok(bytes) = fs::read(file) else { return false };
    let text = String::from_utf8_lossy(&bytes);
    ["Source: ", "\"source\"", "\"direction\""].iter().any(|mark| text.contains(mark))
}

/// Whether a README.md in a folder above names the way down to this one.
fn told_above(folder: &Path) -> bool {
    let fixtures = root().join("fixtures");
    folder.ancestors().skip(1).take_while(|above| above.starts_with(&fixtures)).any(|above| {
        let way = folder.strip_prefix(above).unwrap().components().next().unwrap();
        let name = format!("`{}/", way.as_os_str().to_string_lossy());
        fs::read_to_string(above.join("README.md")).is_ok_and(|readme| readme.contains(&name))
    })
}

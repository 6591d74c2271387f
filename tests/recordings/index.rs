//! The index and what it lists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One recorded connection of one scenario.
pub(crate) struct Stream {
    /// Scenario and connection, as messages name it.
    pub(crate) name: String,
    /// The connection.
    pub(crate) connection: String,
    /// Directions of the scenario of which `meta.json` says more than .NET would read, each with its connection.
    pub(crate) lenient: BTreeSet<String>,
    /// What its `meta.json` says of it.
    pub(crate) meta: Value,
    /// What the client sent; empty when that was not recorded.
    pub(crate) sent: Vec<u8>,
    /// What it received; empty when that was not recorded.
    pub(crate) received: Vec<u8>,
    /// Of which parts the index says that they are encoded to the same bytes.
    pub(crate) canonical: BTreeSet<String>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .unwrap()
}

fn scenarios() -> Vec<Value> {
    json(&fixtures().join("index.json"))["scenarios"].as_array().unwrap().clone()
}

/// Every stream of every scenario in the index.
pub(crate) fn streams() -> Vec<Stream> {
    let mut all = Vec::new();
    for scenario in scenarios() {
        let path = scenario["path"].as_str().unwrap();
        let folder = fixtures().join(path);
        let canonical = scenario["canonical"].as_array().unwrap_or_else(|| panic!("{path}"));
        let canonical: BTreeSet<String> =
            canonical.iter().map(|part| part.as_str().unwrap().to_owned()).collect();
        let lenient: BTreeSet<String> =
            scenario["lenient"].as_object().into_iter().flat_map(|map| map.keys().cloned()).collect();
        for meta in json(&folder.join("meta.json"))["streams"].as_array().unwrap() {
            let connection = meta["name"].as_str().unwrap();
            let read = |direction| {
                fs::read(folder.join(format!("{connection}.{direction}.bin"))).unwrap_or_default()
            };
            all.push(Stream {
                name: format!("{path} {connection}"),
                connection: connection.to_owned(),
                lenient: lenient.clone(),
                meta: meta.clone(),
                sent: read("c2s"),
                received: read("s2c"),
                canonical: canonical.clone(),
            });
        }
    }
    all
}

/// Folders below `folder` that have a `meta.json`.
fn folders_with_meta(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            folders_with_meta(&path, found);
        } else if path.ends_with("meta.json") {
            found.insert(folder.to_owned());
        }
    }
}

#[test]
fn every_folder_is_in_the_index_and_every_entry_of_the_index_has_its_folder() {
    let mut found = BTreeSet::new();
    folders_with_meta(&fixtures(), &mut found);
    let listed: BTreeSet<PathBuf> =
        scenarios().iter().map(|scenario| fixtures().join(scenario["path"].as_str().unwrap())).collect();
    assert_eq!(found, listed);
    assert_eq!(listed.len(), 129);
}

#[test]
fn every_file_has_the_bytes_that_its_meta_file_counts() {
    for stream in streams() {
        let Stream { name, meta, sent, received, .. } = stream;
        assert_eq!(meta["c2s_bytes"].as_u64().unwrap_or(0), sent.len() as u64, "{name}");
        assert_eq!(meta["s2c_bytes"].as_u64().unwrap_or(0), received.len() as u64, "{name}");
    }
}

#[test]
fn every_scenario_says_what_is_canonical_and_why_if_it_is_not() {
    for scenario in scenarios() {
        let parts: Vec<&str> =
            scenario["canonical"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        let whole = parts == ["framing", "envelopes"];
        assert!(whole != scenario["why_not"].is_string(), "{}: {parts:?}", scenario["path"]);
    }
}

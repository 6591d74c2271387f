//! Every input that fuzzing keeps, the corpus of each target and the findings of the past, in the normal test run: `fuzz/README.md`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

#[path = "../fuzz/properties/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the fuzz targets use them, and their bounds, from another crate"
)]
mod properties;

/// A target: its name, which is that of its folders, and what must hold of every input.
type Target = (&'static str, fn(&[u8]));

macro_rules! targets {
    ($($name:ident),* $(,)?) => { [$((stringify!($name), properties::$name::check)),*] };
}

const TARGETS: [Target; 23] = targets![
    amqp_frames,
    binxml_reader,
    binxml_round_trip,
    binxml_session,
    binxml_writer,
    framing_followers,
    framing_initiator,
    framing_receiver,
    framing_records,
    http_binding,
    hybrid_messages,
    inspect_capture,
    inspect_scrub,
    inspect_stream,
    relayed_messages,
    sas_token,
    soap_envelope,
    soap_initiator,
    soap_rewrite,
    websocket_frames,
    xml_reencode,
    xml_text,
    xml_values,
];

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn names(folder: &Path) -> BTreeSet<String> {
    entries(folder)
        .iter()
        .filter(|entry| entry.is_dir())
        .map(|entry| entry.file_name().unwrap().to_str().unwrap().to_owned())
        .collect()
}

/// Plays the inputs of a folder and gives those of which the properties do not hold.
fn play(target: &Target, folder: &Path) -> (usize, Vec<PathBuf>) {
    let files = entries(folder);
    let failed = |file: &&PathBuf| {
        let input = fs::read(file).unwrap();
        catch_unwind(|| target.1(&input)).is_err()
    };
    let failures = files.iter().filter(failed).cloned().collect();
    (files.len(), failures)
}

#[test]
fn every_input_of_the_corpus_has_its_properties() {
    let mut failures = Vec::new();
    for target in &TARGETS {
        let folder = fuzz().join("corpus").join(target.0);
        let (played, failed) = play(target, &folder);
        assert!(
            played >= 10,
            "{}: {played} inputs; make them anew, fuzz/README.md says how",
            folder.display()
        );
        failures.extend(failed);
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn every_finding_of_the_past_stays_mended() {
    let failures: Vec<PathBuf> = TARGETS
        .iter()
        .flat_map(|target| play(target, &fuzz().join("regressions").join(target.0)).1)
        .collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn every_target_is_played_and_every_folder_is_that_of_a_target() {
    let known: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz().join("corpus")), known);
    let stray: Vec<String> = names(&fuzz().join("regressions")).difference(&known).cloned().collect();
    assert!(stray.is_empty(), "{stray:?}");
    let mut built: BTreeSet<String> = entries(&fuzz().join("fuzz_targets"))
        .iter()
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(built.remove("allocator_cap"), "what shows that the bounds hold");
    assert_eq!(built, known);
}

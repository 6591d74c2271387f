//! The inputs of all targets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

/// No input is longer: what libFuzzer is told with `-max_len`.
const LONGEST: usize = 4096;

/// Of each target, each input once.
#[derive(Default)]
pub(crate) struct Seeds(BTreeMap<&'static str, BTreeSet<Vec<u8>>>);

impl Seeds {
    /// An input: its options and what follows them, cut to what is taken.
    pub(crate) fn add(&mut self, target: &'static str, options: &[u8], rest: &[u8]) {
        let mut input = [options, rest].concat();
        input.truncate(LONGEST);
        self.0.entry(target).or_default().insert(input);
    }

    /// Writes a file for each input, named by its content, and says how many there are and how long they are in all.
    pub(crate) fn write(&self, corpus: &Path) -> io::Result<(usize, usize)> {
        let (mut files, mut bytes) = (0, 0);
        for (target, inputs) in &self.0 {
            let folder = corpus.join(target);
            fs::create_dir_all(&folder)?;
            for input in inputs {
                fs::write(folder.join(format!("{:016x}", hash(input))), input)?;
                files += 1;
                bytes += input.len();
            }
        }
        Ok((files, bytes))
    }
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

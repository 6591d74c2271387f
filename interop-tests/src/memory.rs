//! Memory of a process, measured from the outside.

use std::fs;

/// The proportional set size of process `id` in bytes: its own pages and its share of those it shares.
pub fn proportional_set_size(id: u32) -> u64 {
    let path = format!("/proc/{id}/smaps_rollup");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).expect("a line `Pss:`");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").trim().parse().expect("a number of kB");
    kibibytes << 10
}

//! What a process costs, measured from the outside.

use std::fs;
use std::time::Duration;

/// The proportional set size of process `id` in bytes: its own pages and its share of those it shares.
pub fn proportional_set_size(id: u32) -> u64 {
    let path = format!("/proc/{id}/smaps_rollup");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).expect("a line `Pss:`");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").trim().parse().expect("a number of kB");
    kibibytes << 10
}

/// The time that process `id` has had on a core, in user mode and in the kernel, in steps of 10 ms.
pub fn cpu_time(id: u32) -> Duration {
    let path = format!("/proc/{id}/stat");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    // The name of the program may hold anything, and stands in parentheses.
    let (_, fields) = text.rsplit_once(") ").expect("a name in parentheses");
    let ticks = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("ticks"));
    Duration::from_millis(10 * ticks.sum::<u64>())
}

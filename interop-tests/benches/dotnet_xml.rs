//! Our reader of binary XML beside .NET 8's `XmlDictionaryReader`: `./test --install`, then `cargo bench -p interop-tests --bench dotnet_xml`.
//!
//! Both read the corpus of `benches/binxml.rs`, a reader made for every envelope, through all events, and add up the lengths of what they see, so that
//! they see the same. .NET first reads for 30 s, which is more than its tiers of compilation need. Then the two take turns.
//!
//! - *names*: the names of elements and attributes and the namespaces of elements; no values.
//! - *text*: the same, and each value as text. .NET makes a string of it; ours is read where it stands, or is printed into one buffer.
//!
//! What counts is time on a core, which is told apart from that of other programs on a busy machine; all threads of .NET's are added up.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has nothing to report")]

use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use viaduct::wire::binxml::{Dictionaries, Limits, Reader};
use viaduct::wire::xml::{Event, Runtime, Value};

#[path = "../../benches/corpus/mod.rs"]
mod corpus;
#[path = "../tests/dotnet_xml/dotnet.rs"]
mod dotnet;
#[path = "../tests/dotnet_xml/files.rs"]
#[allow(dead_code, reason = "shared with tests that also read such files")]
mod files;

use files::Kind;

const WARM_UP_SECONDS: &str = "30";
const ROUNDS: usize = 21;

fn main() {
    let corpus = corpus::corpus();
    let file = dotnet::file("corpus");
    let documents = corpus.iter().map(|document| (Kind::Static, &**document));
    std::fs::write(&file, files::documents(documents)).unwrap();
    let size: usize = corpus.iter().map(Vec::len).sum();
    println!("{} envelopes, {size} bytes, beside\n{}", corpus.len(), dotnet::judge(&["who"]));

    for what in ["names", "text"] {
        let mut dotnet = DotNet::start(&file, what);
        let read = if what == "text" { read::<true> } else { read::<false> };
        read(&corpus);
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let begun = dotnet.time();
            let (their_events, their_sum) = dotnet.round();
            let their_time = dotnet.time() - begun;
            let begun = time_on_core("/proc/self/task");
            let (events, sum) = read(&corpus);
            let time = time_on_core("/proc/self/task") - begun;
            assert_eq!((events, sum), (their_events, their_sum), "the two did not see the same");
            ours.push(time / events as f64);
            theirs.push(their_time / events as f64);
            ratios.push(their_time / time);
        }
        let [ours, theirs, ratio] = [ours, theirs, ratios].map(|mut all| {
            all.sort_by(f64::total_cmp);
            (all[ROUNDS / 2], all[0], all[ROUNDS - 1])
        });
        println!(
            "{what}: ours {:.1} ns an event (best {:.1}), .NET {:.1} ns (best {:.1})",
            ours.0, ours.1, theirs.0, theirs.1
        );
        println!("{what}: {:.1}x as fast, {:.1}x to {:.1}x over {ROUNDS} rounds", ratio.0, ratio.1, ratio.2);
    }
}

/// Events, and the lengths of what is seen.
fn read<const TEXT: bool>(corpus: &[Vec<u8>]) -> (u64, u64) {
    let (mut events, mut sum, limits, mut buffer) = (0, 0, Limits::default(), String::new());
    let mut size = |value: &Value<'_>| {
        if !TEXT {
            return 0;
        }
        value.as_str().map_or_else(
            || {
                buffer.clear();
                value.write_text(Runtime::Net8, &mut buffer).unwrap();
                black_box(&buffer).len()
            },
            str::len,
        )
    };
    for document in corpus {
        let mut reader = Reader::new(document, Dictionaries::STATIC, limits.clone());
        while let Some(event) = reader.next_event().unwrap() {
            events += 1;
            sum += match event {
                Event::Start(name) => name.local.text.len() + name.namespace.text.len(),
                // .NET calls the declaration of a default namespace `xmlns`.
                Event::Namespace { prefix, uri } => {
                    let name = if prefix.is_empty() { 5 } else { prefix.len() };
                    name + if TEXT { uri.text.len() } else { 0 }
                }
                Event::Attribute { name, value } => name.local.text.len() + size(value),
                Event::Text(value) => size(value),
                Event::Comment(_) | Event::End => 0,
            } as u64;
        }
    }
    (events, sum)
}

/// The judge, which reads the corpus once for each line that it gets.
struct DotNet {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl DotNet {
    fn start(corpus: &str, what: &str) -> Self {
        let mut child = Command::new(interop_tests::dotnet())
            .args([&*dotnet::program(), "speed", dotnet::strings(), corpus, WARM_UP_SECONDS, what])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "warm");
        Self { child, lines }
    }

    /// Events and lengths.
    fn round(&mut self) -> (u64, u64) {
        writeln!(self.child.stdin.as_mut().unwrap(), "again").unwrap();
        let line = self.lines.next().unwrap().unwrap();
        let (events, sum) = line.split_once(' ').unwrap();
        (events.parse().unwrap(), sum.parse().unwrap())
    }

    fn time(&self) -> f64 {
        time_on_core(&format!("/proc/{}/task", self.child.id()))
    }
}

/// Nanoseconds that the threads of a process have run.
fn time_on_core(tasks: &str) -> f64 {
    let threads = std::fs::read_dir(tasks).unwrap();
    // One that has just ended has no time to tell.
    let times =
        threads.filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("schedstat")).ok());
    times.map(|times| times.split(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

impl Drop for DotNet {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

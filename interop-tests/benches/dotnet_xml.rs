//! Our reader of binary XML beside .NET 8's `XmlDictionaryReader`: `./test --install`, then `cargo bench -p interop-tests --bench dotnet_xml`.
//!
//! Both read the corpus of `benches/binxml.rs`, a reader made for every envelope, through all events, and add up the lengths of what they see, so that
//! they see the same. .NET first reads for 30 s, which is more than its tiers of compilation need. Then the two take turns, on the same core.
//!
//! - *names*: the names of elements and attributes and the namespaces of elements; no values.
//! - *text*: the same, and each value as text, which .NET makes a string for; ours makes one where it does not stand in the document.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has nothing to report")]

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use viaduct::wire::binxml::{Dictionaries, Limits, Reader};
use viaduct::wire::xml::Event;

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
            let (their_events, their_sum, their_time) = dotnet.round();
            let begun = Instant::now();
            let (events, sum) = read(&corpus);
            let time = begun.elapsed().as_nanos() as f64;
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
    let (mut events, mut sum, limits) = (0, 0, Limits::default());
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
                Event::Attribute { name, value } => {
                    name.local.text.len() + if TEXT { value.text().len() } else { 0 }
                }
                Event::Text(value) if TEXT => value.text().len(),
                Event::Text(_) | Event::Comment(_) | Event::End => 0,
            } as u64;
        }
    }
    (events, sum)
}

/// The judge, which reads the corpus once for each line it gets.
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

    /// Events, lengths, nanoseconds.
    fn round(&mut self) -> (u64, u64, f64) {
        writeln!(self.child.stdin.as_mut().unwrap(), "again").unwrap();
        let line = self.lines.next().unwrap().unwrap();
        let mut numbers = line.split(' ').map(|number| number.parse::<u64>().unwrap());
        let mut next = || numbers.next().unwrap();
        (next(), next(), next() as f64)
    }
}

impl Drop for DotNet {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

//! Writes the first inputs of each target from `fixtures/`, the same ones each time: `fuzz/run --seed`.
#![forbid(unsafe_code)]

mod fixtures;
mod handmade;
mod recorded;
mod seeds;

use std::io;
use std::path::Path;

use fixtures::Fixtures;
use seeds::Seeds;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixtures = Fixtures::read(&root.join("../../fixtures"))?;
    let mut seeds = Seeds::default();
    fixtures.framing(&mut seeds);
    fixtures.binxml(&mut seeds);
    fixtures.recordings(&mut seeds);
    fixtures.tokens(&mut seeds);
    handmade::add(&mut seeds);
    let (files, bytes) = seeds.write(&root.join("../corpus"))?;
    println!("{files} inputs, {bytes} bytes");
    Ok(())
}

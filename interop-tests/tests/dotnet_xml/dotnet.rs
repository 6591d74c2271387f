//! The programs of `interop-tests/dotnet-xml` on .NET's runtime.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use interop_tests::{Program, dotnet, mono, output_dir, repository};
use viaduct::wire::binxml::static_string;

use crate::files;

/// Long enough for ten thousand documents on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the judge; what it printed.
pub(crate) fn judge(args: &[&str]) -> String {
    // Local times are shown in the zone of the machine that reads; ours is always UTC.
    Program::new(dotnet()).args([program()]).args(args.iter().copied()).env("TZ", "UTC").run(PATIENCE)
}

/// The compiled programs.
pub(crate) fn program() -> String {
    file("judge.dll")
}

/// The file with the static dictionary, which .NET's base runtime does not have.
pub(crate) fn strings() -> &'static str {
    static WRITTEN: OnceLock<String> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let file = compiled().join("strings");
        let all = (0..).map_while(static_string).map(|string| string.text.as_bytes());
        std::fs::write(&file, files::dumps(all)).unwrap();
        file.to_string_lossy().into_owned()
    })
}

/// A file beside the programs.
pub(crate) fn file(name: &str) -> String {
    compiled().join(name).to_string_lossy().into_owned()
}

fn compiled() -> &'static Path {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let sources = repository().join("interop-tests/dotnet-xml");
        let directory = output_dir().join("dotnet-xml");
        std::fs::create_dir_all(&directory).unwrap();
        let config = "judge.runtimeconfig.json";
        std::fs::copy(sources.join(config), directory.join(config)).unwrap();
        // Mono's assemblies have the names of .NET Framework, which .NET 8 forwards to its own.
        Program::new(mono().with_file_name("mcs"))
            .args([format!("-out:{}", directory.join("judge.dll").display())])
            .args(["-r:System.Runtime.Serialization.dll", "-r:System.Xml.dll", "*.cs"])
            .directory(&sources)
            .run(PATIENCE);
        directory
    })
}

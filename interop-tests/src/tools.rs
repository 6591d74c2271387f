//! Where the programs are that the tests run. `./test` installs them; one that is missing fails the test.

use std::path::{Path, PathBuf};

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_owned()
}

/// Where tests put what they make: `target/interop`.
pub fn output_dir() -> PathBuf {
    target().join("interop")
}

/// The binary under test: `VIADUCT_BIN`, else the release build.
pub fn viaduct() -> PathBuf {
    let binary =
        std::env::var_os("VIADUCT_BIN").map_or_else(|| target().join("release/viaduct"), PathBuf::from);
    there(binary, "run `cargo build --release`")
}

/// Python with the package `websockets`.
pub fn python() -> PathBuf {
    there(output_dir().join("python/bin/python"), "run `./test --install`")
}

/// Node.js.
pub fn node() -> PathBuf {
    on_path("node")
}

/// curl.
pub fn curl() -> PathBuf {
    on_path("curl")
}

/// The tool that makes network namespaces.
pub(crate) fn ip() -> PathBuf {
    on_path("ip")
}

/// Mono's run time; `mcs`, its compiler, lies beside it.
pub fn mono() -> PathBuf {
    on_path("mono")
}

/// The host of .NET's runtime.
pub fn dotnet() -> PathBuf {
    there(output_dir().join("dotnet/dnv/net/runtime/.net/dotnet"), "run `./test --install`")
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from)
}

fn on_path(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("PATH is set");
    let found =
        std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: run `./test --install`"))
}

fn there(file: PathBuf, otherwise: &str) -> PathBuf {
    assert!(file.is_file(), "{} is not there: {otherwise}", file.display());
    file
}

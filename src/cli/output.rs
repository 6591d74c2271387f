//! Standard output and standard error of the commands. Colours only on a terminal.

use std::io::{self, Write};

use super::failure::Failure;

/// Writes a line to standard output. A reader that went (`viaduct man | head`) is no failure.
pub(crate) fn print(line: impl AsRef<str>) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    let written = writeln!(out, "{}", line.as_ref()).and_then(|()| out.flush());
    wrote(written)
}

/// Standard output for many lines at a time. Once its reader went, nothing more is written.
pub(crate) struct Lines {
    out: io::BufWriter<io::Stdout>,
    gone: bool,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Self { out: io::BufWriter::with_capacity(64 << 10, io::stdout()), gone: false }
    }

    /// Writes a line.
    pub(crate) fn write(&mut self, line: &str) -> Result<(), Failure> {
        if self.gone {
            return Ok(());
        }
        let written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.write_all(b"\n"));
        self.note(written)
    }

    /// Writes out what is kept.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let written = if self.gone { Ok(()) } else { self.out.flush() };
        self.note(written)
    }

    fn note(&mut self, written: io::Result<()>) -> Result<(), Failure> {
        self.gone |= written.is_err();
        wrote(written)
    }
}

/// Writes bytes as they are to standard output.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout();
    wrote(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Writes a line to standard error; when that is gone, there is nobody to tell.
pub(crate) fn print_error(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

fn wrote(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => {
            other.map_err(|error| Failure::new(format!("standard output: {error}"), "look where it goes"))
        }
    }
}

//! `viaduct inspect`: recorded traffic, decoded.

use super::args::{InspectArgs, InspectFormat};
use super::failure::Failure;
use super::output::Lines;
use super::recording::{Found, found};
use crate::inspect::{ReadError, Stream, XML_BEGIN, XML_END};

/// Runs it. A recording that ends in an error is shown as such and is no failure: that is what was on the wire.
pub(super) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let mut lines = Lines::new();
    let all = found(args)?;
    if args.format == InspectFormat::Xml {
        lines.write(XML_BEGIN)?;
    }
    let mut shown = 0;
    for found in all {
        match found {
            Found::Recorded(files) => {
                show(&files.stream()?, args.format, &mut shown, &mut lines)?;
            }
            Found::Capture(name, file) => {
                let capture = file.capture(&name, &args.port)?;
                if args.format == InspectFormat::Text {
                    let (packets, tcp) = (capture.count.packets, capture.count.tcp);
                    lines.write(&format!(
                        "{name}: {packets} packets, {tcp} of TCP, {} connections",
                        capture.connections.len()
                    ))?;
                    for remark in capture.count.remarks() {
                        lines.write(&remark)?;
                    }
                    shown += 1;
                }
                for connection in &capture.connections {
                    show(&file.stream(connection), args.format, &mut shown, &mut lines)?;
                }
            }
        }
    }
    if args.format == InspectFormat::Xml {
        lines.write(XML_END)?;
    }
    lines.finish()
}

fn show(
    stream: &Stream<'_>,
    format: InspectFormat,
    shown: &mut usize,
    lines: &mut Lines,
) -> Result<(), Failure> {
    if *shown > 0 && format == InspectFormat::Text {
        lines.write("")?;
    }
    *shown += 1;
    let line = |line: &str| lines.write(line);
    match format {
        InspectFormat::Text => stream.annotate(line),
        InspectFormat::Json => stream.json(line),
        InspectFormat::Xml => stream.xml(line),
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NoMode { .. } => {
                Self::Usage(format!("{error}; give --mode duplex or --mode singleton, or its folder"))
            }
            ReadError::Read { .. } => Self::new(error, "look whether the file is still there and whole"),
        }
    }
}

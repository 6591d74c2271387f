//! `viaduct inspect`: recorded traffic, decoded.

use super::args::{InspectArgs, InspectFormat};
use super::failure::Failure;
use super::output::Lines;
use super::recording::streams;
use crate::inspect::{Stream, XML_BEGIN, XML_END};

/// Runs it. A recording that ends in an error is shown as such and is no failure: that is what was on the wire.
pub(super) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let streams = streams(args)?;
    let mut lines = Lines::new();
    if args.format == InspectFormat::Xml {
        lines.write(XML_BEGIN)?;
    }
    for (index, stream) in streams.iter().enumerate() {
        let stream = stream.read()?;
        if index > 0 && args.format == InspectFormat::Text {
            lines.write("")?;
        }
        show(&stream, args.format, &mut lines)?;
    }
    if args.format == InspectFormat::Xml {
        lines.write(XML_END)?;
    }
    lines.finish()
}

fn show(stream: &Stream, format: InspectFormat, lines: &mut Lines) -> Result<(), Failure> {
    let line = |line: &str| lines.write(line);
    match format {
        InspectFormat::Text => stream.annotate(line),
        InspectFormat::Json => stream.json(line),
        InspectFormat::Xml => stream.xml(line),
    }
}

//! The bytes of a flow, read from the capture's file.

use std::io::{self, Read, Seek, SeekFrom};

use super::flow::{Extent, Flow};
use crate::inspect::source::{Arrived, PIECE, Source};

/// Reads a flow from its file.
#[derive(Debug)]
pub struct Segments<'f, R> {
    extents: std::slice::Iter<'f, Extent>,
    /// Where the next extent begins in the direction.
    from: u64,
    file: R,
}

impl<'f, R: Read + Seek> Segments<'f, R> {
    /// From the beginning of the flow. `file` is the capture that the flow was found in.
    pub fn new(flow: &'f Flow, file: R) -> Self {
        Self { extents: flow.extents().iter(), from: 0, file }
    }
}

impl<R: Read + Seek> Source for Segments<'_, R> {
    fn read(&mut self, into: &mut Vec<u8>) -> io::Result<Arrived> {
        let before = into.len();
        while (into.len() - before) < PIECE as usize {
            let Some(extent) = self.extents.as_slice().first() else { break };
            let len = extent.end - self.from;
            let Some(at) = extent.at else {
                if into.len() > before {
                    break;
                }
                self.extents.next();
                self.from = extent.end;
                return Ok(Arrived::Gap(len));
            };
            self.file.seek(SeekFrom::Start(at))?;
            if self.file.by_ref().take(len).read_to_end(into)? as u64 != len {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the capture became shorter"));
            }
            self.extents.next();
            self.from = extent.end;
        }
        Ok(if into.len() > before { Arrived::Bytes } else { Arrived::End })
    }
}

//! One connection that is played.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::inspect::replay::{Comparison, Difference, Found, Ids, Recording, Script, Side, Step};
use crate::inspect::scrub::Scrubber;
use crate::io::Stream;

/// How a connection is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct SessionSettings {
    pub(super) side: Side,
    /// Whether message ids, timestamps and dates are compared by their shape.
    pub(super) ignore_ids: bool,
    /// How long each wait may take.
    pub(super) timeout: Duration,
}

/// What went over a connection that was as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The connection's name.
    pub(crate) name: String,
    /// Bytes we sent.
    pub(crate) sent: usize,
    /// Bytes that came.
    pub(crate) received: usize,
}

/// How long the rest of what differs is waited for, to say what it is.
const REST_WITHIN: Duration = Duration::from_millis(500);

/// Bytes of it.
const MOST_REST: usize = 64 << 10;

struct Session<'r> {
    recording: &'r Recording,
    settings: SessionSettings,
    reader: ReadHalf<Stream>,
    writer: WriteHalf<Stream>,
    comparison: Comparison,
    scrubber: Scrubber,
    ids: Option<Ids>,
    sent: usize,
    end: Option<Found>,
    buffer: Vec<u8>,
}

/// Plays a connection to its end. `progress` counts the steps that are done.
///
/// # Errors
/// The first difference.
pub(super) async fn play(
    stream: Stream,
    recording: &Recording,
    settings: SessionSettings,
    progress: &watch::Sender<usize>,
) -> Result<Tally, Box<Difference>> {
    let script = Script::new(recording, settings.side);
    let receives = settings.side.receives();
    let (reader, writer) = split(stream);
    let mut session = Session {
        recording,
        settings,
        reader,
        writer,
        comparison: Comparison::new(receives, recording.without_secrets().bytes(receives).to_vec()),
        scrubber: Scrubber::new(recording.protocol()),
        ids: settings.ignore_ids.then(|| Ids::of(recording)),
        sent: 0,
        end: None,
        buffer: vec![0; 64 << 10],
    };
    let aborts = script.steps.last() == Some(&Step::Abort);
    for step in script.steps {
        match step {
            Step::Send(end) => session.send(end).await?,
            Step::Receive(count) => session.receive(count).await?,
            Step::End => session.finish().await?,
            Step::AwaitEnd => session.await_end().await?,
            Step::Abort => break,
        }
        progress.send_modify(|done| *done += 1);
    }
    let tally =
        Tally { name: recording.name.clone(), sent: session.sent, received: session.comparison.equal() };
    let stream = session.reader.unsplit(session.writer);
    if aborts {
        stream.abort();
    }
    Ok(tally)
}

impl Session<'_> {
    /// Sends up to `end`, and takes what comes meanwhile.
    async fn send(&mut self, end: usize) -> Result<(), Box<Difference>> {
        let direction = self.settings.side.sends();
        let end = match &self.ids {
            Some(ids) => ids.whole(direction, end).max(self.sent),
            None => end,
        };
        let mut bytes = self.recording.bytes(direction)[self.sent..end].to_vec();
        if let Some(ids) = &self.ids {
            ids.substitute(direction, self.sent, &mut bytes);
        }
        self.scrubber.scrub(direction, &mut bytes.clone());
        let mut done = 0;
        while done < bytes.len() {
            let Self { reader, writer, buffer, .. } = self;
            let happened = timeout(self.settings.timeout, async {
                tokio::select! {
                    written = writer.write(&bytes[done..]) => Happened::Wrote(written),
                    read = reader.read(buffer), if self.end.is_none() => Happened::Read(read),
                }
            })
            .await;
            match happened {
                Ok(Happened::Wrote(Ok(written))) if written > 0 => done += written,
                Ok(Happened::Wrote(_)) => return Err(self.difference(Found::Reset)),
                Ok(Happened::Read(read)) => self.take(read).await?,
                Err(_) => return Err(self.difference(Found::Nothing)),
            }
        }
        match timeout(self.settings.timeout, self.writer.flush()).await {
            Ok(Ok(())) => self.sent = end,
            _ => return Err(self.difference(Found::Reset)),
        }
        Ok(())
    }

    /// Waits until `count` bytes have come.
    async fn receive(&mut self, count: usize) -> Result<(), Box<Difference>> {
        while self.comparison.equal() < count {
            self.read().await?;
            if let Some(end) = &self.end
                && self.comparison.equal() < count
            {
                return Err(self.difference(end.clone()));
            }
        }
        Ok(())
    }

    async fn await_end(&mut self) -> Result<(), Box<Difference>> {
        while self.end.is_none() {
            self.read().await?;
        }
        Ok(())
    }

    /// Ends our direction.
    async fn finish(&mut self) -> Result<(), Box<Difference>> {
        match timeout(self.settings.timeout, self.writer.shutdown()).await {
            // A peer that is gone has ended both directions.
            Ok(_) => Ok(()),
            Err(_) => Err(self.difference(Found::Nothing)),
        }
    }

    async fn read(&mut self) -> Result<(), Box<Difference>> {
        if self.end.is_some() {
            return Ok(());
        }
        match timeout(self.settings.timeout, self.reader.read(&mut self.buffer)).await {
            Ok(read) => self.take(read).await,
            Err(_) => Err(self.difference(Found::Nothing)),
        }
    }

    /// Compares what was read in `buffer`.
    async fn take(&mut self, read: io::Result<usize>) -> Result<(), Box<Difference>> {
        match read {
            Ok(0) => self.end = Some(Found::End),
            Ok(count) => {
                self.scrubber.scrub(self.settings.side.receives(), &mut self.buffer[..count]);
                if let Err(offset) = self.comparison.push(&self.buffer[..count], self.ids.as_mut()) {
                    return Err(self.differing(offset).await);
                }
            }
            // A TLS peer that closes without saying so.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.end = Some(Found::End),
            Err(_) => self.end = Some(Found::Reset),
        }
        Ok(())
    }

    fn difference(&self, found: Found) -> Box<Difference> {
        let offset = self.comparison.equal();
        let receives = self.settings.side.receives();
        Box::new(Difference::new(self.recording, receives, offset, self.comparison.found(), found))
    }

    /// Something else came: takes what follows for a moment, so that a whole record can be named.
    async fn differing(&mut self, offset: usize) -> Box<Difference> {
        let mut came = self.comparison.found().to_vec();
        while came.len() - offset < MOST_REST
            && let Ok(Ok(count @ 1..)) = timeout(REST_WITHIN, self.reader.read(&mut self.buffer)).await
        {
            self.scrubber.scrub(self.settings.side.receives(), &mut self.buffer[..count]);
            came.extend_from_slice(&self.buffer[..count]);
        }
        let receives = self.settings.side.receives();
        Box::new(Difference::new(self.recording, receives, offset, &came, Found::Bytes(Vec::new())))
    }
}

enum Happened {
    Wrote(io::Result<usize>),
    Read(io::Result<usize>),
}

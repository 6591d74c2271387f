//! The steps of a scenario, as the files in `interop-tests/wcf-relay` write them.

use serde::Deserialize;

/// One step. Names of parties (`as`, `link`, `sender` …) are the script's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Step {
    /// A listener opens its control link with a recorded stream, up to its credit, and is answered; or refused with `refused`.
    Link {
        stream: String,
        #[serde(rename = "as")]
        name: String,
        refused: Option<String>,
        #[serde(default)]
        tokens: TokenKind,
    },
    /// A listener begins a control link, and gives it up after what was recorded; it is answered up to there.
    LinkBegun { stream: String },
    /// A WebSocket is opened and dropped: a probe.
    Upgraded { stream: String },
    /// The listener's next token, or tokens, as it showed them.
    Renew { link: String },
    /// A sender asks for a connection.
    Connect {
        stream: String,
        #[serde(rename = "as")]
        name: String,
        #[serde(default)]
        tokens: TokenKind,
    },
    /// The listener is invited, as the recorded relay invited it.
    Invited { link: String },
    /// The listener takes the last invitation; with `unknown` it shows the id of the recording, which the gateway never gave out.
    Accept {
        stream: String,
        #[serde(rename = "as")]
        name: String,
        #[serde(default)]
        id: Id,
    },
    /// Both sides are told that they are joined, and talk as they did.
    Joined { sender: String, service: String, stream: String },
    /// `viaduct listen` with a Mono service behind it serves the relay.
    Connector,
    /// The sender is told that it is joined, and is answered by that service as it was by its own.
    Called { sender: String, stream: String },
    /// Both sides still hear each other.
    StillJoined { sender: String, service: String },
    /// This side is told a fault, and its connection ends.
    Faulted { who: String, code: String },
    /// The gateway detaches the links, with `condition` or without an error; the library answers as it did, and the gateway hangs up.
    Detached { link: String, condition: Option<String> },
    /// The program stops, and the library says goodbye as it did.
    Stop { link: String },
    /// The connection of this side ends, and nothing was said before.
    Ended { who: String },
    /// The process is gone.
    HangUp { who: String },
    /// No message comes to the listener for so many milliseconds, and its link lives.
    Quiet { link: String, milliseconds: u64 },
    /// The probe on 9350.
    Probe { stream: String },
    /// A sender opens a session for one-way messages and is answered, with a fault if `faulted` says so.
    OneWay {
        stream: String,
        #[serde(rename = "as")]
        name: String,
        #[serde(default)]
        tokens: TokenKind,
        faulted: Option<String>,
    },
    /// A listener from before AMQP registers on 9351.
    Listen {
        stream: String,
        #[serde(rename = "as")]
        name: String,
    },
    /// A sender sends its next message.
    Send { sender: String },
    /// A listener gets the sender's last message.
    Delivered { sender: String, link: String },
    /// The sender is told that its last message was taken.
    Acknowledged { sender: String },
    /// The sender is told a fault in answer to its last message.
    SendFaulted { sender: String, code: String },
    /// The sender ends its session.
    End { sender: String },
    /// A client sends its next request.
    Request(Request),
    /// A listener that has accepted is asked by the gateway, and answers as it did.
    Served(Served),
    /// The client gets the answer that the recorded one got.
    Answered { client: String, stream: String },
    /// The client gets an answer of this status, with these words in its body.
    Succeeded { client: String, status: u16, words: String },
    /// The client is told a failure in its own words.
    Failed { client: String, status: u16, words: String },
    /// A sender asks over a web stream made of these recorded connections: create, up, down. Inside it, TLS is of this run, and in it the
    /// sender of `stream` asks.
    ConnectOverWebStream {
        create: String,
        up: String,
        down: String,
        stream: String,
        #[serde(rename = "as")]
        name: String,
    },
    /// A web stream is opened and dropped: a probe.
    WebStreamProbe { create: String, up: String, down: String },
    /// SIGTERM to the gateway.
    Drain,
    /// The gateway ends, which it was told before, and is started again.
    Restart,
    /// The configuration changes, and the gateway reads it again.
    Reload { from: String, to: String },
}

/// A request of a client: the next one of `stream`, or the one that the file calls `written`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) stream: Option<String>,
    pub(super) written: Option<String>,
    #[serde(rename = "as")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) over: Scheme,
    #[serde(default)]
    pub(super) tokens: TokenKind,
    /// What stands in its first line, and what has to.
    #[serde(default)]
    pub(super) changed: Vec<(String, String)>,
}

/// A request as a script writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// Its first line and its headers.
    pub(super) head: String,
    /// The word FILLER in it stands for `filler` characters.
    body: String,
    #[serde(default)]
    filler: usize,
}

impl Written {
    pub(super) fn body(&self) -> Vec<u8> {
        self.body.replace("FILLER", &"x".repeat(self.filler)).into_bytes()
    }
}

/// What a listener is asked and answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Served {
    pub(super) service: String,
    pub(super) stream: String,
    /// Which of the answers on the recorded connection, from 0.
    #[serde(default)]
    pub(super) answer: usize,
    #[serde(default)]
    pub(super) asked: Question,
    /// What the recorded relay said in its question, and what has to stand in its place.
    #[serde(default)]
    pub(super) changed: Vec<(String, String)>,
}

/// What a listener is asked.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Question {
    /// What the recorded relay asked.
    #[default]
    AsRecorded,
    /// Something that the recorded relay did not ask; it is not looked at.
    SomethingElse,
}

/// Which of the two doors a client comes by.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Scheme {
    /// In clear.
    Http,
    /// Inside TLS.
    #[default]
    Https,
}

/// How the tokens of a stream are signed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TokenKind {
    /// With the right key, for an hour.
    #[default]
    Good,
    /// Not at all: as they were recorded, expired and of a key of zeros.
    Recorded,
    /// With a key that the gateway does not know.
    WrongKey,
    /// With the right key; the tokens end so many seconds from now, one after the other.
    Ending(Vec<i64>),
}

/// Which id a listener shows.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Id {
    /// That of its invitation.
    #[default]
    Invited,
    /// That of the recording.
    Unknown,
}

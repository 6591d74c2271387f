//! One envelope: which of its bytes are strings depends on its encoding.

use super::binary::Binary;
use super::scanner::Scanner;

/// An envelope as it comes. Text and what cannot be told apart is one run of bytes.
#[derive(Debug)]
pub(super) struct Envelope {
    form: Form,
    run: Scanner,
    strings: Scanner,
}

/// How an envelope is written.
#[derive(Debug)]
pub(super) enum Form {
    /// Text, or whatever nobody knows.
    Run,
    Binary(Binary),
    /// Nobody said; the first byte decides between text and binary, with a string table or without.
    Guess {
        has_table: bool,
    },
}

impl Form {
    /// What a content type says.
    pub(super) fn of_content_type(content_type: &str) -> Self {
        let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media.as_str() {
            "application/soap+msbin1" => Self::Binary(Binary::new(false)),
            "application/soap+msbinsession1" => Self::Binary(Binary::new(true)),
            _ => Self::Run,
        }
    }
}

impl Envelope {
    pub(super) fn new() -> Self {
        Self { form: Form::Run, run: Scanner::new(), strings: Scanner::of_strings() }
    }

    /// The next envelope begins.
    pub(super) fn begin(&mut self, form: Form) {
        self.form = form;
        self.run.boundary();
        self.strings.boundary();
    }

    /// Takes secrets out of its next bytes.
    pub(super) fn scrub(&mut self, bytes: &mut [u8]) {
        if let (Form::Guess { has_table }, [first, ..]) = (&self.form, &*bytes) {
            // `<`, or the first byte of a mark of UTF-8 or UTF-16.
            let is_text = matches!(first, b'<' | 0xef | 0xfe | 0xff);
            self.form = if is_text { Form::Run } else { Form::Binary(Binary::new(*has_table)) };
        }
        match &mut self.form {
            Form::Binary(binary) => binary.scrub(bytes, &mut self.strings, &mut self.run),
            Form::Run | Form::Guess { .. } => self.run.scan(bytes),
        }
    }
}

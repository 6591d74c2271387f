//! Where the story appears: colours on a terminal, plain lines elsewhere.

use std::{fmt::Display, io::Write, time::Duration};

use anstyle::{AnsiColor, Style};

const TITLE: Style = Style::new().bold();
const HEADING: Style = AnsiColor::Cyan.on_default().bold();
const DONE: Style = AnsiColor::Green.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// Prints one line at a time and counts the steps that worked.
///
/// Lines are written at once, so that each step is seen when it happens. An output that was closed (`| head`) does not
/// stop the story: its exit status still says whether every step worked.
pub(super) struct Screen<W> {
    out: W,
    steps: usize,
}

impl Screen<anstream::AutoStream<std::io::Stdout>> {
    /// Standard output; colours when it is a terminal that wants them.
    pub(super) fn stdout() -> Self {
        Self::new(anstream::stdout())
    }
}

impl<W: Write> Screen<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, steps: 0 }
    }

    /// How many steps worked so far.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    pub(super) fn title(&mut self, text: &str) {
        self.styled(TITLE, text);
        self.line("");
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.line("");
        self.styled(HEADING, text);
    }

    /// One step that worked.
    pub(super) fn step(&mut self, text: &str) {
        self.steps += 1;
        self.line(format_args!("  {DONE}✓{DONE:#} {text}"));
    }

    /// What a step asked and what came back, and how long that took.
    pub(super) fn asked(&mut self, question: &str, answer: &str, took: Duration) {
        let took = took.as_secs_f64() * 1000.0;
        self.line(format_args!("      {question} {DIM}→{DIM:#} {answer}  {DIM}({took:.1} ms){DIM:#}"));
    }

    /// Plain text.
    pub(super) fn line(&mut self, text: impl Display) {
        // A closed output is no reason to stop; the exit status speaks.
        let _ = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
    }

    fn styled(&mut self, style: Style, text: &str) {
        self.line(format_args!("{style}{text}{style:#}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_a_file_hold_no_escape_codes() {
        let mut bytes = Vec::new();
        {
            let mut screen = Screen::new(anstream::StripStream::new(&mut bytes));
            screen.title("title");
            screen.heading("heading");
            screen.step("step");
            screen.asked("question", "answer", Duration::from_micros(1500));
            assert_eq!(screen.steps(), 1);
        }
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(text.contains("  ✓ step\n      question → answer  (1.5 ms)\n"), "{text:?}");
    }
}

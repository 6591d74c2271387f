//! Log lines on standard error: text for people, or one JSON object a line.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// What is logged when nobody says otherwise.
const DEFAULT_FILTER: &str = "info";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people; coloured on a terminal.
    #[default]
    Text,
    /// One JSON object a line: `timestamp`, `level`, `target`, `message`, the fields, and `spans`.
    Json,
}

/// Why logging did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The filter is none.
    #[error("{filter:?} is no log level and no filter: {reason}")]
    BadFilter {
        /// As given.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Started twice.
    #[error(transparent)]
    Started(#[from] TryInitError),
}

/// Starts logging for this process. `filter`: a level, or directives such as `viaduct::doors=debug`; `None` = `info`.
pub fn start_logging(format: LogFormat, filter: Option<&str>) -> Result<(), LogError> {
    let colours = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    subscriber(format, filter, colours, std::io::stderr)?.try_init()?;
    Ok(())
}

fn subscriber<W>(
    format: LogFormat,
    filter: Option<&str>,
    colours: bool,
    writer: W,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = filter.unwrap_or(DEFAULT_FILTER);
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| LogError::BadFilter { filter: filter.to_owned(), reason: error.to_string() })?;
    // At trace it writes out what it sends and receives, tokens included; no level asks for that.
    let quiet: Directive = "tungstenite=warn".parse().expect("a directive");
    let filter = filter.add_directive(quiet);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match format {
        LogFormat::Text => Box::new(builder.with_ansi(colours).finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).with_current_span(false).finish()),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, filter: Option<&str>) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = subscriber(format, filter, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("sender", tracking_id = "t-1").entered();
            tracing::debug!("detail");
            tracing::info!(bytes = 7, "joined");
        });
        String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn text_has_the_message_its_fields_and_the_tracking_id() {
        let text = logged(LogFormat::Text, None);
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in ["INFO", "joined", "bytes=7", "tracking_id=\"t-1\""] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn json_is_one_object_a_line() {
        let text = logged(LogFormat::Json, Some("debug"));
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1]["message"], "joined");
        assert_eq!(lines[1]["bytes"], 7);
        assert_eq!(lines[1]["spans"][0]["tracking_id"], "t-1");
    }

    #[test]
    fn what_the_websocket_library_writes_out_is_not_logged_at_any_level() {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let subscriber = subscriber(LogFormat::Text, Some("trace"), false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!(target: "tungstenite::protocol", "Received message {{\"renewToken\":…}}");
            tracing::trace!(target: "viaduct", "seen");
        });
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("seen") && !text.contains("renewToken"), "{text}");
    }

    #[test]
    fn a_filter_that_is_none_is_an_error() {
        let error = start_logging(LogFormat::Text, Some("viaduct=loud")).unwrap_err();
        assert!(matches!(error, LogError::BadFilter { .. }), "{error}");
    }
}

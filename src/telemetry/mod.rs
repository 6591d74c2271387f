//! Logs and metrics.

mod logging;
mod metrics;

pub use logging::{LogError, LogFormat, start_logging};
pub use metrics::{ByClass, ByDoor, ByOutcome, CONTENT_TYPE, Metrics, Outcome, StatusClass};

//! Logs, metrics, tracking ids.

//! The HTTP bindings, judged by recordings of Microsoft.ServiceBus.dll (WCF relay page, section 7) and by whatever bytes come.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod built;
mod envelope;
mod malformed;
mod properties;
mod recorded;
mod recorded_clients;
mod recorded_replies;
mod recorded_requests;
mod support;

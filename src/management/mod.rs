//! The admin door and the metrics door: health, metrics, and what is going on. Independent of sockets: [`admin()`] and
//! [`metrics()`] take a request and give an answer; the gateway owns the doors.

mod admin;
mod answer;
mod health;
mod metrics;
mod origin;
mod state;

pub use admin::{AdminContext, admin};
pub use answer::Answer;
pub use metrics::{MetricsContext, metrics};
pub use state::{ConnectionState, GatewayState, ListenerState, NamespaceState, Readiness, RelayState, State};

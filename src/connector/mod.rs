//! Listeners and senders in front of plain programs: `listen`, `forward`, `connect`.

mod authority;
mod backoff;
mod base_path;
mod control;
mod dial;
mod echo;
mod endpoint;
mod exchange;
mod handshake;
mod http_pool;
mod http_request;
mod keep_alive;
mod listener;
mod net_tcp;
mod peel;
mod proxy;
mod random;
mod response_route;
mod route;
mod streams;
mod target;
mod via;

pub use authority::Security;
pub use dial::Dialer;
pub use endpoint::Endpoint;
pub use listener::{ListenerSettings, ListenerTiming, run as run_listener};
pub use proxy::ProxySettings;
pub use route::{Phase, RouteKind, RouteState};
pub use target::Target;

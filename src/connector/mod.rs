//! Listeners and senders in front of plain programs: `listen`, `forward`, `connect`.

mod authority;
mod backoff;
mod base_path;
mod control;
mod endpoint;
mod handshake;
mod http_request;
mod keep_alive;
mod proxy;
mod random;
mod response_route;
mod route;
mod target;

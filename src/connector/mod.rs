//! Listeners and senders in front of plain programs: `listen`, `forward`, `connect`.

mod authority;
mod backoff;
mod base_path;
mod keep_alive;
mod proxy;
mod response_route;
mod target;

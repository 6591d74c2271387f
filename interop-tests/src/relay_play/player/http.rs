//! HTTP senders.

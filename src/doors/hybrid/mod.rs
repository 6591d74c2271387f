//! Hybrid Connections: WebSocket and HTTP.

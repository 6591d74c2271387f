//! What Hybrid Connections put into URLs, headers and control messages.

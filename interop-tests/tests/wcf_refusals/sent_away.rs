//! A listener that was registered is sent away, and a connection whose bytes are no such link ends. Relay page 2.2, 2.3, 2.5.

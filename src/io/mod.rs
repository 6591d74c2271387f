//! Sockets, TLS, splices; everything that only Unix has.

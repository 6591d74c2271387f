//! Sockets, TLS, splices; everything that only Unix has.

mod private_file;

pub use private_file::private_file;

//! The rules of a meeting, without I/O.

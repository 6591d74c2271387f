//! `viaduct demo`: the credit-check story on loopback, nothing needed but the binary.

mod screen;
mod text;
mod xml;

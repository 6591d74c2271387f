//! A listener that does as the library does, and worse, against the machine.

mod arriving;
mod delivering;
mod leaving;
mod misbehaving;
mod peer;
mod waiting;

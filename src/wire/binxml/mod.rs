//! Binary XML: records [MC-NBFX], the static dictionary of SOAP [MC-NBFS], and the dictionary of a session [MC-NBFSE].

mod list;

pub use list::List;

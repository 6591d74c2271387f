//! Message framing, [MC-NMF]: the records of either direction, and the envelopes in them.

mod meaning;
mod terms;
mod walk;

pub(super) use terms::Terms;
pub(super) use walk::FramingWalk;

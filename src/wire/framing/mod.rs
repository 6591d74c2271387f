//! .NET message framing, [MC-NMF].

//! Whose behaviour is meant where Microsoft's own runtimes differ.

/// A runtime of .NET.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Runtime {
    /// .NET 8 and, as far as known, later ones.
    #[default]
    Net8,
    /// .NET Framework, and Mono, which has the same code.
    Framework,
}

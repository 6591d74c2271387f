//! What a peer's frame may make us hold.

/// Limits of one frame. Checked before the frame is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmqpLimits {
    /// A whole frame, in bytes, its head included. Default 65,536: what both sides of WCF Relay announce (relay page 2.2).
    pub frame: u32,
    /// Lists, maps, arrays and described values inside each other. Default 10; an attach of the library has 6.
    pub depth: u8,
    /// Values in one performative, all levels counted. Default 512; an attach of the library has 66. A value takes
    /// about 100 bytes of memory.
    pub elements: u32,
}

impl Default for AmqpLimits {
    fn default() -> Self {
        Self { frame: 64 << 10, depth: 10, elements: 512 }
    }
}

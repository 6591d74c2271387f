//! One protocol on one port each; a door holds no rule.

pub mod hybrid;
pub mod net_tcp;

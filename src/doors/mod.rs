//! One protocol on one port each; a door holds no rule.

pub(crate) mod admit;
pub(crate) mod find;
pub(crate) mod listening;

pub(crate) mod http_binding;
pub(crate) mod hybrid;
pub(crate) mod net_tcp;
pub(crate) mod oneway;
pub(crate) mod wcf;

//! One message into another: from the protocol of a sender to that of a listener, and back. Pure.
//!
//! A bridge stands between the two legs of a meeting where their shapes or their encodings differ. It is fed bytes and gives bytes; which one
//! stands where is the meeting's choice, never the door's.
//!
//! - [`http_binding`]: plain HTTP to a listener of `BasicHttpRelayBinding` and its sisters (protocol D of the WCF relay page).

pub mod http_binding;

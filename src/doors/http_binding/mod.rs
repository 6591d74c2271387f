//! HTTP bindings of WCF Relay: HTTP requests for listeners of `BasicHttpRelayBinding` and its sisters, on the doors that HTTP has anyway.
//!
//! What a request becomes and what a reply becomes is decided in `bridge/http_binding`; here are the connections, and who waits for whom. A relay
//! of this kind may have connectors as listeners as well: they get the request as listeners of a hybrid connection do.
//!
//! Numbers in comments name sections of the WCF relay page.

mod admitted;
mod answer;
mod exchange;
mod kept;
mod line;
mod met;
mod opened;
mod registry;
mod response;
mod token_service;

pub(crate) use answer::{answer, served};
pub(crate) use kept::Kept;

//! Names of the relay's own headers in envelopes of HTTP bindings (the table in front of the page).

/// `WEB`: one element for each HTTP header, and `HttpAddress` (7.4).
pub(super) const WEB: &str = "http://schemas.microsoft.com/netservices/2009/05/servicebus/web";

/// `BDY`: `BodyFormat` (7.4).
pub(super) const BODY: &str = "http://schemas.microsoft.com/netservices/2009/05/servicebus/body";

/// `STC`: `StatusCode` (7.5).
pub(super) const STATUS: &str = "http://schemas.microsoft.com/netservices/2009/05/servicebus/statuscode";

/// The header that holds the request's URI; as an HTTP header it would pass for it (7.4).
pub(super) const HTTP_ADDRESS: &str = "HttpAddress";

/// The header that holds the reason phrase; as an HTTP header it would pass for it (7.5).
pub(super) const FAULT_REASON: &str = "FaultReason";

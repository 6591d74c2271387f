//! The HTTP bindings: an HTTP request becomes a binary SOAP envelope for a listener of `BasicHttpRelayBinding`, `WebHttpRelayBinding` or
//! `WS2007HttpRelayBinding`, and its reply becomes an HTTP response. WCF relay page, section 7.
//!
//! ```text
//!  HTTP head + body ─► Request ─► preamble, envelope in chunks, End ─────────► listener
//!                        │  the body by its content:
//!                        │  xml_request    SOAP text, wrapped; other XML   WrappedSoap11, WrappedSoap12, Xml
//!                        │  json_request   JSON, checked                   Raw
//!                        ▼
//!  HTTP response ◄──── Reply ◄─── 0B, envelope in chunks, End ◄────────────── listener
//!                           wrapped_reply, raw_reply, xml_reply, json_reply: one file for each form of the body
//! ```
//!
//! Both run without sockets and clocks, in memory that does not grow with the bodies. What a sender is told when something is wrong stands in
//! [`HttpRefusal`] and one table behind it; how long all may take and when a rendezvous serves again in [`Patience`] and [`Reuse`].
//!
//! Numbers in comments name sections of the WCF relay page.

mod base64_stream;
mod body_format;
mod charset;
mod content_type;
mod header_elements;
mod header_name;
mod json_check;
mod json_reply;
mod json_request;
mod limits;
mod names;
mod outgoing;
mod patience;
mod raw_reply;
mod refusal;
mod registry_feed;
mod reply;
mod reply_body;
mod reply_envelope;
mod reply_head;
mod request;
mod reuse;
mod sender_form;
mod soap_head;
mod terms;
mod told;
mod wants;
mod wrapped_reply;
mod xml_reply;
mod xml_request;

pub use body_format::BodyFormat;
pub use limits::BindingLimits;
pub use patience::Patience;
pub use refusal::HttpRefusal;
pub use registry_feed::{PublicRelay, registry_feed};
pub use reply::{Reply, ReplyPart};
pub use reply_head::ReplyHead;
pub use request::Request;
pub use reuse::Reuse;
pub use sender_form::SenderForm;
pub use terms::{HttpScheme, ReplyTerms, Terms, XmlBody};
pub use told::Stamp;
pub use wants::{Wants, is_relay_token, relay_token};

//! Who may: SAS tokens, claims and rights. Pure; time is an argument.
//!
//! [`authorize()`] answers for a token in whatever form it comes. Today that is one form, the shared access signature
//! ([`SasToken`]); others (`WRAP access_token=…`, three base64url parts joined by dots) are told apart by their first
//! characters and will end in the same [`Authorized`], a set of rights with an end.

mod audience;
mod authorize;
mod error;
mod sas;
mod signer;

pub use audience::audience;
pub use authorize::{Authorized, TokenOptions, authenticate, authorize, authorize_sender};
pub use error::{AuthError, TokenError};
pub use sas::SasToken;
pub use signer::{mint, sign};

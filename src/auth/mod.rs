//! Who may: SAS tokens, claims and rights. Pure; time is an argument.
//!
//! [`authorize()`] answers for a shared access signature ([`SasToken`]), [`WcfTokens`] for whatever clients of WCF relays show:
//! that, or where a namespace says so a simple web token ([`SwtToken`]). Both end in the same [`Authorized`], a set of rights
//! with an end.

mod audience;
mod authorize;
mod error;
mod sas;
mod signer;
mod swt;
mod token_service;
mod wcf;

pub use audience::audience;
pub use authorize::{Authorized, TokenOptions, authenticate, authorize, authorize_sender};
pub use error::{AuthError, TokenError};
pub use sas::SasToken;
pub use signer::{mint, sign};
pub use swt::{SwtIssuer, SwtToken, mint_swt};
pub use token_service::{Issued, TokenServiceError, issue};
pub use wcf::WcfTokens;

//! The record that a listener is connected, and where.

use serde::{Deserialize, Serialize};

use super::{ExchangeRequest, GatewayId, ListenerId, Shapes, WcfTerms, What};
use crate::entity::RelayKey;

/// One connected listener, as the gateway store holds it under its gateway's lease. Never on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The listener.
    pub listener: ListenerId,
    /// The gateway that holds its control channel.
    pub gateway: GatewayId,
    /// The relay it listens on.
    pub relay: RelayKey,
    /// The name by which senders may pick it: its `sb-hc-id` as [`listener_tag`] makes it. Two listeners may share one.
    pub tag: Option<String>,
    /// What it can take.
    pub shapes: Shapes,
    /// What a listener of WCF Relay asked for; `None` for those of hybrid connections and for connectors.
    pub wcf: Option<WcfTerms>,
}

impl Registration {
    /// Whether it can be handed this. A listener of WCF Relay has no room for a request on its control link: it always fetches it
    /// (relay page 7.2).
    pub fn takes(&self, what: &What) -> bool {
        let inline = matches!(what, What::Exchange(ExchangeRequest::Inline { .. }));
        self.shapes.has(what.shape()) && !(inline && self.wcf.is_some())
    }
}

/// The form in which a listener's `sb-hc-id` is compared: without its `_G{n}` suffixes, in lower case.
/// Source: hybrid page 2.6.
pub fn listener_tag(id: &str) -> String {
    let mut tag = id.trim();
    while let Some((rest, suffix)) = tag.rsplit_once('_') {
        let digits = suffix.strip_prefix(['G', 'g']).unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        tag = rest;
    }
    tag.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_id_without_its_gateway_suffixes_in_lower_case() {
        assert_eq!(
            listener_tag("0F0D6A6E-6a3a-4f0e-9d0c-2f6f8f1f3b55_G12_G3"),
            "0f0d6a6e-6a3a-4f0e-9d0c-2f6f8f1f3b55"
        );
        assert_eq!(listener_tag(" cell_4_G0 "), "cell_4");
        assert_eq!(listener_tag("cell_G"), "cell_g");
        assert_eq!(listener_tag("_G1"), "");
    }
}

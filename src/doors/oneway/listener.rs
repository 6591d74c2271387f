//! A listener that is older than AMQP: it registers with `Listen`, and what it is sent comes on the same session (2.7).

use std::{collections::VecDeque, sync::Arc, time::Instant};

use secrecy::SecretString;

use super::{
    replies::Replies,
    session::{Session, Stage, UNSENT},
};
use crate::{
    doors::{
        admit::hold_back,
        listening::Heard,
        wcf::{
            fault::fault,
            listen::{self, Registered},
        },
    },
    gateway::{clock::random_u128, core::Core, switchboard::CHANNEL_INBOX},
    relay::{ChannelCommand, Invitation, MessageOutcome, What, listener_link::ListenRequest as Wish},
    wire::{
        hybrid::TrackingId,
        relayed::{
            ClientAuthentication, Discovery, ListenRequest, ListenerType, TransportProtection, listen_reply,
        },
    },
};

/// A registered listener.
pub(super) struct Listener {
    registered: Registered,
    /// What the log calls it.
    id: TrackingId,
    /// What does not fit into the buffer yet. The rules bound how much there is.
    waiting: VecDeque<(Arc<Invitation>, String)>,
    /// One-way messages in the buffer, each with the byte behind it.
    written: VecDeque<(u64, String)>,
}

/// Waits for what the listener is told from elsewhere; for ever while there is none.
pub(super) async fn hear(listener: Option<&mut Listener>) -> Heard {
    let Some(listener) = listener else { return std::future::pending().await };
    let room = listener.waiting.len() < CHANNEL_INBOX;
    listener.registered.listening.hear(room).await
}

impl Session {
    pub(super) async fn handle_listen(&mut self, request: ListenRequest) {
        let relates_to = request.message_id.clone();
        if self.sender.is_some() || self.listener.is_some() {
            return self.misplaced("this connection is in use already", relates_to.as_deref());
        }
        let id = self.core.tracking_id(request.tracking_id.as_deref());
        let wish = wish(request);
        match listen::listen(&self.core, &self.peer, &wish).await {
            Ok(registered) => {
                tracing::info!(tracking_id = %id, relay = %registered.listening.target.key, listener = %wish.listener_type, peer = %self.peer.address, "old WCF listener on");
                self.listener = Some(Box::new(Listener {
                    registered,
                    id,
                    waiting: VecDeque::new(),
                    written: VecDeque::new(),
                }));
                let name = uuid::Uuid::from_u128(random_u128());
                self.replies.reply(|ids| listen_reply(relates_to.as_deref(), name, ids));
            }
            Err(refusal) => {
                self.core.metrics.handshake_failures.of(self.peer.door).inc();
                tracing::info!(tracking_id = %id, peer = %self.peer.address, %refusal, "old WCF listener refused");
                hold_back(&self.core, &refusal, self.peer.address.ip()).await;
                self.replies.fault(fault(&refusal), &refusal.to_string(), &id, relates_to.as_deref());
            }
        }
    }

    /// Does what the rules of the listener want done, and writes what fits.
    pub(super) async fn settle_listener(&mut self) {
        let Some(listener) = &mut self.listener else { return };
        while let Some(command) = listener.registered.listening.next_command().await {
            match command {
                ChannelCommand::Deliver { invitation, request_id } => {
                    listener.waiting.push_back((invitation, request_id));
                }
                ChannelCommand::Recall { request_id } => {
                    listener.waiting.retain(|(_, waiting)| *waiting != request_id);
                }
                // It comes again whatever the reason was, and is told it then.
                ChannelCommand::Close(reason) => {
                    tracing::info!(tracking_id = %listener.id, %reason, peer = %self.peer.address, "old WCF listener sent away");
                    if self.stage == Stage::Open {
                        self.stage = Stage::Ending;
                    }
                }
                ChannelCommand::Drop => self.stage = Stage::Cut,
                // It gives signs of life unasked; `Listening` does the others.
                ChannelCommand::Ping
                | ChannelCommand::Tell { .. }
                | ChannelCommand::Withdraw
                | ChannelCommand::Forget => {}
            }
        }
        if self.stage == Stage::Open {
            listener.write(&self.core, &mut self.replies);
        }
    }
}

impl Listener {
    fn write(&mut self, core: &Core, replies: &mut Replies) {
        let Registered { listening, invites } = &mut self.registered;
        while replies.sending.len() < UNSENT {
            let Some((invitation, request_id)) = self.waiting.pop_front() else { break };
            let is_message = matches!(invitation.what, What::OneWay(_));
            match invites.envelope(core, &listening.target.key.path, &invitation) {
                Ok(envelope) => {
                    replies.document(&envelope);
                    if is_message {
                        listening.rules.handle_handed(&request_id);
                        self.written.push_back((replies.sending.end(), request_id));
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "an invitation could not be written");
                    let outcome = MessageOutcome::NotHanded;
                    let _ = listening.rules.handle_outcome(&request_id, outcome, Instant::now());
                }
            }
        }
        if self.waiting.is_empty() && self.written.is_empty() {
            // Nothing is kept for a listener that is idle.
            (self.waiting, self.written) = (VecDeque::new(), VecDeque::new());
        }
    }

    /// So many bytes have gone. It gives no dispositions: what was written to it counts as taken.
    pub(super) fn handle_sent(&mut self, gone: u64) {
        while self.written.front().is_some_and(|(end, _)| *end <= gone) {
            let Some((_, request_id)) = self.written.pop_front() else { return };
            // One that comes too late is nobody's.
            let outcome = MessageOutcome::Accepted;
            let _ = self.registered.listening.rules.handle_outcome(&request_id, outcome, Instant::now());
        }
    }

    /// Whether the session may go on.
    pub(super) fn handle(&mut self, heard: Heard) -> bool {
        self.registered.listening.handle(heard)
    }

    /// A ping brought a new token.
    pub(super) fn handle_token(&mut self, core: &Core, token: &SecretString) {
        self.registered.handle_token(core, token, &self.id);
    }

    pub(super) fn drain(&mut self) {
        self.registered.listening.rules.handle_drain(Instant::now());
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.registered.listening.rules.poll_timeout()
    }

    pub(super) fn handle_timeout(&mut self) {
        self.registered.listening.handle_timeout();
    }

    pub(super) async fn leave(self) {
        let relay = self.registered.listening.target.key.clone();
        self.registered.listening.leave().await;
        tracing::info!(tracking_id = %self.id, %relay, "old WCF listener off");
    }
}

/// What newer libraries say with the properties of a link. Whatever is not said is as they mean it when they say nothing (2.2).
fn wish(request: ListenRequest) -> Wish {
    let settings = request.settings;
    Wish {
        address: request.uri,
        token: request.token.map(|token| token.text),
        listener_type: settings.listener_type.unwrap_or(ListenerType::None),
        // Before 2.2 there was no other kind of relay.
        dynamic_relay: settings.is_dynamic.unwrap_or(true),
        transport_security_required: settings.transport_protection != Some(TransportProtection::None),
        client_authentication_required: settings.client_authentication != Some(ClientAuthentication::None),
        requires_public_registry: settings.discovery == Some(Discovery::Public)
            || settings.is_discoverable == Some(true),
        display_name: request.display_name,
        client_agent: settings.client_agent,
        link_name: request.tracking_id.clone().unwrap_or_default(),
        tracking_id: request.tracking_id,
        hostname: None,
        container_id: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::relayed::ServiceSettings;

    #[test]
    fn what_an_old_listener_leaves_out_is_the_safe_choice() {
        let silent = wish(ListenRequest { uri: "sb://ns/a/".into(), ..ListenRequest::default() });
        assert!(silent.transport_security_required && silent.client_authentication_required);
        assert!(silent.dynamic_relay && !silent.requires_public_registry);
        let settings = ServiceSettings {
            transport_protection: Some(TransportProtection::None),
            client_authentication: Some(ClientAuthentication::None),
            discovery: Some(Discovery::Public),
            is_dynamic: Some(false),
            listener_type: Some(ListenerType::Unicast),
            ..ServiceSettings::default()
        };
        let open = wish(ListenRequest { settings, ..ListenRequest::default() });
        assert!(!open.transport_security_required && !open.client_authentication_required);
        assert!(!open.dynamic_relay && open.requires_public_registry);
        assert_eq!(open.listener_type, ListenerType::Unicast);
    }
}

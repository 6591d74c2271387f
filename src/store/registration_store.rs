//! The trait of everything that keeps registrations.

use std::time::Duration;

use tokio::sync::watch;

use super::{BoxFuture, StoreError};
use crate::{
    entity::RelayKey,
    relay::{GatewayId, ListenerId, Registered, Registration},
};

/// A gateway's right to have registrations: they end with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeaseId(pub u64);

/// Keeps which listener waits where. Never on disk.
///
/// A gateway takes a lease when it starts, renews it while it runs and revokes it when it drains. A gateway that dies
/// renews nothing; where the store outlives the gateway, its registrations go when the lease's time is over. A gateway
/// whose lease was lost takes a new one and registers its listeners again.
///
/// Looking up never waits and never fails: a back end answers from a picture that it follows.
pub trait RegistrationStore: Send + Sync {
    /// Waits until the picture is complete: before that, no door may say that nobody listens.
    fn ready(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// A new lease that ends `time` after its last renewal, for back ends that outlive their gateways.
    fn grant(&self, gateway: GatewayId, time: Duration) -> BoxFuture<'_, Result<LeaseId, StoreError>>;

    /// Renews a lease; [`StoreError::LeaseLost`] if it is over.
    fn renew(&self, lease: LeaseId) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Ends a lease and every registration under it.
    fn revoke(&self, lease: LeaseId) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Adds a registration; one of the same listener is replaced. `most` bounds the listeners of its relay (0 = no
    /// limit): the answer is that of [`admission`](crate::relay::admission).
    fn register(
        &self,
        registration: Registration,
        lease: LeaseId,
        most: u32,
    ) -> BoxFuture<'_, Result<Registered, StoreError>>;

    /// Removes a listener's registration; one that is not there is no error.
    fn withdraw(&self, listener: ListenerId) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The listeners of one relay, in the order in which they came.
    fn candidates(&self, relay: &RelayKey) -> Vec<Registration>;

    /// How many listeners one relay has.
    fn count(&self, relay: &RelayKey) -> usize;

    /// Shows every registration of every gateway, in the order in which they came. The store waits meanwhile: whoever looks is quick.
    fn each(&self, look: &mut dyn FnMut(&Registration));

    /// Grows with each change; to be told when to look again.
    fn watch(&self) -> watch::Receiver<u64>;
}

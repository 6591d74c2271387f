//! The suite for registrations.

use std::{sync::Arc, time::Duration};

use viaduct::{
    entity::{EntityPath, NamespaceName, RelayKey},
    relay::{GatewayId, ListenerId, Registered, Registration, Shapes},
    store::{LeaseId, MemoryRegistrations, RegistrationStore, StoreError},
};

/// Writes one test for each back end from one function.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[tokio::test]
            async fn memory() {
                super::cases::$name(std::sync::Arc::new(super::MemoryRegistrations::new())).await
            }
        }
    )+ };
}

contract! {
    a_registered_listener_is_found_and_a_withdrawn_one_is_not,
    listeners_of_other_relays_are_not_found,
    a_lease_takes_its_registrations_with_it,
    without_a_lease_nothing_is_registered,
    a_full_relay_takes_no_more_until_one_leaves,
    a_listener_that_registers_again_is_there_once,
    of_many_at_once_no_more_than_allowed_find_room,
    watchers_hear_of_each_change,
}

const LEASE: Duration = Duration::from_secs(10);

fn gateway(name: &str) -> GatewayId {
    GatewayId::parse(name).unwrap()
}

fn relay(path: &str) -> RelayKey {
    RelayKey { namespace: NamespaceName::parse("contoso").unwrap(), path: EntityPath::parse(path).unwrap() }
}

fn registration(listener: u128, path: &str) -> Registration {
    Registration {
        listener: ListenerId::new(listener),
        gateway: gateway("g0"),
        relay: relay(path),
        tag: Some(format!("tag-{listener}")),
        shapes: Shapes::HYBRID,
        wcf: None,
    }
}

fn found(store: &Arc<dyn RegistrationStore>, path: &str) -> Vec<ListenerId> {
    store.candidates(&relay(path)).into_iter().map(|found| found.listener).collect()
}

fn all(store: &Arc<dyn RegistrationStore>) -> usize {
    let mut count = 0;
    store.each(&mut |_| count += 1);
    count
}

async fn lease(store: &Arc<dyn RegistrationStore>) -> LeaseId {
    store.ready().await.unwrap();
    store.grant(gateway("g0"), LEASE).await.unwrap()
}

mod cases {
    use super::*;

    pub(super) async fn a_registered_listener_is_found_and_a_withdrawn_one_is_not(
        store: Arc<dyn RegistrationStore>,
    ) {
        let lease = lease(&store).await;
        store.register(registration(1, "a"), lease, 0).await.unwrap();
        store.register(registration(2, "a"), lease, 0).await.unwrap();
        assert_eq!(store.candidates(&relay("A")), [registration(1, "a"), registration(2, "a")]);
        assert_eq!((store.count(&relay("a")), all(&store)), (2, 2));
        store.withdraw(ListenerId::new(1)).await.unwrap();
        store.withdraw(ListenerId::new(1)).await.unwrap();
        assert_eq!(found(&store, "a"), [ListenerId::new(2)]);
        assert_eq!((store.count(&relay("a")), all(&store)), (1, 1));
    }

    pub(super) async fn listeners_of_other_relays_are_not_found(store: Arc<dyn RegistrationStore>) {
        let lease = lease(&store).await;
        store.register(registration(1, "a/b"), lease, 0).await.unwrap();
        assert_eq!(found(&store, "a"), []);
        let mut elsewhere = relay("a/b");
        elsewhere.namespace = NamespaceName::parse("fabrikam").unwrap();
        assert_eq!(store.candidates(&elsewhere), []);
    }

    pub(super) async fn a_lease_takes_its_registrations_with_it(store: Arc<dyn RegistrationStore>) {
        let one = lease(&store).await;
        let two = store.grant(gateway("g1"), LEASE).await.unwrap();
        store.register(registration(1, "a"), one, 0).await.unwrap();
        store.register(registration(2, "a"), two, 0).await.unwrap();
        store.revoke(one).await.unwrap();
        assert_eq!(found(&store, "a"), [ListenerId::new(2)]);
        assert_eq!(store.renew(one).await, Err(StoreError::LeaseLost));
        assert_eq!(store.renew(two).await, Ok(()));
        store.revoke(one).await.unwrap();
    }

    pub(super) async fn without_a_lease_nothing_is_registered(store: Arc<dyn RegistrationStore>) {
        let lease = lease(&store).await;
        store.revoke(lease).await.unwrap();
        assert_eq!(store.register(registration(1, "a"), lease, 0).await, Err(StoreError::LeaseLost));
        assert_eq!(found(&store, "a"), []);
    }

    pub(super) async fn a_full_relay_takes_no_more_until_one_leaves(store: Arc<dyn RegistrationStore>) {
        let lease = lease(&store).await;
        assert_eq!(store.register(registration(1, "a"), lease, 2).await, Ok(Registered::Yes));
        assert_eq!(store.register(registration(2, "a"), lease, 2).await, Ok(Registered::Yes));
        assert_eq!(store.register(registration(3, "a"), lease, 2).await, Ok(Registered::TooMany));
        assert_eq!(store.register(registration(3, "b"), lease, 2).await, Ok(Registered::Yes));
        store.withdraw(ListenerId::new(1)).await.unwrap();
        assert_eq!(store.register(registration(4, "a"), lease, 2).await, Ok(Registered::Yes));
        assert_eq!(found(&store, "a"), [ListenerId::new(2), ListenerId::new(4)]);
    }

    pub(super) async fn a_listener_that_registers_again_is_there_once(store: Arc<dyn RegistrationStore>) {
        let lease = lease(&store).await;
        store.register(registration(1, "a"), lease, 1).await.unwrap();
        let again = Registration { tag: None, ..registration(1, "a") };
        assert_eq!(
            store.register(again.clone(), lease, 1).await,
            Ok(Registered::Yes),
            "it takes its own place"
        );
        assert_eq!(store.candidates(&relay("a")), [again]);
        store.register(registration(1, "b"), lease, 1).await.unwrap();
        assert_eq!(found(&store, "a"), []);
        assert_eq!(found(&store, "b"), [ListenerId::new(1)]);
    }

    pub(super) async fn of_many_at_once_no_more_than_allowed_find_room(store: Arc<dyn RegistrationStore>) {
        let lease = lease(&store).await;
        let mut tasks = tokio::task::JoinSet::new();
        for listener in 0..40 {
            let store = store.clone();
            tasks.spawn(async move { store.register(registration(listener, "a"), lease, 25).await.unwrap() });
        }
        let outcomes = tasks.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Registered::Yes).count(), 25);
        assert_eq!(store.count(&relay("a")), 25);
    }

    pub(super) async fn watchers_hear_of_each_change(store: Arc<dyn RegistrationStore>) {
        let lease = lease(&store).await;
        let mut watch = store.watch();
        watch.mark_unchanged();
        store.register(registration(1, "a"), lease, 0).await.unwrap();
        watch.changed().await.unwrap();
        let after_register = *watch.borrow_and_update();
        store.withdraw(ListenerId::new(1)).await.unwrap();
        watch.changed().await.unwrap();
        assert!(*watch.borrow_and_update() > after_register);
    }
}

//! One suite for every back end of the stores. A new back end is done when it passes.

// Clippy does not take the helpers of a test crate for tests.
#![allow(clippy::unwrap_used)]

#[path = "store_contract/registrations.rs"]
mod registrations;

use std::{path::PathBuf, sync::Arc, time::Duration};

use secrecy::ExposeSecret;
use viaduct::{
    entity::{
        DynamicRelays, EntityPath, HostName, KeyName, Namespace, NamespaceName, Policy, Relay, RelayKey,
        RelayKind, Rights, SwtIssuer,
    },
    store::{
        Author, Change, EmbeddedStore, EntityStore, MemoryStore, NamespaceRecord, Precondition, Record,
        RecordKey, Remedy, SeedReport, Snapshot, StoreError,
    },
};

/// One place to keep entities; durable ones can be opened again.
struct Place {
    kind: Kind,
}

enum Kind {
    Memory,
    Embedded(tempfile::TempDir),
}

impl Place {
    fn memory() -> Self {
        Self { kind: Kind::Memory }
    }

    fn embedded() -> Self {
        Self { kind: Kind::Embedded(tempfile::tempdir().unwrap()) }
    }

    async fn open(&self) -> Arc<dyn EntityStore> {
        let store: Arc<dyn EntityStore> = match &self.kind {
            Kind::Memory => Arc::new(MemoryStore::new()),
            Kind::Embedded(folder) => Arc::new(EmbeddedStore::open(folder.path())),
        };
        store.ready().await.unwrap();
        store
    }

    fn file(&self) -> PathBuf {
        match &self.kind {
            Kind::Memory => panic!("memory has no file"),
            Kind::Embedded(folder) => folder.path().join("entities.redb"),
        }
    }
}

/// Writes one test for each back end from one function.
macro_rules! contract {
    ($backends:ident: $($name:ident),+ $(,)?) => { $( contract!(@ $backends $name); )+ };
    (@ all $name:ident) => {
        mod $name {
            #[tokio::test]
            async fn memory() { super::cases::$name(super::Place::memory()).await }
            #[tokio::test]
            async fn embedded() { super::cases::$name(super::Place::embedded()).await }
        }
    };
    (@ durable $name:ident) => {
        mod $name {
            #[tokio::test]
            async fn embedded() { super::cases::$name(super::Place::embedded()).await }
        }
    };
}

contract! { all:
    a_new_store_is_empty,
    what_was_written_is_read_with_its_version,
    a_namespace_that_exists_is_not_absent,
    a_stale_version_is_a_conflict_that_names_the_present_one,
    of_two_writers_with_one_version_one_wins,
    writers_of_two_relays_do_not_meet,
    a_commit_is_made_whole_or_not_at_all,
    a_relay_needs_its_namespace,
    a_namespace_goes_with_its_relays,
    what_is_not_there_cannot_be_removed,
    paths_that_differ_in_case_are_one_relay,
    a_host_belongs_to_one_namespace,
    watchers_see_each_commit,
    a_locked_entity_yields_to_its_declaration_alone,
    a_seed_adds_what_is_absent_and_nothing_twice,
    a_seeded_namespace_is_read_as_it_was_declared,
    a_seed_leaves_what_is_there_alone,
    a_seed_applies_locked_entities_again,
    a_lock_goes_when_its_declaration_goes,
    a_seed_larger_than_one_commit_arrives_whole,
    two_seeds_at_once_are_as_good_as_one,
    a_seed_that_takes_a_host_is_refused,
}

contract! { durable:
    what_was_committed_is_there_after_a_restart,
    versions_go_on_after_a_restart,
    a_second_process_is_refused,
    a_file_that_is_no_store_is_refused_and_kept,
    only_the_owner_reads_the_file,
}

fn name(text: &str) -> NamespaceName {
    NamespaceName::parse(text).unwrap()
}

fn key(namespace: &str, path: &str) -> RelayKey {
    RelayKey { namespace: name(namespace), path: EntityPath::parse(path).unwrap() }
}

fn policy(policy_name: &str, primary_key: &str) -> Policy {
    Policy::new(KeyName::parse(policy_name).unwrap(), Rights::SEND, primary_key.to_owned().into(), None)
        .unwrap()
}

fn relay(path: &str) -> Relay {
    Relay::new(EntityPath::parse(path).unwrap(), RelayKind::Hybrid)
}

fn record(namespace: &str, hosts: &[&str]) -> NamespaceRecord {
    let hosts = hosts.iter().map(|host| HostName::parse(host).unwrap()).collect();
    NamespaceRecord { hosts, ..NamespaceRecord::from(&Namespace::new(name(namespace))) }
}

fn put(record: Record, when: Precondition) -> Change {
    Change::Put { record, when }
}

fn relay_record(namespace: &str, path: &str) -> Record {
    Record::Relay { namespace: name(namespace), relay: Arc::new(relay(path)) }
}

/// A namespace with one host, one policy and some relays, as a configuration file declares it.
fn declared(paths: &[&str]) -> Namespace {
    let mut namespace = Namespace::new(name("contoso"));
    namespace.hosts = vec![HostName::parse("contoso.example").unwrap()];
    namespace.policies = vec![policy("root", "first")];
    for path in paths {
        namespace.insert(relay(path));
    }
    namespace
}

fn stored(store: &Arc<dyn EntityStore>) -> Vec<Namespace> {
    store.read().unwrap().namespaces().into_iter().map(|found| found.value).collect()
}

mod cases {
    use super::*;

    pub(super) async fn a_new_store_is_empty(place: Place) {
        let store = place.open().await;
        assert_eq!(store.load().await.unwrap(), []);
        assert_eq!(store.read().unwrap().revision(), 0);
        let Snapshot::Ready { namespaces, revision: 0 } = store.watch().borrow().clone() else {
            panic!("not ready")
        };
        assert!(namespaces.is_empty());
    }

    pub(super) async fn what_was_written_is_read_with_its_version(place: Place) {
        let store = place.open().await;
        let mut record = record("contoso", &["contoso.example"]);
        record.policies = vec![policy("root", "first")];
        let first = store.put_namespace(record.clone(), Precondition::Absent).await.unwrap();
        let mut relay = relay("credit-check/v2");
        relay.policies = vec![policy("send", "second")];
        let second = store.put_relay(name("contoso"), relay.clone(), Precondition::Absent).await.unwrap();
        assert!(second > first);

        let image = store.read().unwrap();
        let found = image.namespace(&name("contoso")).unwrap();
        assert_eq!((found.value, found.version), (&record, first));
        let found = image.relay(&key("contoso", "credit-check/v2")).unwrap();
        assert_eq!((found.value.as_ref(), found.version), (&relay, second));
        assert_eq!(found.value.policies[0].primary_key.expose_secret(), "second");

        let [loaded] = &store.load().await.unwrap()[..] else { panic!("one namespace") };
        assert_eq!(loaded.version, first);
        assert_eq!(loaded.value.relays().map(|r| r.as_ref().clone()).collect::<Vec<_>>(), [relay]);
    }

    pub(super) async fn a_namespace_that_exists_is_not_absent(place: Place) {
        let store = place.open().await;
        let version = store.put_namespace(record("contoso", &[]), Precondition::Absent).await.unwrap();
        let error =
            store.put_namespace(record("contoso", &["other"]), Precondition::Absent).await.unwrap_err();
        let key = RecordKey::Namespace(name("contoso"));
        assert_eq!(error, StoreError::Conflict { key, found: Some(version) });
        assert_eq!(error.remedy(), Remedy::Caller);
        store.put_namespace(record("contoso", &["other"]), Precondition::Any).await.unwrap();
        assert!(stored(&store)[0].answers_at(&HostName::parse("other").unwrap()));
    }

    pub(super) async fn a_stale_version_is_a_conflict_that_names_the_present_one(place: Place) {
        let store = place.open().await;
        let first = store.put_namespace(record("contoso", &[]), Precondition::Absent).await.unwrap();
        let second =
            store.put_namespace(record("contoso", &["a"]), Precondition::Version(first)).await.unwrap();
        let stale = store.put_namespace(record("contoso", &["b"]), Precondition::Version(first)).await;
        let key = RecordKey::Namespace(name("contoso"));
        assert_eq!(stale, Err(StoreError::Conflict { key: key.clone(), found: Some(second) }));
        assert!(store.delete_namespace(name("contoso"), Precondition::Version(first)).await.is_err());
        store.delete_namespace(name("contoso"), Precondition::Version(second)).await.unwrap();
        let gone = store.put_namespace(record("contoso", &["b"]), Precondition::Version(second)).await;
        assert_eq!(gone, Err(StoreError::Conflict { key, found: None }));
    }

    pub(super) async fn of_two_writers_with_one_version_one_wins(place: Place) {
        let store = place.open().await;
        let version = store.put_namespace(record("contoso", &[]), Precondition::Absent).await.unwrap();
        let (one, two) = tokio::join!(
            store.put_namespace(record("contoso", &["one"]), Precondition::Version(version)),
            store.put_namespace(record("contoso", &["two"]), Precondition::Version(version)),
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        let winner = if one.is_ok() { "one" } else { "two" };
        assert_eq!(stored(&store)[0].hosts, [HostName::parse(winner).unwrap()]);
    }

    pub(super) async fn writers_of_two_relays_do_not_meet(place: Place) {
        let store = place.open().await;
        store.put_namespace(record("contoso", &[]), Precondition::Absent).await.unwrap();
        let a = store.put_relay(name("contoso"), relay("a"), Precondition::Absent).await.unwrap();
        let b = store.put_relay(name("contoso"), relay("b"), Precondition::Absent).await.unwrap();
        let changed = Relay { enabled: false, ..relay("a") };
        store.put_relay(name("contoso"), changed, Precondition::Version(a)).await.unwrap();
        store.delete_relay(key("contoso", "b"), Precondition::Version(b)).await.unwrap();
        let image = store.read().unwrap();
        assert!(!image.relay(&key("contoso", "a")).unwrap().value.enabled);
        assert!(image.relay(&key("contoso", "b")).is_none());
    }

    pub(super) async fn a_commit_is_made_whole_or_not_at_all(place: Place) {
        let store = place.open().await;
        let version = store.put_namespace(record("contoso", &[]), Precondition::Absent).await.unwrap();
        let mut watch = store.watch();
        watch.mark_unchanged();
        let changes = vec![
            put(relay_record("contoso", "a"), Precondition::Absent),
            put(relay_record("contoso", "b"), Precondition::Version(version)),
        ];
        assert!(matches!(store.commit(Author::Api, changes).await, Err(StoreError::Conflict { .. })));
        assert_eq!(store.read().unwrap().revision(), version);
        assert_eq!(stored(&store)[0].relay_count(), 0);
        assert!(!watch.has_changed().unwrap());
    }

    pub(super) async fn a_relay_needs_its_namespace(place: Place) {
        let store = place.open().await;
        let error = store.put_relay(name("nobody"), relay("a"), Precondition::Any).await.unwrap_err();
        assert_eq!(error, StoreError::NotFound { key: RecordKey::Namespace(name("nobody")) });
    }

    pub(super) async fn a_namespace_goes_with_its_relays(place: Place) {
        let store = place.open().await;
        // `contoso-2` begins with the same letters and must stay.
        for namespace in ["contoso", "contoso-2"] {
            store.put_namespace(record(namespace, &[]), Precondition::Absent).await.unwrap();
            store.put_relay(name(namespace), relay("a"), Precondition::Absent).await.unwrap();
            store.put_relay(name(namespace), relay("a/b"), Precondition::Absent).await.unwrap();
        }
        store.delete_namespace(name("contoso"), Precondition::Any).await.unwrap();
        let image = store.read().unwrap();
        assert!(image.relay(&key("contoso", "a")).is_none());
        assert!(image.relay(&key("contoso", "a/b")).is_none());
        assert_eq!(stored(&store).len(), 1);
        assert_eq!(stored(&store)[0].relay_count(), 2);
        // A namespace of that name begins anew, without the old relays.
        store.put_namespace(record("contoso", &[]), Precondition::Absent).await.unwrap();
        assert_eq!(stored(&store)[0].relay_count(), 0);
    }

    pub(super) async fn what_is_not_there_cannot_be_removed(place: Place) {
        let store = place.open().await;
        let error = store.delete_relay(key("contoso", "a"), Precondition::Any).await.unwrap_err();
        assert_eq!(error, StoreError::NotFound { key: RecordKey::Relay(key("contoso", "a")) });
    }

    pub(super) async fn paths_that_differ_in_case_are_one_relay(place: Place) {
        let store = place.open().await;
        store.put_namespace(record("contoso", &[]), Precondition::Absent).await.unwrap();
        let version =
            store.put_relay(name("contoso"), relay("Credit-Check"), Precondition::Absent).await.unwrap();
        let again = store.put_relay(name("contoso"), relay("credit-check"), Precondition::Absent).await;
        assert!(
            matches!(again, Err(StoreError::Conflict { found: Some(found), .. }) if found == version),
            "{again:?}"
        );
        let found =
            store.read().unwrap().relay(&key("contoso", "CREDIT-CHECK")).unwrap().value.path.to_string();
        assert_eq!(found, "Credit-Check");
    }

    pub(super) async fn a_host_belongs_to_one_namespace(place: Place) {
        let store = place.open().await;
        store.put_namespace(record("contoso", &["relay.example"]), Precondition::Absent).await.unwrap();
        let error = store
            .put_namespace(record("fabrikam", &["Relay.Example"]), Precondition::Absent)
            .await
            .unwrap_err();
        let host = HostName::parse("relay.example").unwrap();
        assert_eq!(error, StoreError::HostTaken { host, namespace: name("contoso") });
        // In one commit a host may move.
        let changes = vec![
            put(Record::Namespace(record("contoso", &[])), Precondition::Any),
            put(Record::Namespace(record("fabrikam", &["relay.example"])), Precondition::Absent),
        ];
        store.commit(Author::Api, changes).await.unwrap();
    }

    pub(super) async fn watchers_see_each_commit(place: Place) {
        let store = place.open().await;
        let mut early = store.watch();
        store.put_namespace(record("contoso", &[]), Precondition::Absent).await.unwrap();
        let revision = store.put_relay(name("contoso"), relay("a"), Precondition::Absent).await.unwrap();
        let seen = |snapshot: &Snapshot| matches!(snapshot, Snapshot::Ready { revision: seen, .. } if *seen == revision);
        let Snapshot::Ready { namespaces, .. } = early.wait_for(seen).await.unwrap().clone() else {
            panic!("ready")
        };
        assert_eq!(namespaces[0].relay_count(), 1);
        assert!(seen(&store.watch().borrow()), "a late watcher begins with the present");

        store.delete_relay(key("contoso", "a"), Precondition::Any).await.unwrap();
        early.changed().await.unwrap();
        let Snapshot::Ready { namespaces, revision: later } = early.borrow().clone() else { panic!("ready") };
        assert!(later > revision);
        assert_eq!(namespaces[0].relay_count(), 0);
    }

    pub(super) async fn a_locked_entity_yields_to_its_declaration_alone(place: Place) {
        let store = place.open().await;
        let mut namespace = declared(&["open", "shut"]);
        namespace.insert(Relay { locked: true, ..relay("shut") });
        store.seed(&[namespace]).await.unwrap();
        let locked = Err(StoreError::Locked { key: RecordKey::Relay(key("contoso", "shut")) });
        assert_eq!(store.put_relay(name("contoso"), relay("shut"), Precondition::Any).await, locked);
        assert_eq!(store.delete_relay(key("contoso", "shut"), Precondition::Any).await, locked);
        assert_eq!(store.delete_namespace(name("contoso"), Precondition::Any).await, locked);
        assert_eq!(stored(&store)[0].relay_count(), 2);
        // Nor can the API make a lock that no declaration opens.
        let lock = Relay { locked: true, ..relay("open") };
        assert!(matches!(
            store.put_relay(name("contoso"), lock, Precondition::Any).await,
            Err(StoreError::Locked { .. })
        ));
    }

    pub(super) async fn a_seed_adds_what_is_absent_and_nothing_twice(place: Place) {
        let store = place.open().await;
        let namespace = declared(&["a", "b/c"]);
        let report = store.seed(std::slice::from_ref(&namespace)).await.unwrap();
        assert_eq!(report.added, ["contoso", "contoso/a", "contoso/b/c"]);
        assert_eq!(stored(&store), std::slice::from_ref(&namespace));
        let revision = store.read().unwrap().revision();
        assert_eq!(store.seed(&[namespace]).await.unwrap(), SeedReport::default());
        assert_eq!(store.read().unwrap().revision(), revision);
    }

    pub(super) async fn a_seeded_namespace_is_read_as_it_was_declared(place: Place) {
        let store = place.open().await;
        let mut declared = declared(&["hyco"]);
        declared.dynamic_relays = DynamicRelays::Off;
        declared.issuers = vec![SwtIssuer {
            issuer: "owner".to_owned(),
            key: "c2VjcmV0".to_owned().into(),
            acts_as: KeyName::parse("acs").unwrap(),
            rights: Rights::SEND,
        }];
        declared.token_service = true;
        declared.locked = true;
        store.seed(std::slice::from_ref(&declared)).await.unwrap();
        assert_eq!(stored(&store), [declared]);
    }

    pub(super) async fn a_seed_leaves_what_is_there_alone(place: Place) {
        let store = place.open().await;
        let mut before = declared(&["a"]);
        before.insert(Relay { policies: vec![policy("send", "first")], ..relay("a") });
        store.seed(&[before.clone()]).await.unwrap();
        // A key is rotated, then the gateway starts again with the old file and some news in it.
        let rotated = Relay { policies: vec![policy("send", "rotated")], ..relay("a") };
        store.put_relay(name("contoso"), rotated, Precondition::Any).await.unwrap();
        before.policies.push(policy("audit", "new"));
        before.insert(Relay { policies: vec![policy("send", "first"), policy("more", "new")], ..relay("a") });
        before.insert(relay("b"));

        let report = store.seed(&[before]).await.unwrap();
        assert_eq!(report.added, ["contoso: policy audit", "contoso/a: policy more", "contoso/b"]);
        assert_eq!(report.left_alone, ["contoso/a"]);
        let image = store.read().unwrap();
        let keys = |policies: &[Policy]| -> Vec<String> {
            policies.iter().map(|p| p.primary_key.expose_secret().to_owned()).collect()
        };
        assert_eq!(keys(&image.relay(&key("contoso", "a")).unwrap().value.policies), ["rotated", "new"]);
        assert_eq!(keys(&image.namespace(&name("contoso")).unwrap().value.policies), ["first", "new"]);
    }

    pub(super) async fn a_seed_applies_locked_entities_again(place: Place) {
        let store = place.open().await;
        store.seed(&[declared(&["a"])]).await.unwrap();
        let mut locked = declared(&[]);
        locked.locked = true;
        locked.policies = vec![policy("root", "given")];
        locked.insert(Relay { locked: true, requires_client_authorization: false, ..relay("a") });
        let report = store.seed(std::slice::from_ref(&locked)).await.unwrap();
        assert_eq!(report.applied, ["contoso", "contoso/a"]);
        assert_eq!(stored(&store), [locked.clone()]);
        assert_eq!(store.seed(&[locked]).await.unwrap(), SeedReport::default());
    }

    pub(super) async fn a_lock_goes_when_its_declaration_goes(place: Place) {
        let store = place.open().await;
        let mut locked = declared(&[]);
        locked.locked = true;
        locked.insert(Relay { locked: true, ..relay("a") });
        locked.insert(Relay { locked: true, ..relay("b") });
        store.seed(&[locked]).await.unwrap();
        let report = store.seed(&[declared(&["a"])]).await.unwrap();
        assert_eq!(report.unlocked, ["contoso", "contoso/a", "contoso/b"]);
        assert_eq!(stored(&store), [declared(&["a", "b"])]);
        store.delete_relay(key("contoso", "b"), Precondition::Any).await.unwrap();
    }

    pub(super) async fn a_seed_larger_than_one_commit_arrives_whole(place: Place) {
        let store = place.open().await;
        let paths: Vec<String> = (0..250).map(|n| format!("relay-{n}")).collect();
        let namespace = declared(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        store.seed(std::slice::from_ref(&namespace)).await.unwrap();
        assert_eq!(stored(&store), [namespace]);
    }

    pub(super) async fn two_seeds_at_once_are_as_good_as_one(place: Place) {
        let store = place.open().await;
        let namespaces = [declared(&["a", "b"])];
        let (one, two) = tokio::join!(store.seed(&namespaces), store.seed(&namespaces));
        one.unwrap();
        two.unwrap();
        assert_eq!(stored(&store), namespaces);
    }

    pub(super) async fn a_seed_that_takes_a_host_is_refused(place: Place) {
        let store = place.open().await;
        store.seed(&[declared(&[])]).await.unwrap();
        let mut thief = Namespace::new(name("fabrikam"));
        thief.hosts = vec![HostName::parse("contoso.example").unwrap()];
        let error = store.seed(&[thief]).await.unwrap_err();
        assert!(matches!(error, StoreError::HostTaken { .. }), "{error:?}");
    }

    pub(super) async fn what_was_committed_is_there_after_a_restart(place: Place) {
        let mut namespace = declared(&["a", "b/c"]);
        namespace.insert(Relay {
            policies: vec![policy("send", "kept")],
            allow_clear_from: vec!["10.0.0.0/8".parse().unwrap()],
            response_deadline: Some(Duration::from_secs(5)),
            ..relay("a")
        });
        let store = place.open().await;
        store.seed(std::slice::from_ref(&namespace)).await.unwrap();
        store.delete_relay(key("contoso", "b/c"), Precondition::Any).await.unwrap();
        drop(store);

        namespace.remove(&EntityPath::parse("b/c").unwrap());
        let store = place.open().await;
        assert_eq!(stored(&store), [namespace]);
        let Snapshot::Ready { namespaces, .. } = store.watch().borrow().clone() else { panic!("not ready") };
        assert_eq!(namespaces.len(), 1);
    }

    pub(super) async fn versions_go_on_after_a_restart(place: Place) {
        let store = place.open().await;
        let version = store.put_namespace(record("contoso", &[]), Precondition::Absent).await.unwrap();
        let last = store.put_relay(name("contoso"), relay("a"), Precondition::Absent).await.unwrap();
        store.delete_relay(key("contoso", "a"), Precondition::Any).await.unwrap();
        drop(store);
        let store = place.open().await;
        assert_eq!(store.read().unwrap().namespace(&name("contoso")).unwrap().version, version);
        let next =
            store.put_namespace(record("contoso", &["x"]), Precondition::Version(version)).await.unwrap();
        assert!(next > last + 1, "the version of a removed record is not used again");
    }

    pub(super) async fn a_second_process_is_refused(place: Place) {
        let first = place.open().await;
        let file = place.file();
        let second = EmbeddedStore::open(file.parent().unwrap());
        let error = second.ready().await.unwrap_err();
        assert_eq!(error, StoreError::InUse { path: file });
        assert_eq!(error.remedy(), Remedy::Operator);
        assert_eq!(second.read().unwrap_err(), error);
        assert!(matches!(*second.watch().borrow(), Snapshot::Loading), "it must never say that it is empty");
        first.put_namespace(record("contoso", &[]), Precondition::Absent).await.unwrap();
    }

    pub(super) async fn a_file_that_is_no_store_is_refused_and_kept(place: Place) {
        let file = place.file();
        let bytes = b"this is somebody's letter, not a store".repeat(200);
        std::fs::write(&file, &bytes).unwrap();
        let store = EmbeddedStore::open(file.parent().unwrap());
        let error = store.ready().await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
        assert_eq!(error.remedy(), Remedy::Operator);
        assert!(matches!(*store.watch().borrow(), Snapshot::Loading));
        drop(store);
        assert!(std::fs::read(&file).unwrap() == bytes, "the file was changed");
    }

    pub(super) async fn only_the_owner_reads_the_file(place: Place) {
        use std::os::unix::fs::PermissionsExt;
        let _store = place.open().await;
        assert_eq!(place.file().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

//! A listener that takes a connection shows an id, which is all its authority: ids that are unknown, used, too late or guessed. Relay page 4.6.

use std::time::{Duration, Instant};

use interop_tests::relay_play::refused::{Accepting, HOST, ListeningPeer, Question, RelayedPeer, Told};
use interop_tests::{Config, Gateway};

use crate::logged_once;

fn config() -> Config {
    Config::new().host(HOST).door("amqps", "127.0.0.1:0").door("rendezvous", "127.0.0.1:0")
}

/// A listener, a sender that waits for it, and the id that the listener was told.
fn invited(gateway: &Gateway) -> (ListeningPeer, RelayedPeer, String) {
    let mut listener = ListeningPeer::registered(gateway, &Question::default());
    let sender = RelayedPeer::ask(gateway, &Question::default());
    let id = listener.invited();
    (listener, sender, id)
}

fn accept(gateway: &Gateway, id: &str) -> RelayedPeer {
    RelayedPeer::accept(gateway, &Accepting::Given(id.to_owned()), &Question::default())
}

/// Nobody waits for this id; the words name it and nothing else.
#[track_caller]
fn unknown(gateway: &Gateway, told: &Told, id: &str) {
    let words = format!("malformed request: unknown rendezvous \"{id}\"");
    assert_eq!((&*told.code, &told.words), ("InvalidRequestFault", &words));
    logged_once(gateway, told);
}

#[test]
fn an_id_that_was_never_given_out() {
    let gateway = Gateway::start(config());

    let told = RelayedPeer::accept(&gateway, &Accepting::Recorded, &Question::default()).refused();

    let id = told.words.split('"').nth(1).unwrap_or_default().to_owned();
    assert_eq!(id.len(), 36, "{told:?}");
    unknown(&gateway, &told, &id);
}

#[test]
fn an_id_that_is_used_already() {
    let gateway = Gateway::start(config());
    let (_listener, mut sender, id) = invited(&gateway);
    let mut service = accept(&gateway, &id);
    service.joined();
    sender.joined();

    let told = accept(&gateway, &id).refused();

    unknown(&gateway, &told, &id);
}

#[test]
fn an_id_whose_sender_was_told_that_nobody_came() {
    let gateway = Gateway::start(config().timeout("accept", "1s"));
    let (_listener, sender, id) = invited(&gateway);
    let told = sender.refused();
    assert_eq!(told.code, "EndpointNotFoundFault");

    let late = accept(&gateway, &id).refused();

    unknown(&gateway, &late, &id);
    logged_once(&gateway, &told);
}

#[test]
fn an_id_whose_sender_has_left() {
    let gateway = Gateway::start(config());
    let (_listener, sender, id) = invited(&gateway);
    sender.hang_up();

    let told = accept(&gateway, &id).refused();

    unknown(&gateway, &told, &id);
}

#[test]
fn an_id_that_is_no_guid() {
    let gateway = Gateway::start(config());

    let told = accept(&gateway, "not-a-guid-but-just-as-many-bytes-36").refused();

    assert_eq!(
        (&*told.code, &*told.words),
        ("InvalidRequestFault", "malformed request: Id has a value without meaning")
    );
    logged_once(&gateway, &told);
}

#[test]
fn who_guesses_ids_waits_for_the_answers_and_disturbs_nobody() {
    let config = config().limit("failed_handshakes_per_minute", "3").timeout("refusal_delay", "1s");
    let gateway = Gateway::start(config);
    let (_listener, mut sender, id) = invited(&gateway);
    let guess = || {
        let begun = Instant::now();
        RelayedPeer::accept(&gateway, &Accepting::Recorded, &Question::default()).refused();
        begun.elapsed()
    };

    for _ in 0..3 {
        assert!(guess() < Duration::from_millis(900));
    }
    assert!(guess() >= Duration::from_secs(1));

    accept(&gateway, &id).joined();
    sender.joined();
}

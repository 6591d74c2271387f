//! Rendezvous that are rejected, used twice, late, guessed or malformed: hybrid page 3.2, 3.4.

use std::time::Duration;

use interop_tests::{
    Answer, Config, Gateway, Listener, Message, WebSocket, Wire, accept_address, assert_refusal,
};

#[test]
fn a_rejection_reaches_the_sender_in_the_listeners_words_alone() {
    // 3.4: that status and that reason phrase, no body, Content-Length: 0; 410 to the listener. `+` is a space.
    let gateway = Gateway::new();
    for (code, description, reason) in [
        (401, "Not+today", "Not today"),
        (404, "Nobody%20%28here%29", "Nobody (here)"),
        (503, "100%25+busy", "100% busy"),
        (799, "Own+code", "Own code"),
    ] {
        let (sender, listener) =
            reject(&gateway, &format!("&sb-hc-statusCode={code}&sb-hc-statusDescription={description}"));

        assert_eq!((sender.status, sender.reason.as_str()), (code, reason), "{sender:?}");
        assert_eq!(sender.header("Content-Length"), Some("0"), "{sender:?}");
        assert!(sender.body.is_empty());
        assert_refusal(&listener, 410, "Gone", "open");
    }
}

#[test]
fn a_rejection_with_a_status_that_is_no_answer_becomes_502() {
    let gateway = Gateway::new();
    for code in [100, 101, 199] {
        let (sender, listener) =
            reject(&gateway, &format!("&sb-hc-statusCode={code}&sb-hc-statusDescription=Odd"));

        assert_eq!(sender.status, 502, "{code}: {sender:?}");
        assert_refusal(&listener, 410, "Gone", "open");
    }
}

#[test]
fn a_rejection_cannot_smuggle_a_header() {
    let gateway = Gateway::new();

    let (sender, _) =
        reject(&gateway, "&sb-hc-statusCode=403&sb-hc-statusDescription=No%0D%0AX-Evil:%20yes%00");

    assert_eq!(sender.status, 403, "{sender:?}");
    assert_eq!(sender.header("X-Evil"), None, "{sender:?}");
    assert!(sender.reason.chars().all(|c| !c.is_control()), "{sender:?}");
}

#[test]
fn a_rejection_without_a_number_is_a_bad_request() {
    let gateway = Gateway::new();
    for code in ["abc", "99", "1000", "-1", "", "4%2B0"] {
        let (wire, listener) = invited(&gateway);
        let address = format!("{}&sb-hc-statusCode={code}&sb-hc-statusDescription=x", wire.address);

        let answer = refused(&listener, &address);

        assert_refusal(&answer, 400, "The value of 'sb-hc-statusCode' is not valid", "open");
    }
}

#[test]
fn a_rendezvous_that_was_used_is_unknown_afterwards() {
    let gateway = Gateway::new();
    let (invitation, listener) = invited(&gateway);
    let mut joined = listener.dial(&invitation.address, &[]);
    let mut sender = WebSocket::answered(invitation.sender).unwrap_or_else(|answer| panic!("{answer:?}"));

    let again = refused(&listener, &invitation.address);

    assert_unknown(&again, &invitation.id);
    sender.send_text("undisturbed");
    assert_eq!(joined.message(), Message::Text("undisturbed".to_owned()));
}

#[test]
fn a_rejected_rendezvous_is_unknown_afterwards() {
    let gateway = Gateway::new();
    let (invitation, listener) = invited(&gateway);
    refused(&listener, &format!("{}&sb-hc-statusCode=403&sb-hc-statusDescription=No", invitation.address));

    assert_unknown(&refused(&listener, &invitation.address), &invitation.id);
}

#[test]
fn a_rendezvous_after_the_deadline_is_too_late() {
    let gateway = Gateway::start(Config::new().timeout("accept", "500ms"));
    let (mut invitation, listener) = invited(&gateway);
    let answer = Answer::read(&mut invitation.sender, "GET");
    assert_refusal(
        &answer,
        504,
        "The listener did not accept the connection within the allotted time",
        "open",
    );

    assert_unknown(&refused(&listener, &invitation.address), &invitation.id);
}

#[test]
fn a_rendezvous_whose_sender_has_gone_is_too_late() {
    let gateway = Gateway::new();
    let (invitation, mut listener) = invited(&gateway);
    invitation.sender.abort();
    // A second sender's invitation shows that the gateway has had time to notice.
    let (second, _) = invite(&gateway, &mut listener);

    assert_unknown(&refused(&listener, &invitation.address), &invitation.id);
    drop(second);
}

#[test]
fn a_guessed_rendezvous_is_unknown_and_does_not_spoil_the_real_one() {
    // Knowing the id, which the sender may even choose, is not enough; trying is not either.
    let gateway = Gateway::new();
    let (invitation, listener) = invited(&gateway);
    let (start, secret) = invitation.address.split_once("sb-hc-rendezvous=").expect("a secret");
    let guessed: String = secret.chars().map(|c| if c == '0' { '1' } else { '0' }).collect();

    for address in [start.trim_end_matches('&').to_owned(), format!("{start}sb-hc-rendezvous={guessed}")] {
        let answer = refused(&listener, &address);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.reason.starts_with("Unknown Connection ID: "), "{answer:?}");
    }

    listener.dial(&invitation.address, &[]);
}

#[test]
fn two_senders_with_the_same_id_do_not_collide() {
    let gateway = Gateway::new();
    let mut listener = Listener::open(&gateway, "open");
    let id = "0f0d6a6e-6a3a-4f0e-9d0c-2f6f8f1f3b55";
    let mut pairs = Vec::new();
    for _ in 0..2 {
        let mut sender = gateway.connect();
        WebSocket::ask(&mut sender, &format!("/$hc/open?sb-hc-id={id}"), &[]);
        let accept = listener.next("accept");
        pairs.push((sender, accept_address(&accept)));
    }
    // Taken in the other order, each still meets its own sender.
    for (number, (sender, address)) in pairs.into_iter().enumerate().rev() {
        let mut joined = listener.dial(&address, &[]);
        let mut sender = WebSocket::answered(sender).unwrap_or_else(|answer| panic!("{answer:?}"));
        sender.send_text(&number.to_string());
        assert_eq!(joined.text(), number.to_string());
    }
}

/// A sender that waits, and what its listener was told.
struct Invitation {
    sender: Wire,
    address: String,
    id: String,
}

/// One listener and one sender that waits for it.
fn invited(gateway: &Gateway) -> (Invitation, Listener) {
    let mut listener = Listener::open(gateway, "open");
    let (invitation, _) = invite(gateway, &mut listener);
    (invitation, listener)
}

fn invite(gateway: &Gateway, listener: &mut Listener) -> (Invitation, serde_json::Value) {
    let mut sender = gateway.connect();
    WebSocket::ask(&mut sender, "/$hc/open", &[]);
    let accept = listener.next("accept");
    let id = accept["id"].as_str().expect("an id").to_owned();
    (Invitation { sender, address: accept_address(&accept), id }, accept)
}

/// Rejects a sender by `parameters`: what the sender and what the listener were answered.
fn reject(gateway: &Gateway, parameters: &str) -> (Answer, Answer) {
    let (mut invitation, listener) = invited(gateway);
    let told = refused(&listener, &format!("{}{parameters}", invitation.address));
    invitation.sender.set_patience(Duration::from_secs(5));
    (Answer::read(&mut invitation.sender, "GET"), told)
}

fn refused(listener: &Listener, address: &str) -> Answer {
    listener.try_dial(address, &[]).err().unwrap_or_else(|| panic!("{address} was taken"))
}

fn assert_unknown(answer: &Answer, id: &str) {
    let text = format!("Unknown Connection ID: {id}. Is the listener accepting the connection too late?");
    assert_refusal(answer, 400, &text, "open");
}

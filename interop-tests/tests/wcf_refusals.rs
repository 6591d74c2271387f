//! Every refusal, on every protocol, as a peer is told it: relay page 2.2 and 8.4, hybrid page 2.1, 4 and 5.7, framing page 5. One row for each
//! situation and protocol, each a test with a gateway of its own, in a file for each protocol. The peers are recorded libraries, or bytes
//! written by hand.
//!
//! Whatever the protocol: the refusal is in the log once, under the tracking id that the peer was told, and neither log nor anybody else sees
//! a token.

use interop_tests::relay_play::refused::Told;
use interop_tests::{Gateway, KEY, wait_until};

use peer::Peer;
use situation::Situation;

/// The rows of one kind of peer: `fn NAME() is SITUATION, CODE, WORDS;`
macro_rules! refusals {
    ($peer:ident: $(fn $test:ident() is $situation:ident, $code:literal, $words:literal;)*) => {
        $(
            #[test]
            fn $test() {
                $crate::refused(&$peer, $crate::situation::Situation::$situation, $code, $words);
            }
        )*
    };
}

#[path = "wcf_refusals/company.rs"]
mod company;
#[path = "wcf_refusals/http_binding.rs"]
mod http_binding;
#[path = "wcf_refusals/hybrid_http.rs"]
mod hybrid_http;
#[path = "wcf_refusals/hybrid_websocket.rs"]
mod hybrid_websocket;
#[path = "wcf_refusals/listener_link.rs"]
mod listener_link;
#[path = "wcf_refusals/malformed.rs"]
mod malformed;
#[path = "wcf_refusals/net_tcp.rs"]
mod net_tcp;
#[path = "wcf_refusals/oneway.rs"]
mod oneway;
#[path = "wcf_refusals/oneway_post.rs"]
mod oneway_post;
#[path = "wcf_refusals/peer.rs"]
mod peer;
#[path = "wcf_refusals/rendezvous.rs"]
mod rendezvous;
#[path = "wcf_refusals/rendezvous_ids.rs"]
mod rendezvous_ids;
#[path = "wcf_refusals/sent_away.rs"]
mod sent_away;
#[path = "wcf_refusals/situation.rs"]
mod situation;
#[path = "wcf_refusals/web_stream.rs"]
mod web_stream;
#[path = "wcf_refusals/websocket.rs"]
mod websocket;

/// Brings the situation about, has the peer ask, and compares what it is told.
#[track_caller]
fn refused(peer: &Peer, situation: Situation, code: &str, words: &str) {
    let gateway = situation.gateway(peer);
    let mut company = situation.company(peer, &gateway);
    let _begun = situation.begin(&gateway);

    let told = (peer.ask)(&gateway, &situation.question());

    // But for the moment at which a token ended.
    let said = told.words.split(" Expiration time: '").next().unwrap_or_default();
    assert_eq!((&*told.code, said), (code, words), "{told:?}");
    company.heard_nothing_of_it(situation);
    logged_once(&gateway, &told);
}

/// The refusal is in the log once, under the id that the peer was told, and no secret is in any line.
#[track_caller]
fn logged_once(gateway: &Gateway, told: &Told) {
    log_says_once(gateway, told.id.as_deref().unwrap_or("session refused"));
}

/// One line of the log has `mark`, and a tracking id; no line has a secret.
#[track_caller]
fn log_says_once(gateway: &Gateway, mark: &str) {
    wait_until("the line of the log", || gateway.log().contains(mark));
    let log = gateway.log();
    for secret in ["SharedAccessSignature", "sig=", KEY] {
        assert!(!log.contains(secret), "{secret} in the log:\n{log}");
    }
    // More is said at the levels of developers.
    let lines = log.lines().filter(|line| !line.contains("DEBUG ") && !line.contains("TRACE "));
    let lines: Vec<&str> = lines.filter(|line| line.contains(mark)).collect();
    let [line] = lines[..] else { panic!("{} lines say {mark}:\n{log}", lines.len()) };
    assert!(line.contains("tracking_id="), "{line}");
}

/// Has the gateway read its configuration again, with `to` in the place of `from`, and waits until it has.
fn reload(gateway: &Gateway, from: &str, to: &str) {
    let file = gateway.directory().join("viaduct.toml");
    let text = std::fs::read_to_string(&file).expect("the configuration");
    assert!(text.contains(from), "{from} is not in\n{text}");
    std::fs::write(&file, text.replace(from, to)).expect("the configuration is written");
    gateway.hang_up();
    wait_until("the reload", || gateway.log().contains("configuration reloaded"));
}

//! `Microsoft.ServiceBus.dll` as it was recorded, one test for each scenario of `fixtures/relay`. The scripts are in
//! `interop-tests/wcf-relay`; `src/relay_play` plays them.

use std::collections::BTreeSet;

use interop_tests::relay_play::{Recording, not_served_yet, play, scenarios};

/// One test for each script.
macro_rules! scenarios {
    ($(fn $test:ident() plays $name:literal;)*) => {
        $(#[test]
        fn $test() {
            play($name);
        })*

        const PLAYED: &[&str] = &[$($name),*];
    };
}

scenarios! {
    fn a_nettcp_listener_of_2_4_2_registers() plays "v2.4.2/h-nettcprelay-v2.4.2";
    fn a_oneway_listener_of_2_4_2_registers() plays "v2.4.2/h-netoneway-v2.4.2";
    fn a_basic_http_listener_of_2_7_5_registers() plays "v2.7.5/h-basichttp";
    fn an_event_listener_of_2_7_5_registers() plays "v2.7.5/h-netevent";
    fn a_oneway_listener_of_2_7_5_registers() plays "v2.7.5/h-netoneway";
    fn a_nettcp_listener_of_2_7_5_that_wants_tls_registers() plays "v2.7.5/h-nettcprelay-transport";
    fn a_nettcp_listener_of_5_0_0_registers() plays "v5.0.0/h-nettcprelay-v5.0.0";
    fn a_basic_https_listener_of_2_7_5_registers() plays "v2.7.5/http-basic-https-register";
    fn a_web_http_listener_of_2_7_5_registers() plays "v2.7.5/http-web-register";
    fn a_basic_http_listener_of_5_0_0_registers() plays "v5.0.0/http-basic-register-v5.0.0";
    fn a_listener_of_2_7_5_renews_its_token() plays "v2.7.5/renew-v2.7.5";
    fn a_listener_that_shows_no_new_token_is_sent_away_and_comes_again() plays "v2.7.5/renew-v2.7.5, no token";

    fn a_sender_and_a_listener_of_2_7_5_are_joined() plays "v2.7.5/e2e-nettcp";
    fn a_sender_and_a_listener_of_2_4_2_are_joined() plays "v2.4.2/e2e-nettcp-v2.4.2";
    fn a_listener_that_accepts_too_late_is_told_a_fault_and_accepts_the_next() plays "v2.7.5/accept-fault-v2.7.5";
    fn a_rendezvous_id_that_nobody_gave_out_is_refused() plays "v2.7.5/accept-fault-v2.7.5, unknown id";
    fn a_sender_of_2_4_2_is_told_that_nobody_listens() plays "v2.4.2/fault-nettcp-v2.4.2";
    fn a_sender_of_5_0_0_is_told_that_its_token_has_expired() plays "v5.0.0/fault-nettcp-auth-v5.0.0";
    fn a_sender_of_5_0_0_is_told_that_its_key_is_wrong() plays "v5.0.0/fault-nettcp-auth-v5.0.0, wrong key";

    fn a_listener_of_2_4_2_that_is_detached_comes_again_and_is_joined() plays "v2.4.2/detach-reconnect-v2.4.2";
    fn a_listener_of_5_0_0_that_is_detached_comes_again_and_is_joined() plays "v5.0.0/detach-reconnect-v5.0.0";
    fn a_listener_of_2_7_5_whose_connection_is_closed_comes_again_and_is_joined() plays "v2.7.5/close-reconnect-v2.7.5";
    fn a_listener_with_a_bad_signature_is_detached_for_good() plays "v2.7.5/detach-authfailed-v2.7.5, wrong key";
}

#[test]
fn every_script_is_played_and_every_recording_has_a_script() {
    let scripts = scenarios();
    let names: BTreeSet<&str> = scripts.iter().map(|script| script.name.as_str()).collect();
    assert_eq!(names.len(), scripts.len(), "no name stands twice");
    assert_eq!(names, PLAYED.iter().copied().collect(), "the table of tests lists the scripts");
    let mut folders: BTreeSet<String> = scripts.iter().map(|script| script.folder().to_owned()).collect();
    for folder in not_served_yet() {
        assert!(folders.insert(folder.clone()), "{folder} is played and yet not served");
    }
    assert_eq!(folders, Recording::all().into_iter().collect(), "each recording has its script");
}

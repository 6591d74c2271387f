//! `Microsoft.ServiceBus.dll` as it was recorded, one test for each scenario of `fixtures/relay`. The scripts are in
//! `interop-tests/wcf-relay`; `src/relay_play` plays them.

use std::collections::BTreeSet;

use interop_tests::relay_play::{Recording, play, scenarios};

/// One test for each script.
macro_rules! scenarios {
    ($(fn $test:ident() plays $name:literal;)*) => {
        $(
            #[test]
            fn $test() {
                play($name);
            }
        )*

        /// The names of the scripts.
        const SCRIPTS: &[&str] = &[$($name),*];
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
    fn a_listener_on_a_relay_that_is_not_there_is_refused() plays "v2.7.5/refuse-relay-not-found-v2.7.5";

    fn a_sender_and_a_listener_of_2_7_5_are_joined() plays "v2.7.5/e2e-nettcp";
    fn a_sender_and_a_listener_of_2_4_2_are_joined() plays "v2.4.2/e2e-nettcp-v2.4.2";
    fn a_sender_of_2_7_5_is_served_by_a_connector() plays "v2.7.5/e2e-nettcp, connector";
    fn a_sender_of_2_4_2_is_served_by_a_connector() plays "v2.4.2/e2e-nettcp-v2.4.2, connector";
    fn a_sender_of_5_0_0_is_served_by_a_connector() plays "v5.0.0/detach-reconnect-v5.0.0, connector";
    fn a_listener_that_accepts_too_late_is_told_a_fault_and_accepts_the_next() plays "v2.7.5/accept-fault-v2.7.5";
    fn a_rendezvous_id_that_nobody_gave_out_is_refused() plays "v2.7.5/accept-fault-v2.7.5, unknown id";
    fn a_sender_of_2_4_2_is_told_that_nobody_listens() plays "v2.4.2/fault-nettcp-v2.4.2";
    fn a_sender_of_5_0_0_is_told_that_its_token_has_expired() plays "v5.0.0/fault-nettcp-auth-v5.0.0";
    fn a_sender_of_5_0_0_is_told_that_its_key_is_wrong() plays "v5.0.0/fault-nettcp-auth-v5.0.0, wrong key";
    fn a_sender_of_2_7_5_probes_and_is_told_that_nobody_listens() plays "v2.7.5/c-nettcp";

    fn a_listener_of_2_4_2_that_is_detached_comes_again_and_is_joined() plays "v2.4.2/detach-reconnect-v2.4.2";
    fn a_listener_of_5_0_0_that_is_detached_comes_again_and_is_joined() plays "v5.0.0/detach-reconnect-v5.0.0";
    fn a_listener_of_2_7_5_whose_connection_is_closed_comes_again_and_is_joined() plays "v2.7.5/close-reconnect-v2.7.5";
    fn a_listener_that_is_sent_away_for_good_leaves_nobody_behind() plays "v2.7.5/detach-authfailed-v2.7.5";

    fn a_listener_with_a_bad_signature_is_detached_for_good() plays "v2.7.5/detach-authfailed-v2.7.5, wrong key";

    fn a_oneway_message_of_2_7_5_is_delivered_and_acknowledged() plays "v2.7.5/e2e-oneway";
    fn a_oneway_message_of_5_0_0_is_delivered_and_acknowledged() plays "v5.0.0/e2e-oneway-v5.0.0";
    fn an_event_is_delivered_to_all_who_listen() plays "v2.7.5/event-two-v2.7.5";
    fn a_oneway_sender_that_was_silent_pings_with_new_tokens() plays "v2.7.5/oneway-silent-v2.7.5";
    fn a_oneway_sender_is_told_of_each_message_that_is_too_large() plays "v2.4.2/fault-oneway-send-v2.4.2";
    fn a_oneway_sender_is_told_that_nobody_listens() plays "v5.0.0/fault-oneway-connect-v5.0.0";

    fn a_listener_of_1_6_registers() plays "v1.6.0/e2e-nettcp-v16";
    fn a_listener_of_1_6_is_joined_with_a_sender_of_2_7_5() plays "v1.6.0/e2e-mixed-v16-host";

    fn all_of_2_4_2_goes_over_443_alone() plays "v2.4.2/ws-nettcp-v2.4.2";
    fn all_of_5_0_0_goes_over_443_alone() plays "v5.0.0/ws-nettcp-v5.0.0";
    fn a_listener_on_443_whose_link_is_lost_comes_again() plays "v2.7.5/ws-ping-v2.7.5";
    fn a_nettcp_listener_that_looks_for_a_way_is_answered_on_each() plays "v2.7.5/h-nettcp";
    fn a_oneway_listener_that_looks_for_a_way_is_answered_on_each() plays "v2.7.5/h-oneway";
    fn a_sender_over_a_web_stream_is_joined() plays "v2.7.5/webstream-http-v2.7.5";

    fn a_basic_http_call_of_2_4_2_is_answered() plays "v2.4.2/http-basic-echo-v2.4.2";
    fn a_basic_http_call_of_2_7_5_is_answered() plays "v2.7.5/http-basic-echo";
    fn a_big_reply_of_basic_http_arrives() plays "v2.7.5/http-basic-big-reply";
    fn a_typed_fault_of_basic_http_arrives_with_status_500() plays "v2.7.5/http-basic-fault-typed";
    fn a_get_with_a_query_reaches_a_basic_http_service() plays "v2.7.5/http-basic-get";
    fn a_oneway_call_of_basic_http_is_answered_with_202() plays "v2.7.5/http-basic-oneway";
    fn status_and_headers_of_a_basic_http_service_arrive() plays "v2.7.5/http-basic-status-headers";
    fn a_web_http_service_of_2_7_5_replies_in_json() plays "v2.7.5/http-web-get-json";
    fn a_web_http_service_of_5_0_0_replies_in_json() plays "v5.0.0/http-web-get-json-v5.0.0";
    fn a_web_http_service_replies_with_nothing() plays "v2.7.5/http-web-no-content";
    fn a_web_http_service_takes_json() plays "v2.7.5/http-web-post-json";
    fn a_web_http_service_takes_and_sends_octets() plays "v2.7.5/http-web-put-raw";
    fn a_web_http_service_replies_in_xml() plays "v2.7.5/http-web-reply-xml";
    fn a_ws2007_call_of_2_4_2_is_answered() plays "v2.4.2/http-ws2007-echo-v2.4.2";
    fn a_ws2007_call_of_2_7_5_is_answered() plays "v2.7.5/http-ws2007-echo";
    fn a_ws2007_call_without_to_is_answered() plays "v2.7.5/http-ws2007-no-to";
    fn a_ws2007_reply_to_an_unwrapped_message_arrives() plays "v2.7.5/http-ws2007-native";
    fn three_calls_are_answered_by_one_listener() plays "v2.7.5/http-basic-reuse";
    fn a_reply_that_breaks_off_is_told_the_client() plays "v2.7.5/http-basic-nobodyformat";
    fn a_listener_that_never_replies_is_told_the_client() plays "v2.7.5/http-basic-noend";
    fn a_request_that_the_listener_finds_too_large_is_told_the_client() plays "v2.7.5/http-basic-toolarge";
    fn a_request_that_nobody_can_decode_is_told_the_client() plays "v2.7.5/http-basic-undecodable";
    fn faults_of_framing_are_told_the_client() plays "v2.7.5/http-nmf-faults";
    fn content_type_reaches_a_web_http_listener_as_it_must_be_spelled() plays "v2.7.5/http-web-json-header-case";
    fn a_basic_http_client_of_2_4_2_is_answered() plays "v2.4.2/http-client-basic-v2.4.2";
    fn a_basic_http_client_of_2_7_5_is_answered() plays "v2.7.5/http-client-basic";
    fn a_basic_http_client_of_5_0_0_is_answered() plays "v5.0.0/http-client-basic-v5.0.0";
    fn a_basic_http_client_without_a_token_is_answered() plays "v2.7.5/http-client-basic-notoken";
}

#[test]
fn every_script_is_in_the_table_and_every_recording_has_a_script() {
    let scripts = scenarios();
    let names: BTreeSet<&str> = scripts.iter().map(|script| script.name.as_str()).collect();
    assert_eq!(names.len(), scripts.len(), "no name stands twice");
    assert_eq!(names, SCRIPTS.iter().copied().collect(), "the table lists the scripts");
    let folders: BTreeSet<String> = scripts.iter().map(|script| script.folder().to_owned()).collect();
    assert_eq!(folders, Recording::all().into_iter().collect(), "each recording has its script");
}

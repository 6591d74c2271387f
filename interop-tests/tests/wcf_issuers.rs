//! Simple web tokens: a client with a SharedSecret asks the token service for one, and it is taken where signatures are. Relay page 8.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use interop_tests::{Config, Gateway, HttpHost, RelayListener, curl_at, encode, shim_gateway};
use sha2::Sha256;

const PATIENCE: Duration = Duration::from_secs(60);
const PATH: &str = "mono/accounts";
const SECRET: &[u8; 32] = b"a secret of thirty-two bytes....";

/// `[[namespaces.issuers]]`: `owner` may do all, `caller` may send.
fn issuers() -> String {
    let issuer = |name: &str, rights: &str| {
        let key = STANDARD.encode(SECRET);
        format!("[[namespaces.issuers]]\nname = \"{name}\"\nrights = [{rights}]\nkey = \"{key}\"\n")
    };
    issuer("owner", "\"Listen\", \"Send\", \"Manage\"") + &issuer("caller", "\"Send\"")
}

/// Pairs of a form with their signature, as the library writes an assertion.
fn signed(pairs: &str, secret: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(pairs.as_bytes());
    format!("{pairs}&HMACSHA256={}", encode(&STANDARD.encode(mac.finalize().into_bytes())))
}

/// Asks the token service as the library does; status and body.
fn ask(gateway: &Gateway, assertion: &str) -> (u16, String) {
    let scope = encode(&format!("http://localhost/{PATH}/"));
    let form = format!("wrap_scope={scope}&wrap_assertion_format=SWT&wrap_assertion={}", encode(assertion));
    let output = curl_at(gateway, "/WRAPv0.9/").args(["-d", &form]).run(PATIENCE);
    let (body, end) = output.trim_end().rsplit_once('\n').unwrap();
    (end.split(' ').next().unwrap().parse().unwrap(), body.to_owned())
}

/// The token that an issuer is given.
fn token(gateway: &Gateway, issuer: &str) -> String {
    let (status, body) = ask(gateway, &signed(&format!("Issuer={issuer}"), SECRET));
    assert_eq!(status, 200, "{body}");
    let (token, life) = body.split_once("&wrap_access_token_expires_in=").unwrap();
    assert_eq!(life, "1200");
    let token = percent_encoding::percent_decode_str(token.strip_prefix("wrap_access_token=").unwrap());
    token.decode_utf8().unwrap().into_owned()
}

#[test]
fn tokens_of_the_token_service_register_a_listener_and_let_its_senders_in() {
    let gateway = shim_gateway(Config::new().namespace("token_service = true").namespace(&issuers()));
    let host = HttpHost::start(PATH);
    let more = ["--type", "RelayedHttp", "--token", &token(&gateway, "owner")];
    let _listener = RelayListener::before(&gateway, PATH, host.port, &more);
    let call = |token: &str| {
        let header = format!("ServiceBusAuthorization: WRAP access_token=\"{token}\"");
        let output = curl_at(&gateway, &format!("/{PATH}/plain/?3")).args(["-H", &header]).run(PATIENCE);
        output.trim_end().rsplit('\n').next().unwrap().to_owned()
    };
    assert_eq!(call(&token(&gateway, "caller")), "200 3");
    let forged = signed(
        &format!(
            "net.windows.servicebus.action=Send&Audience={}&ExpiresOn=9999999999&Issuer=caller",
            encode(&format!("http://localhost/{PATH}/"))
        ),
        b"another secret, just as long....",
    );
    assert!(call(&forged).starts_with("401 "));
    // Another audience.
    let elsewhere = token(&gateway, "caller").replace("accounts", "others");
    assert!(call(&elsewhere).starts_with("401 "));
    // A listener needs the right to listen.
    let told = RelayListener::refused(
        &gateway,
        PATH,
        &["--type", "RelayedHttp", "--token", &token(&gateway, "caller")],
    );
    assert!(told.contains("auth-failed") && told.contains("Listen"), "{told}");
    let log = gateway.log();
    assert!(!log.contains("HMACSHA256") && !log.contains(&STANDARD.encode(SECRET)), "{log}");
}

#[test]
fn the_token_service_believes_nobody_else_and_is_off_by_default() {
    let gateway = shim_gateway(Config::new().namespace("token_service = true").namespace(&issuers()));
    let (status, body) = ask(&gateway, &signed("Issuer=owner", b"another secret, just as long...."));
    assert!(status == 401 && body.contains("40103"), "{status} {body}");
    assert_eq!(ask(&gateway, &signed("Issuer=nobody", SECRET)).0, 401);
    let (status, body) = ask(&gateway, "Issuer=owner");
    assert!(status == 400 && body.contains("wrap_assertion"), "{status} {body}");
    drop(gateway);
    let quiet = shim_gateway(Config::new().namespace(&issuers()));
    assert_eq!(ask(&quiet, &signed("Issuer=owner", SECRET)).0, 401, "there is no such relay");
}

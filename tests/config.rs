//! `viaduct.toml` and `connect.toml` as people write them, good and bad.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use secrecy::ExposeSecret;
use viaduct::config::connect::{ConnectConfig, Dial, RouteShape};
use viaduct::config::{Config, DoorName, Environment, LocalProtocol, Store};
use viaduct::entity::{RelayKind, WcfType};

/// A folder with a certificate, its key and an admin token.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(["relay.example.net".to_owned()]).unwrap();
    let file = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
    file("server.pem", &certified.cert.pem());
    file("server.key", &certified.signing_key.serialize_pem());
    file("admin.token", "0123456789abcdef\n");
    file("send.key", "c2VuZA==\n");
    folder
}

fn parse(folder: &Path, text: &str) -> Result<Config, String> {
    let environment =
        Environment::new(folder, |name| (name == "VIADUCT_TEST_KEY").then(|| "ZW52".to_owned()));
    Config::parse(text, "v.toml", &environment).map_err(|error| error.to_string())
}

/// The lines of the error of `text`.
fn errors(text: &str) -> Vec<String> {
    match parse(folder().path(), text) {
        Ok(_) => Vec::new(),
        Err(error) => error.lines().map(str::to_owned).collect(),
    }
}

fn connect_errors(text: &str) -> Vec<String> {
    match ConnectConfig::parse(text, "c.toml", &Environment::new("/nowhere", |_| None)) {
        Ok(_) => Vec::new(),
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    }
}

const WHOLE: &str = r#"
[gateway]
name = "g0"
domain = "relay.example.net"
public_address = "relay.example.net:8443"
data_dir = "data"
admin_token_file = "admin.token"

[doors]
https = ["0.0.0.0:443", "[::1]:443"]
http = "0.0.0.0:80"
net_tcp = "0.0.0.0:808"
net_tcps = "0.0.0.0:809"
admin = "127.0.0.1:9090"
metrics = "127.0.0.1:9091"

[tls]
certificate = "server.pem"
key_file = "server.key"

[[tls.certificates]]
certificate = "server.pem"
key_file = "server.key"
doors = ["net_tcps"]

[limits]
listeners_per_relay = 0
control_message = "32KiB"

[timeouts]
accept = "20s"

[store]
kind = "memory"

[[namespaces]]
name = "contoso"
hosts = ["contoso.servicebus.windows.net", "localhost"]

[[namespaces.policies]]
name = "RootManageSharedAccessKey"
rights = ["Manage", "Send", "Listen"]
primary_key = "cHJpbWFyeQ=="
secondary_key = "${VIADUCT_TEST_KEY}"

[[namespaces.relays]]
path = "credit-check"
kind = "wcf"
wcf_type = "NetTcp"
requires_client_authorization = true
requires_transport_security = false
allow_clear_from = ["10.0.0.0/8"]

[[namespaces.relays.policies]]
name = "send"
rights = ["Send"]
primary_key_file = "send.key"
"#;

#[test]
fn reads_everything_the_design_names() {
    let folder = folder();
    let config = parse(folder.path(), WHOLE).unwrap();
    assert_eq!(config.gateway.name, "g0");
    assert_eq!(config.gateway.data_dir, folder.path().join("data"));
    assert_eq!(config.gateway.admin_token.unwrap().expose_secret(), "0123456789abcdef");
    assert_eq!(config.doors.https.len(), 2);
    assert_eq!(config.doors.open().count(), 7);
    assert_eq!(config.limits.control_message, 32 << 10);
    assert_eq!(config.timeouts.accept.as_secs(), 20);
    assert_eq!(config.store, Store::Memory);
    let names: Vec<_> = config.tls.at(DoorName::NetTcps).map(|one| one.names.as_slice()).collect();
    assert_eq!(names, [&[][..], &["relay.example.net".to_owned()][..]]);
    assert_eq!(config.tls.at(DoorName::Https).count(), 1);

    let namespace = &config.namespaces[0];
    let root = &namespace.policies[0];
    assert_eq!(root.secondary_key.as_ref().unwrap().expose_secret(), "ZW52");
    let relay = namespace.relays().next().unwrap();
    assert_eq!(relay.kind, RelayKind::Wcf(WcfType::NetTcp));
    assert_eq!(relay.policies[0].primary_key.expose_secret(), "c2VuZA==");
}

#[test]
fn what_is_left_out_has_a_default() {
    let folder = folder();
    let config = parse(folder.path(), "[doors]\nhttp = '127.0.0.1:0'\n").unwrap();
    assert!(!config.gateway.name.is_empty());
    assert_eq!(config.gateway.no_listener_status, 404);
    assert_eq!(config.store, Store::Embedded { folder: folder.path().join("data") });
    assert!(config.gateway.admin_token.is_none());
    assert_eq!(config.limits, Default::default());
    assert_eq!(config.timeouts, Default::default());
}

#[test]
fn the_admin_token_is_looked_for_in_the_data_folder() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("d")).unwrap();
    std::fs::write(folder.path().join("d/admin.token"), "fedcba9876543210").unwrap();
    let text = "[gateway]\ndata_dir = 'd'\n[doors]\nhttp = '127.0.0.1:0'\n";
    let token = parse(folder.path(), text).unwrap().gateway.admin_token.unwrap();
    assert_eq!(token.expose_secret(), "fedcba9876543210");
}

#[test]
fn every_error_is_told_with_its_path_and_line() {
    let text = r#"[gateway]
nmae = "g0"
domain = "not a host"
[doors]
https = "0.0.0.0:443"
htps = "0.0.0.0:444"
http = "everywhere"
net_tcp = ["0.0.0.0:808", 809]
[limits]
frame = 0
token = "8 elephants"
[timeouts]
accept = 30
silence = "10s"
[[namespaces]]
name = "contoso"
[[namespaces.relays]]
path = "a"
kind = "hybird"
[[namespaces.relays]]
path = "b//c"
kind = "hybrid"
[[namespaces.relays]]
path = "d"
kind = "wcf"
wcf_type = "NetTpc"
[[namespaces.relays]]
kind = "hybrid"
[[namespaces.policies]]
name = "root"
rights = ["Manage"]
primary_key_file = "missing.key"
"#;
    let errors = errors(text);
    let expected = [
        "v.toml:2: gateway.nmae: unknown key",
        "v.toml:3: gateway.domain: ",
        "v.toml:5: doors.https: speaks TLS; give [tls] a certificate",
        "v.toml:6: doors.htps: unknown key",
        "v.toml:7: doors.http: \"everywhere\" is no address and port",
        "v.toml:8: doors.net_tcp[1]: invalid type: integer `809`",
        "v.toml:10: limits.frame: must be more than 0",
        "v.toml:11: limits.token: \"8 elephants\"",
        "v.toml:13: timeouts.accept: invalid type: integer `30`",
        "v.toml:14: timeouts.silence: must be longer than timeouts.ping",
        "v.toml:19: namespaces[0].relays[0].kind: unknown variant `hybird`",
        "v.toml:21: namespaces[0].relays[1].path: ",
        "v.toml:26: namespaces[0].relays[2].wcf_type: unknown variant `NetTpc`",
        "v.toml:27: namespaces[0].relays[3].path: is missing",
        "v.toml:31: namespaces[0].policies[0].rights: ",
        "v.toml:32: namespaces[0].policies[0].primary_key_file: missing.key: ",
    ];
    for (found, expected) in errors.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\ndoes not begin with\n{expected}");
    }
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
}

#[test]
fn no_error_shows_a_secret() {
    for text in [
        "[gateway]\nadmin_token = 'sesame'",
        "[gateway]\nadmin_token = ['sesame-sesame-sesame']",
        "[[namespaces]]\nname = 'a'\n[[namespaces.policies]]\nname = ''\nrights = ['Send']\nprimary_key = 'sesame'",
        "[[namespaces]]\nname = 'a'\n[[namespaces.policies]]\nname = 'x'\nrights = ['Send']\nprimary_key = { sesame = 'sesame' }",
        "[tls]\nkey = 'sesame'",
        "[gateway]\nadmin_token = 'sesame",
    ] {
        let errors = errors(text);
        assert!(!errors.is_empty(), "{text}");
        assert!(errors.iter().all(|error| !error.contains("sesame")), "{errors:#?}");
    }
}

#[test]
fn names_of_later_protocols_are_refused_in_words() {
    let errors = errors(
        "[doors]\nhttp = '127.0.0.1:1'\n[store]\nkind = 'etcd'\nendpoints = ['https://10.0.0.1:2379']\n",
    );
    assert_eq!(
        errors,
        ["v.toml:4: store.kind: this build does not serve the store kind etcd yet; leave it out"]
    );
}

#[test]
fn wcf_listeners_need_the_door_that_they_are_told_to_dial_and_a_certificate() {
    let open = "[gateway]\npublic_ipv4 = '203.0.113.7'\npublic_ports = { rendezvous = 0 }\n[doors]\namqps = '0.0.0.0:5671'\n";
    let errors = errors(open);
    assert_eq!(errors.len(), 3, "{errors:#?}");
    for part in
        ["public_ports.rendezvous: 0 is no port", "doors.rendezvous: is closed", "doors.amqps: speaks TLS"]
    {
        assert!(errors.iter().any(|error| error.contains(part)), "{part}: {errors:#?}");
    }
}

#[test]
fn the_admin_door_goes_beyond_loopback_only_with_tls() {
    let open = "[doors]\nadmin = '10.0.0.1:9090'\n";
    let errors = errors(open);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].starts_with("v.toml:2: doors.admin: 10.0.0.1:9090 is beyond loopback"), "{errors:#?}");
    let folder = folder();
    let with_tls = format!("{open}[tls]\ncertificate = 'server.pem'\nkey_file = 'server.key'\n");
    parse(folder.path(), &with_tls).unwrap();
    for loopback in ["127.0.0.1:9090", "[::1]:9090"] {
        parse(folder.path(), &format!("[doors]\nadmin = '{loopback}'\n")).unwrap();
    }
}

#[test]
fn doors_do_not_share_an_address() {
    let errors = errors("[doors]\nhttp = ['0.0.0.0:80', '0.0.0.0:0', '0.0.0.0:0']\nnet_tcp = '0.0.0.0:80'\n");
    assert_eq!(errors, ["v.toml:3: doors.net_tcp: 0.0.0.0:80 is an address of http already"]);
}

#[test]
fn a_gateway_without_doors_is_an_error() {
    assert_eq!(errors(""), ["v.toml: doors: no door is open; give at least https or http an address"]);
}

#[test]
fn certificates_and_keys_are_looked_into() {
    let folder = folder();
    std::fs::write(folder.path().join("empty.pem"), "nothing").unwrap();
    let text = "[doors]\nhttp = '127.0.0.1:0'\n[tls]\ncertificate = 'empty.pem'\nkey_file = 'empty.pem'\n\
                [[tls.certificates]]\ncertificate = 'gone.pem'\nkey = '${VIADUCT_NO_SUCH}'\ndoors = ['http']\n";
    let error = parse(folder.path(), text).unwrap_err();
    let errors: Vec<&str> = error.lines().collect();
    assert_eq!(errors.len(), 5, "{error}");
    assert_eq!(errors[0], "v.toml:4: tls.certificate: empty.pem holds no certificate in PEM form");
    assert_eq!(errors[1], "v.toml:5: tls.key_file: holds no private key in PEM form");
    assert!(errors[2].starts_with("v.toml:7: tls.certificates[0].certificate: gone.pem: "), "{error}");
    assert_eq!(
        errors[3],
        "v.toml:8: tls.certificates[0].key: the environment variable VIADUCT_NO_SUCH is not set"
    );
    assert_eq!(errors[4], "v.toml:9: tls.certificates[0].doors[0]: http speaks no TLS");
}

#[test]
fn a_host_belongs_to_one_namespace() {
    let errors = errors(
        "[doors]\nhttp = '127.0.0.1:0'\n[[namespaces]]\nname = 'a'\nhosts = ['localhost']\n[[namespaces]]\nname = 'b'\nhosts = ['LOCALHOST']\n",
    );
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].contains("localhost"), "{errors:#?}");
}

#[test]
fn a_file_that_is_not_there_says_what_to_do() {
    let error = Config::load(Path::new("/nowhere/viaduct.toml")).unwrap_err().to_string();
    assert_eq!(error, "/nowhere/viaduct.toml: no such file; `viaduct init` writes one, --config names one");
}

const CONNECTION: &str = "Endpoint=sb://relay.example.net/;SharedAccessKeyName=k;SharedAccessKey=c2VzYW1l";

#[test]
fn reads_routes_of_a_connector() {
    let text = format!(
        "connection_string = '{CONNECTION}'\nca = 'ca.pem'\n\
         [[listen]]\npath = 'credit-check'\nto = 'net.tcp://localhost:9000/calc'\nany_to = true\n\
         [[listen]]\nname = 'web'\npath = 'web'\nto = 'http://127.0.0.1:8080/base'\nshapes = ['exchange']\n\
         gateways = ['other.example.net:8443']\nconnection_string = '{CONNECTION};EntityPath=web'\n\
         [[forward]]\nlocal = 'tcp://127.0.0.1:9000'\nto = 'credit-check/sub'\nclear = true\n"
    );
    let config = ConnectConfig::parse(&text, "c.toml", &Environment::new("/etc/viaduct", |_| None)).unwrap();
    assert_eq!(config.ca.as_deref(), Some(Path::new("/etc/viaduct/ca.pem")));
    assert_eq!(config.listen[0].name, "credit-check");
    assert_eq!(config.listen[0].shapes, [RouteShape::Stream]);
    assert!(config.listen[0].any_to && !config.listen[1].any_to);
    assert_eq!(config.listen[0].dial, Dial::Tls);
    assert_eq!(config.listen[1].name, "web");
    assert_eq!(config.listen[1].shapes, [RouteShape::Exchange]);
    assert_eq!(config.listen[1].gateways, ["other.example.net:8443"]);
    assert_eq!(config.forward[0].local.protocol, LocalProtocol::Tcp);
    assert_eq!(config.forward[0].to.decoded(), "/credit-check/sub");
    assert_eq!(config.forward[0].dial, Dial::Clear);
}

#[test]
fn any_to_is_for_net_tcp_services() {
    let text = format!(
        "connection_string = '{CONNECTION}'\n[[listen]]\npath = 'a'\nto = 'tcp://h:1'\nany_to = true\n"
    );
    assert_eq!(connect_errors(&text), ["c.toml:5: listen[0].any_to: is for net.tcp services"]);
}

#[test]
fn every_error_of_a_route_is_told() {
    let errors = connect_errors(&format!(
        "[[listen]]\npath = 'a//b'\nto = 'ftp://x/'\n\
         [[listen]]\npath = 'b'\nto = 'tcp://localhost:1'\nshapes = ['exchange']\nconnection_string = '{CONNECTION};EntityPath=c'\n\
         [[listen]]\npath = 'b'\nto = 'echo'\nconnection_string = '${{NO_SUCH}}'\n\
         [[forward]]\nlocal = 'unix:/x'\nto = '../up'\nfoo = 1\nconnection_string_file = 'gone'\n"
    ));
    let expected = [
        "c.toml:1: listen[0].connection_string: is missing, here and for the file as a whole",
        "c.toml:2: listen[0].path: ",
        "c.toml:3: listen[0].to: scheme \"ftp\" is not known",
        "c.toml:5: listen[1].path: the connection string is for c alone",
        "c.toml:7: listen[1].shapes: tcp://localhost:1 can serve stream",
        "c.toml:9: listen[2].name: another route is called \"b\"",
        "c.toml:12: listen[2].connection_string: the environment variable NO_SUCH is not set",
        "c.toml:14: forward[0].local: scheme \"unix\" is not known",
        "c.toml:15: forward[0].to: ",
        "c.toml:16: forward[0].foo: unknown key",
        "c.toml:17: forward[0].connection_string_file: gone: ",
    ];
    for (found, expected) in errors.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\ndoes not begin with\n{expected}");
    }
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
}

#[test]
fn a_connector_without_routes_is_an_error() {
    assert_eq!(connect_errors(""), ["c.toml: no route; add [[listen]] or [[forward]]"]);
}

use secrecy::ExposeSecret;

use super::*;
use crate::entity::{RequestTarget, WcfType};

/// What a configuration file is, as far as entities go.
#[derive(Debug, serde::Deserialize)]
struct File {
    namespaces: Vec<DeclaredNamespace>,
}

fn declared(toml: &str) -> DeclaredNamespace {
    toml::from_str::<File>(toml).unwrap().namespaces.remove(0)
}

/// Secrets as a configuration would resolve them, without files or environment.
fn secret(source: SecretSource<'_>) -> Result<SecretString, String> {
    match source {
        SecretSource::Text(text) if text.expose_secret() == "${KEY}" => {
            Ok("from-environment".to_owned().into())
        }
        SecretSource::Text(text) if text.expose_secret().starts_with("${") => Err("not set".to_owned()),
        SecretSource::Text(text) => Ok(text.clone()),
        SecretSource::File("key.txt") => Ok("from-file".to_owned().into()),
        SecretSource::File(_) => Err("no such file".to_owned()),
    }
}

fn resolve(toml: &str) -> Result<Namespace, Vec<String>> {
    let namespace = declared(toml).resolve("namespaces[0]", &Limits::default(), &mut secret);
    namespace.map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

// Design, section 2.
#[test]
fn reads_the_example_of_the_design() {
    let namespace = resolve(
        r#"
        [[namespaces]]
        name = "contoso"
        hosts = ["contoso.servicebus.windows.net", "localhost"]

        [[namespaces.policies]]
        name = "RootManageSharedAccessKey"
        rights = ["Manage", "Send", "Listen"]
        primary_key = "p1"
        secondary_key = "${KEY}"

        [[namespaces.relays]]
        path = "credit-check"
        kind = "wcf"
        wcf_type = "NetTcp"
        requires_client_authorization = true
        requires_transport_security = false
        allow_clear_from = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]
        locked = true
        [[namespaces.relays.policies]]
        name = "send"
        rights = ["Send"]
        primary_key_file = "key.txt"

        [[namespaces.relays]]
        path = "plant7/press"
        kind = "hybrid"
        request_target = "raw"
        response_deadline = "5m"
        "#,
    )
    .unwrap();
    assert_eq!(namespace.hosts.len(), 2);
    let root = &namespace.policies[0];
    assert_eq!(root.rights, Rights::ALL);
    assert_eq!(root.keys().map(ExposeSecret::expose_secret).collect::<Vec<_>>(), ["p1", "from-environment"]);
    let relay = namespace.relay(&EntityPath::parse("credit-check").unwrap()).unwrap();
    assert_eq!(relay.kind, RelayKind::Wcf(WcfType::NetTcp));
    assert!(relay.locked && relay.enabled && relay.allow_clear_from.len() == 3);
    assert!(relay.allows_clear_from("192.0.2.7".parse().unwrap()));
    assert_eq!(relay.policies[0].primary_key.expose_secret(), "from-file");
    let press = namespace.relay(&EntityPath::parse("plant7/press").unwrap()).unwrap();
    assert_eq!((press.kind, press.request_target), (RelayKind::Hybrid, RequestTarget::Raw));
    assert_eq!(press.response_deadline, Some(std::time::Duration::from_secs(300)));
}

#[test]
fn what_is_left_out_has_its_default() {
    let namespace = resolve(
        r#"
        [[namespaces]]
        name = "contoso"
        [[namespaces.relays]]
        path = "a"
        kind = "hybrid"
        "#,
    )
    .unwrap();
    let expected = Relay::new(EntityPath::parse("a").unwrap(), RelayKind::Hybrid);
    assert_eq!(**namespace.relays().next().unwrap(), expected);
}

#[test]
fn every_mistake_is_told_with_its_path() {
    let problems = resolve(
        r#"
        [[namespaces]]
        name = "con.toso"
        hosts = ["ok.example.net", "a b", "h:443"]
        [[namespaces.policies]]
        name = ""
        rights = ["Manage"]
        [[namespaces.policies]]
        name = "both"
        rights = []
        primary_key = "x"
        primary_key_file = "key.txt"
        secondary_key = "${NOT_SET}"
        [[namespaces.policies]]
        name = "send"
        rights = ["Send"]
        primary_key = "topsecret;x"
        secondary_key_file = "none.txt"
        [[namespaces.relays]]
        path = "/a"
        kind = "wcf"
        allow_clear_from = ["10.0.0.0/8", "10.0.0.0/33"]
        [[namespaces.relays]]
        path = "b"
        kind = "hybrid"
        wcf_type = "Http"
        [[namespaces.relays]]
        path = "c"
        kind = "hybrid"
        [[namespaces.relays.policies]]
        name = "twice"
        rights = ["Send"]
        primary_key = "k"
        [[namespaces.relays.policies]]
        name = "Twice"
        rights = ["Send"]
        primary_key = "k"
        [[namespaces.relays]]
        path = "C"
        kind = "hybrid"
        "#,
    )
    .unwrap_err();
    let expected = [
        "namespaces[0].name: character '.' is not allowed",
        "namespaces[0].hosts[1]: character ' ' is not allowed",
        "namespaces[0].hosts[2]: character ':' is not allowed",
        "namespaces[0].policies[0].name: empty",
        "namespaces[0].policies[0].rights: Manage needs Listen and Send as well",
        "namespaces[0].policies[0].primary_key: missing: a policy needs primary_key or primary_key_file",
        "namespaces[0].policies[1].rights: no right is named: one or more of Listen, Send, Manage",
        "namespaces[0].policies[1].primary_key_file: stands in place of the key, not beside it",
        "namespaces[0].policies[1].secondary_key: not set",
        "namespaces[0].policies[2].primary_key: the key holds a semicolon, a control character, or a blank at one end",
        "namespaces[0].policies[2].secondary_key_file: no such file",
        "namespaces[0].relays[0].path: empty segment: no slash at the start or the end, no two in a row",
        "namespaces[0].relays[0].wcf_type: missing: a relay of kind \"wcf\" is \"NetTcp\", \"NetOneway\", \"NetEvent\" or \"Http\"",
        "namespaces[0].relays[0].allow_clear_from[1]: not a network (10.0.0.0/8) or an address",
        "namespaces[0].relays[1].wcf_type: only a relay of kind \"wcf\" has a wcf_type",
        "namespaces[0].relays[2].policies: policy Twice is there twice",
        "namespaces[0].relays[3].path: relay C is declared twice",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn counts_are_limited() {
    let relays = (0..3).map(|n| format!("[[namespaces.relays]]\npath = \"r{n}\"\nkind = \"hybrid\"\n"));
    let toml = format!("[[namespaces]]\nname = \"n\"\n{}", relays.collect::<String>());
    let limits = |relays_per_namespace| Limits { relays_per_namespace, ..Limits::default() };
    let count = |limits: &Limits| declared(&toml).resolve("n", limits, &mut secret).map(|n| n.relay_count());
    assert_eq!(count(&limits(3)), Ok(3));
    assert_eq!(count(&limits(0)), Ok(3));
    let problem =
        Problem { path: "n.relays".to_owned(), error: "3 relays, at most 2 are allowed".to_owned() };
    assert_eq!(count(&limits(2)), Err(vec![problem]));
}

#[test]
fn unknown_keys_and_unknown_words_are_errors() {
    for extra in [
        "colour = 1",
        "[[namespaces.relays]]\npath = \"a\"\nkind = \"hybrid\"\nwcftype = \"NetTcp\"",
        "[[namespaces.relays]]\npath = \"a\"\nkind = \"tcp\"",
        "[[namespaces.relays]]\npath = \"a\"\nkind = \"wcf\"\nwcf_type = \"None\"",
        "[[namespaces.policies]]\nname = \"a\"\nrights = [\"Read\"]",
        "[[namespaces.policies]]\nname = \"a\"\nrights = [\"Send\"]\nkey = \"k\"",
    ] {
        let toml = format!("[[namespaces]]\nname = \"n\"\n{extra}");
        assert!(toml::from_str::<File>(&toml).is_err(), "{extra}");
    }
}

#[test]
fn debug_shows_no_key() {
    let toml = "[[namespaces]]\nname = \"n\"\n[[namespaces.policies]]\nname = \"p\"\nrights = [\"Send\"]\nprimary_key = \"topsecret\"";
    assert!(!format!("{:?}", declared(toml)).contains("topsecret"));
}

//! What the user types and sees: the report of a good relay, in both forms, and wrong command lines.

use interop_tests::{Config, Gateway, Listener, NAMESPACE, request_target};

use crate::consult::Consult;

/// A gateway with the doors of WCF that there are, and the arguments that lead to them.
fn with_wcf() -> (Gateway, Vec<String>) {
    let doors = ["amqps", "oneway", "oneway_tls", "rendezvous", "probe"];
    let config = doors.iter().fold(Config::new(), |config, door| config.door(door, "127.0.0.1:0"));
    let gateway = Gateway::start(config);
    let ports = doors.iter().flat_map(|door| ["--port".to_owned(), format!("{door}={}", gateway.port(door))]);
    let ports = ports.collect();
    (gateway, ports)
}

#[test]
fn a_good_relay_is_good_in_every_line() {
    let (gateway, ports) = with_wcf();
    let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    let consult = || {
        Consult::new(&gateway.connection_string("send"))
            .trusting(gateway.authority())
            .with(&["plant7/press"])
            .with(&ports)
    };
    let report = consult().run();
    report.is_good();
    assert!(
        report.lines.iter().all(|line| line["status"] == "ok" && line["fault"].is_null()),
        "{}",
        report.said
    );
    assert!(report.seen("name", "").starts_with("localhost is "), "{}", report.said);
    assert!(report.seen("port", "https").ends_with("; a relay is behind it"), "{}", report.said);
    assert!(report.seen("port", "amqps").ends_with("speaks AMQP 1.0 with SASL EXTERNAL"), "{}", report.said);
    assert!(report.seen("port", "rendezvous").contains("takes relayed connections"), "{}", report.said);
    assert!(report.seen("port", "oneway").ends_with(" speaks net.tcp framing"), "{}", report.said);
    assert!(report.seen("port", "oneway_tls").contains("framing, inside it TLS 1.3"), "{}", report.said);
    assert!(report.seen("port", "probe").contains("we come from 127.0.0.1:"), "{}", report.said);
    assert!(report.seen("certificate", "oneway_tls").contains("for localhost, 127.0.0.1"), "{}", report.said);
    assert!(report.seen("certificate", "rendezvous").contains("CN=interop tests"), "{}", report.said);
    let key = "the policy send is good for Send at plant7/press; nobody listens there now";
    assert_eq!(report.seen("key", ""), key);

    let (status, output, errors) = consult().run_as_it_is();
    assert_eq!((status, errors.as_str()), (0, ""));
    assert!(output.lines().all(|line| line.starts_with("ok       ")), "{output}");
    assert!(output.contains(&format!("\nok       key: {key}\n")), "{output}");
}

#[test]
fn a_failure_is_one_line_with_whose_fault_it_is_and_what_to_do_and_status_1() {
    let gateway = Gateway::new();
    let (status, output, errors) =
        Consult::new(&gateway.connection_string("nobody")).trusting(gateway.authority()).run_as_it_is();
    assert_eq!(status, 1);
    let failed =
        output.lines().find(|line| line.starts_with("failed   key: ")).expect("a line about the key");
    assert!(failed.contains("; at fault: connection string; to do: copy name and key again"), "{failed}");
    assert_eq!(errors, "viaduct: 1 of 5 checks failed; begin with the first line that says so\n");
}

#[test]
fn nobody_is_called_and_nothing_is_registered() {
    let gateway = Gateway::new();
    let consult = |policy: &str| {
        Consult::new(&gateway.connection_string(policy)).trusting(gateway.authority()).with(&["hyco"]).run()
    };
    // As a listener: nobody is there afterwards, either.
    let both = "RootManageSharedAccessKey";
    let expected = format!("the policy {both} is good for Listen and Send at hyco; nobody listens there now");
    assert_eq!(consult(both).seen("key", ""), expected);
    assert_eq!(consult(both).seen("key", ""), expected);
    // As a sender: whoever listens hears nothing of it.
    let mut listener = Listener::open(&gateway, "hyco");
    let report = consult("send");
    report.is_good();
    assert_eq!(report.seen("key", ""), "the policy send is good for Send at hyco; a service listens there");
    let mut sender = gateway.connect();
    let token = gateway.send_token("hyco");
    let request =
        format!("GET /hyco/first HTTP/1.1\r\nHost: {NAMESPACE}\r\nServiceBusAuthorization: {token}\r\n\r\n");
    sender.send(request.as_bytes());
    assert_eq!(request_target(&listener.next("request")), "/hyco/first");
}

#[test]
fn a_wrong_command_line_is_status_2() {
    let endpoint = format!("Endpoint=sb://{NAMESPACE}:1/");
    for arguments in [
        &["--wcf=tcp"][..],
        &["--role", "server"],
        &["--port", "amqps"],
        &["--port", "amqp=1"],
        &["--format", "xml"],
        &["a", "b"],
        &["//a//b//"],
    ] {
        let (status, output, errors) = Consult::new(&endpoint).with(arguments).run_as_it_is();
        assert_eq!((status, output.as_str()), (2, ""), "{arguments:?}: {errors}");
        assert!(!errors.is_empty(), "{arguments:?}");
    }
    for wrong in ["", "Endpoint=", "Endpoint=sb://h/;SharedAccessKeyName=a"] {
        assert_eq!(Consult::new(wrong).run_as_it_is().0, 2, "{wrong:?}");
    }
    let other = format!("{endpoint};EntityPath=one");
    assert_eq!(Consult::new(&other).with(&["another"]).run_as_it_is().0, 2);
}

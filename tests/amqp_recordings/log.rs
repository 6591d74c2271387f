//! What another decoder made of the same bytes: the toy relay wrote each performative that it got into its log.

use std::path::Path;

use viaduct::wire::amqp::{Descriptor, Value};

/// The performatives of the connection `name` as the toy relay wrote them, or nothing when it kept no log.
pub(super) fn logged(name: &str) -> Vec<String> {
    let (scenario, stream) = name.rsplit_once('/').unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/relay").join(scenario);
    let log =
        ["relay.log", "listen.log"].iter().find_map(|log| std::fs::read_to_string(folder.join(log)).ok());
    let (number, port) = stream.split_once('-').unwrap();
    let mark = format!(" #{}:{} amqp ch0 ", number.trim_start_matches('0'), port.trim_end_matches("-tls"));
    let log = log.unwrap_or_default();
    let lines = log.lines().filter_map(|line| line.split_once(&mark).map(|(_, said)| said));
    lines
        .map(|said| said.trim_start_matches("type0 ").trim_start_matches("type1 ").trim_end().to_owned())
        .collect()
}

/// A value in the words of that log, which is in Python's.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::Described(described) => {
            let Descriptor::Code(code) = &described.descriptor else { panic!("a descriptor by name") };
            let (_, name) = NAMES.iter().find(|(of, _)| of == code).unwrap();
            format!("@{name}{}", written(&described.value))
        }
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Ushort(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Symbol(symbol) => format!(":{}", symbol.as_str()),
        Value::List(values) => {
            format!("[{}]", values.iter().map(written).collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| {
                let Value::Symbol(key) = key else { panic!("a key that is no symbol") };
                format!("{}: {}", quoted(key.as_str()), written(value))
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => panic!("{other:?} is in no recording"),
    }
}

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

const NAMES: [(u64, &str); 13] = [
    (0x10, "open"),
    (0x11, "begin"),
    (0x12, "attach"),
    (0x13, "flow"),
    (0x15, "disposition"),
    (0x16, "detach"),
    (0x17, "end"),
    (0x18, "close"),
    (0x1d, "error"),
    (0x24, "accepted"),
    (0x28, "source"),
    (0x29, "target"),
    (0x41, "sasl-init"),
];

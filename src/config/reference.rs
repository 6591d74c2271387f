//! `docs/configuration.md`, made from the types: doc comments, kinds of values and defaults.
//!
//! `viaduct configuration-reference > docs/configuration.md` renews it; `tests/tidy.rs` fails when it is stale.

use std::fmt::Write;

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use super::connect::{ConnectFile, Forward, Listen};
use super::written::{DoorTable, Gateway, GatewayFile, NamedCertificate, PublicPorts, Store, Tls};
use crate::entity::limits::{Limits, Timeouts};
use crate::entity::{DeclaredIssuer, DeclaredNamespace, DeclaredPolicy, DeclaredRelay};

const HEAD: &str = "\
# Configuration

<!-- Made from the types by `viaduct configuration-reference`. Change the doc comments, not this file. -->

A gateway reads `viaduct.toml`, a connector (`viaduct connect`) a file such as `connect.toml`. Unknown keys are errors,
and every error of a file is reported at once, with its path and line. Relative paths start at the folder of the file.

- **A duration** is text with units: `\"30s\"`, `\"5m\"`, `\"1h 30m\"`, `\"250ms\"`.
- **A size** is text with units, or a number of bytes: `\"64KiB\"`, `\"1MiB\"`, `65536`.
- **A secret** is the text itself, or `\"${NAME}\"` for that of an environment variable; each also has a key that ends in
  `_file` and names a file that holds it. One of the two, never both.

`SIGHUP` makes a gateway and a connector read their files again, certificates and keys included. When something is wrong
with what they read, they say so and go on with what they had.

";

const LATER: &str = "\
### Names kept for later

`store.kind = \"etcd\"` belongs to what this build does not serve yet. Using it is an error that says so.

";

/// The whole page.
pub fn markdown() -> String {
    let mut page = String::from(HEAD);
    page.push_str("## viaduct.toml\n\n");
    section::<Gateway>(&mut page, "[gateway]", Sources::Hidden);
    section::<PublicPorts>(&mut page, "[gateway.public_ports]", Sources::Hidden);
    section::<DoorTable>(&mut page, "[doors]", Sources::Hidden);
    section::<Tls>(&mut page, "[tls]", Sources::Hidden);
    section::<NamedCertificate>(&mut page, "[[tls.certificates]]", Sources::Hidden);
    section::<Limits>(&mut page, "[limits]", Sources::Shown);
    section::<Timeouts>(&mut page, "[timeouts]", Sources::Shown);
    section::<Store>(&mut page, "[store]", Sources::Hidden);
    section::<DeclaredNamespace>(&mut page, "[[namespaces]]", Sources::Hidden);
    section::<DeclaredPolicy>(
        &mut page,
        "[[namespaces.policies]] and [[namespaces.relays.policies]]",
        Sources::Hidden,
    );
    section::<DeclaredIssuer>(&mut page, "[[namespaces.issuers]]", Sources::Hidden);
    section::<DeclaredRelay>(&mut page, "[[namespaces.relays]]", Sources::Hidden);
    page.push_str(LATER);
    page.push_str("## connect.toml\n\n");
    section::<ConnectFile>(&mut page, "At the top", Sources::Hidden);
    section::<Listen>(&mut page, "[[listen]]", Sources::Hidden);
    section::<Forward>(&mut page, "[[forward]]", Sources::Hidden);
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// The JSON schema of `viaduct.toml`, for editors.
pub fn gateway_schema() -> Value {
    SchemaGenerator::default().into_root_schema_for::<GatewayFile>().to_value()
}

/// Whether a table says where each value comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sources {
    Shown,
    Hidden,
}

fn section<T: JsonSchema>(page: &mut String, title: &str, sources: Sources) {
    let schema = SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    let title = if title.starts_with('[') {
        format!("`{}`", title.replace(" and ", "` and `"))
    } else {
        title.into()
    };
    line(page, &format!("### {title}\n"));
    let about = text(&schema["description"]);
    // A declared type begins with its own key, which is the title here.
    let about = about.split_once("`: ").map_or(about.as_str(), |(_, about)| about);
    line(page, &format!("{}\n", capital(about)));
    match sources {
        Sources::Hidden => line(page, "| key | value | default | what it is |\n| --- | --- | --- | --- |"),
        Sources::Shown => {
            line(page, "| key | unit | default | what it is | source |\n| --- | --- | --- | --- | --- |");
        }
    }
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        if is_section(property, &schema) {
            continue;
        }
        let default = match &property["default"] {
            _ if required.contains(&key.as_str()) => "needed".to_owned(),
            Value::Null => String::new(),
            // bytesize writes "64.0 KiB" where a person writes "64KiB".
            default => format!("`{}`", default.to_string().replace(".0 ", "").replace(" B", "B")),
        };
        let description = text(&property["description"]);
        let has_file = schema["properties"].get(format!("{key}_file")).is_some();
        let kind = if has_file { "secret".to_owned() } else { kind(property, &schema) };
        match sources {
            Sources::Hidden => line(page, &format!("| `{key}` | {kind} | {default} | {description} |")),
            Sources::Shown => {
                let (description, source) = split_source(&description);
                let kind = if kind == "number" { "count" } else { unit::<T>() };
                line(page, &format!("| `{key}` | {kind} | {default} | {description} | {source} |"));
            }
        }
    }
    page.push('\n');
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn line(page: &mut String, text: &str) {
    writeln!(page, "{text}").expect("writing to a string cannot go wrong");
}

/// What a text stands for in a table of limits or time-outs.
fn unit<T: JsonSchema>() -> &'static str {
    if T::schema_name() == Timeouts::schema_name() { "duration" } else { "size" }
}

/// `What it is. Source: where from.` in two; without a source it is our own choice.
fn split_source(description: &str) -> (String, String) {
    let (text, source) = match description.split_once(" Source: ") {
        Some((text, source)) => (text, source.trim_end_matches('.')),
        None => match description.split_once(" Design, ") {
            Some((text, source)) => {
                return (text.to_owned(), format!("design, {}", source.trim_end_matches('.')));
            }
            None => (description, "our choice"),
        },
    };
    (text.to_owned(), source.to_owned())
}

/// A table, or a list of tables, has a section of its own.
fn is_section(property: &Value, root: &Value) -> bool {
    let item = if property["items"].is_object() { &property["items"] } else { property };
    resolve(item, root)["properties"].is_object()
}

/// What may stand there, in words.
fn kind(property: &Value, root: &Value) -> String {
    let property = resolve(property, root);
    if let Some(items) = property.get("items") {
        return format!("list of {}", kind(items, root));
    }
    // An `Option`: the thing or null; TOML has no null.
    let options = property["anyOf"].as_array().or_else(|| property["oneOf"].as_array());
    if let Some(options) = options {
        let options = options.iter().filter(|option| option["type"] != "null");
        return options.map(|option| kind(option, root)).collect::<Vec<_>>().join(", ");
    }
    if let Some(values) = property["enum"].as_array() {
        let values = values.iter().filter(|value| !value.is_null());
        return values.map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    }
    if let Some(value) = property.get("const") {
        return format!("`{value}`");
    }
    if property["format"] == "secret" {
        return "secret".to_owned();
    }
    let name = match &property["type"] {
        Value::Array(types) => types.iter().find_map(|name| name.as_str().filter(|name| *name != "null")),
        name => name.as_str(),
    };
    match name {
        Some("string") if property["format"].as_str().is_some_and(|format| format.contains(':')) => {
            "address:port, or a list"
        }
        Some("string") => "text",
        Some("integer" | "number") => "number",
        Some("boolean") => "`true` or `false`",
        Some(other) => other,
        None => "",
    }
    .to_owned()
}

/// Follows a reference within the schema.
fn resolve<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|pointer| pointer.strip_prefix('#')) {
        Some(pointer) => root.pointer(pointer).unwrap_or(schema),
        None => schema,
    }
}

/// A doc comment on one line, safe in a table.
fn text(description: &Value) -> String {
    let text = description.as_str().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_and_time_out_has_unit_default_and_source() {
        let page = markdown();
        for (title, count) in [
            ("### `[limits]`", serde_json::to_value(Limits::default()).unwrap().as_object().unwrap().len()),
            (
                "### `[timeouts]`",
                serde_json::to_value(Timeouts::default()).unwrap().as_object().unwrap().len(),
            ),
        ] {
            let section = page.split(title).nth(1).unwrap().split("\n### ").next().unwrap();
            let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
            assert_eq!(rows.len(), count, "{title}");
            for row in rows {
                let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
                assert_eq!(cells.len(), 5, "{row}");
                assert!(cells.iter().all(|cell| !cell.is_empty()), "{row}");
            }
        }
    }

    #[test]
    fn secrets_are_called_so() {
        let page = markdown();
        assert!(page.contains("| `admin_token` | secret |"), "{page}");
    }

    #[test]
    fn names_for_later_are_not_offered() {
        let page = markdown();
        assert!(!page.contains("`\"etcd\"`,") && !page.contains(", `\"etcd\"`"), "{page}");
    }
}

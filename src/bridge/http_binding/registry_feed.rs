//! The feed of public relays, at `/` and the parents of relays (9.4).

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesText, Event};

/// One relay that registered with public discovery (`requires-public-registry`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicRelay {
    /// The display name; without one the last segment of the path stands for it.
    pub name: Option<String>,
    /// The path, with or without slashes at its ends.
    pub path: String,
    /// The address: `https://HOST/PATH/`, `sb://…` for sockets.
    pub address: String,
    /// When it registered, in seconds since 1970.
    pub updated: i64,
}

/// The Content-Type of the feed.
const ATOM: &str = "http://www.w3.org/2005/Atom";

/// Writes the feed of the relays at and below `address`, the URL that was asked for: ATOM 1.0, RFC 4287. Its title is the service's own.
/// `updated`: seconds since 1970. Served as `application/atom+xml; charset=utf-8`.
///
/// ```
/// use viaduct::bridge::http_binding::{PublicRelay, registry_feed};
///
/// let relay = PublicRelay {
///     name: None,
///     path: "plant/echo".to_owned(),
///     address: "https://contoso.example.net/plant/echo/".to_owned(),
///     updated: 0,
/// };
/// let feed = String::from_utf8(registry_feed("https://contoso.example.net/", 0, &[relay])).unwrap();
/// assert!(feed.contains("<title>echo</title>"));
/// assert!(feed.contains("<link rel=\"alternate\" href=\"https://contoso.example.net/plant/echo/\"/>"));
/// ```
pub fn registry_feed(address: &str, updated: i64, relays: &[PublicRelay]) -> Vec<u8> {
    let mut feed = Vec::new();
    // Writing into a vector cannot fail.
    let _ = write(&mut Writer::new(&mut feed), address, updated, relays);
    feed
}

fn write(
    writer: &mut Writer<&mut Vec<u8>>,
    address: &str,
    updated: i64,
    relays: &[PublicRelay],
) -> io::Result<()> {
    writer.write_event(Event::Decl(quick_xml::events::BytesDecl::new("1.0", Some("utf-8"), None)))?;
    writer.create_element("feed").with_attribute(("xmlns", ATOM)).write_inner_content(|writer| {
        text(writer, "title", "Publicly Listed Services")?;
        text(writer, "id", address)?;
        text(writer, "updated", &time(updated))?;
        // RFC 4287 4.1.1 wants an author, of the feed or of each entry.
        writer.create_element("author").write_inner_content(|writer| text(writer, "name", "Viaduct"))?;
        link(writer, "self", address)?;
        for relay in relays {
            writer.create_element("entry").write_inner_content(|writer| {
                text(writer, "title", relay.title())?;
                text(writer, "id", &relay.address)?;
                text(writer, "updated", &time(relay.updated))?;
                link(writer, "alternate", &relay.address)
            })?;
        }
        Ok(())
    })?;
    Ok(())
}

impl PublicRelay {
    fn title(&self) -> &str {
        let last = self.path.trim_matches('/').rsplit('/').next().unwrap_or_default();
        self.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(last)
    }
}

fn text(writer: &mut Writer<&mut Vec<u8>>, name: &str, text: &str) -> io::Result<()> {
    let allowed: String = text.chars().filter(|char| crate::wire::xml::chars::is_char(*char)).collect();
    writer.create_element(name).write_text_content(BytesText::new(&allowed))?;
    Ok(())
}

fn link(writer: &mut Writer<&mut Vec<u8>>, rel: &str, href: &str) -> io::Result<()> {
    writer.create_element("link").with_attributes([("rel", rel), ("href", href)]).write_empty()?;
    Ok(())
}

/// RFC 3339, in UTC.
fn time(unix_seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::xml::{Event as Read, TextReader, XmlLimits};

    /// The texts of all elements of this name.
    fn texts(feed: &[u8], wanted: &str) -> Vec<String> {
        let mut reader = TextReader::new(XmlLimits::default());
        reader.push(feed);
        reader.finish();
        let (mut texts, mut inside) = (Vec::new(), false);
        while let Some(event) = reader.next().unwrap() {
            match event {
                Read::Start(name) => {
                    assert_eq!(name.namespace, ATOM);
                    inside = name.local == wanted;
                    if inside {
                        texts.push(String::new());
                    }
                }
                Read::Text(value) if inside => texts.last_mut().unwrap().push_str(&value.text()),
                Read::End => inside = false,
                _ => {}
            }
        }
        texts
    }

    #[test]
    fn lists_each_relay_with_its_name_or_the_end_of_its_path() {
        let relay = |name: Option<&str>, path: &str| PublicRelay {
            name: name.map(str::to_owned),
            path: path.to_owned(),
            address: format!("https://h/{path}/"),
            updated: 1_777_889_730,
        };
        let feed = registry_feed(
            "https://h/",
            0,
            &[relay(Some("A & <B>\u{1}"), "a"), relay(None, "/x/y/"), relay(Some(" "), "z")],
        );
        assert_eq!(texts(&feed, "title"), ["Publicly Listed Services", "A & <B>", "y", "z"]);
        assert_eq!(texts(&feed, "id"), ["https://h/", "https://h/a/", "https://h//x/y//", "https://h/z/"]);
        assert_eq!(texts(&feed, "updated")[1], "2026-05-04T10:15:30Z");
    }

    #[test]
    fn without_public_relays_there_is_a_feed_all_the_same() {
        assert_eq!(texts(&registry_feed("https://h/", 0, &[]), "title"), ["Publicly Listed Services"]);
    }
}

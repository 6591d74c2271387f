//! Documents made by the calls of our writer, each beside what it has to say.

use std::borrow::Cow;

use uuid::Uuid;
use viaduct::wire::binxml::{ArrayItems, Ids, OutgoingTable, Writer, find_static, static_string};
use viaduct::wire::xml::{Runtime, Str, Value};

use crate::dice::Dice;
use crate::files::Kind;
use crate::infoset::Expected;
use crate::values::{Typed, typed};

/// A document, and the infoset it was made of.
pub(crate) struct Made {
    pub(crate) kind: Kind,
    /// With its string table, if it has one.
    pub(crate) message: Vec<u8>,
    pub(crate) expected: Expected,
}

/// Makes documents; two of three belong to a session, which lasts for some documents.
pub(crate) fn documents(seed: u64, count: usize) -> Vec<Made> {
    let mut dice = Dice::new(seed);
    let mut table = OutgoingTable::default();
    let make = |number| {
        let mut kind = if number % 3 == 0 { Kind::Static } else { Kind::Session };
        if kind == Kind::Session && (number == 1 || dice.once(12)) {
            kind = Kind::NewSession;
            table = OutgoingTable::new(dice.of(&[2048, 2048, 2048, 200, 0]));
        }
        let ids = if kind == Kind::Static { Ids::Static } else { Ids::Session(&mut table) };
        let (message, expected) = Maker::document(&mut dice, ids);
        Made { kind, message, expected }
    };
    (0..count).map(make).collect()
}

/// A string that a document is made of, and where it is from.
type Text = (Cow<'static, str>, Source);

#[derive(Clone, Copy, PartialEq)]
enum Source {
    Plain,
    Static,
    Other,
}

fn str((text, source): &Text) -> Str<'_> {
    match source {
        Source::Plain => Str::plain(text),
        Source::Static => find_static(text).unwrap(),
        Source::Other => Str::dictionary(text),
    }
}

struct Maker<'d, 't> {
    dice: &'d mut Dice,
    writer: Writer<'t>,
    runtime: Runtime,
    expected: Expected,
    /// How many elements there may still be.
    left: usize,
}

impl<'d, 't> Maker<'d, 't> {
    fn document(dice: &'d mut Dice, ids: Ids<'t>) -> (Vec<u8>, Expected) {
        let runtime = dice.of(&[Runtime::Net8, Runtime::Framework]);
        let (left, deepest) = (dice.of(&[8, 8, 8, 60]), if dice.once(40) { 100 } else { 6 });
        let writer = Writer::new(ids, runtime);
        let mut maker = Self { dice, writer, runtime, expected: Expected::default(), left };
        maker.left = maker.left.max(if deepest == 100 { 110 } else { 0 });
        maker.comment(10);
        maker.element(1, deepest);
        maker.comment(10);
        (maker.writer.finish().unwrap(), maker.expected)
    }

    fn comment(&mut self, times: usize) {
        if self.dice.once(times) {
            let size = self.dice.size();
            let comment = self.dice.text(size);
            self.writer.comment(&comment).unwrap();
            self.expected.comment(&comment);
        }
    }

    fn static_text(&mut self) -> Text {
        let index = self.dice.below(487) as u16;
        (static_string(index).unwrap().text.into(), Source::Static)
    }

    fn other_text(&mut self, start: &str) -> Text {
        (format!("{start}{}", self.dice.below(60)).into(), Source::Other)
    }

    fn local(&mut self) -> Text {
        match self.dice.below(8) {
            0 | 1 => self.static_text(),
            2 | 3 => self.other_text("Operation"),
            4 => (
                self.dice.of(&["é", "名前", "\u{10000}x", "_-.", "1a", "a b", "a<", ""]).into(),
                Source::Plain,
            ),
            5 => ("n".repeat(1 + self.dice.size() % 1000).into(), Source::Plain),
            // Equal to strings of the dictionaries, but plain.
            6 => (self.dice.of(&["Envelope", "Body", "Operation1"]).into(), Source::Plain),
            _ => (format!("name{}", self.dice.below(30)).into(), Source::Plain),
        }
    }

    fn prefix(&mut self) -> String {
        match self.dice.below(6) {
            0 => String::new(),
            1 => self.dice.of(&["A", "é", "ab", "d1p1", "prefix-2", "z0"]).to_owned(),
            _ => char::from(b'a' + self.dice.below(26) as u8).to_string(),
        }
    }

    /// A namespace, not empty where there is a prefix.
    fn namespace(&mut self, prefix: &str) -> Text {
        if prefix.is_empty() && self.dice.once(3) {
            return ("".into(), Source::Plain);
        }
        match self.dice.below(5) {
            0 => match self.static_text() {
                (text, _) if text.is_empty() => ("urn:empty".into(), Source::Plain),
                text => text,
            },
            1 => self.other_text("http://schemas.example.net/"),
            2 => (format!("urn:{}", "u".repeat(self.dice.size() % 600)).into(), Source::Plain),
            _ => (format!("urn:{}", self.dice.below(12)).into(), Source::Plain),
        }
    }

    fn element(&mut self, depth: usize, deepest: usize) {
        self.left = self.left.saturating_sub(1);
        let prefix = self.prefix();
        let (local, namespace) = (self.local(), self.namespace(&prefix));
        // Without a prefix the writer takes one, or makes the namespace the default; which one the reader tells.
        let given = (!self.dice.once(4)).then_some(&*prefix);
        self.writer.start_element(given, str(&local), str(&namespace)).unwrap();
        self.expected.start(given, &local.0, &namespace.0);

        let mut own = vec![(prefix.clone(), namespace.clone())];
        let mut used = Vec::new();
        let attributes = if self.dice.once(12) { 20 } else { 4 };
        for _ in 0..self.dice.below(attributes) {
            match self.dice.below(8) {
                0 | 1 if given.is_some() => self.declaration(&mut own),
                2 => self.xml_attribute(&mut used),
                _ => self.attribute(&mut own, &mut used, given.is_none()),
            }
        }
        let qualified = self.dice.once(6);
        let (qname, qualifying) = (format!("q{depth}-"), format!("urn:qualified:{depth}"));
        if qualified {
            self.writer.declare(&qname, Str::plain(&qualifying)).unwrap();
            let local = self.local();
            self.writer.qname(str(&local), Str::plain(&qualifying)).unwrap();
            self.expected.text(&format!("{qname}:{}", local.0));
        }
        self.content(depth, deepest);
        self.writer.end_element().unwrap();
        self.expected.end();
    }

    fn declaration(&mut self, own: &mut Vec<(String, Text)>) {
        let prefix = self.prefix();
        let namespace = self.namespace(&prefix);
        if own.iter().all(|(taken, _)| *taken != prefix) {
            self.writer.declare(&prefix, str(&namespace)).unwrap();
            own.push((prefix, namespace));
        }
    }

    fn xml_attribute(&mut self, used: &mut Vec<(String, String)>) {
        let namespace = viaduct::wire::xml::XML_NAMESPACE;
        let name = ("lang".to_owned(), namespace.to_owned());
        if !used.contains(&name) {
            let value = self.dice.of(&["en", "", "de-CH"]);
            self.writer.start_attribute(Some("xml"), Str::plain("lang"), Str::plain(namespace)).unwrap();
            self.writer.text(value).unwrap();
            self.writer.end_attribute().unwrap();
            self.expected.attribute(Some("xml"), "lang", namespace, value);
            used.push(name);
        }
    }

    fn attribute(&mut self, own: &mut Vec<(String, Text)>, used: &mut Vec<(String, String)>, invent: bool) {
        let (local, prefix) = (self.local(), self.prefix());
        let known = own.iter().find(|(taken, _)| *taken == prefix).map(|(_, namespace)| namespace.clone());
        let namespace = match known {
            _ if prefix.is_empty() => ("".into(), Source::Plain),
            Some(namespace) if !invent => namespace,
            _ => self.namespace(&prefix),
        };
        let name = (local.0.to_string(), namespace.0.to_string());
        if local.0 == "xmlns" || used.contains(&name) {
            return;
        }
        // A prefix that the writer invents may be one that a later call would declare: the two are not mixed in a tag.
        let given = (!invent).then_some(&*prefix);
        self.writer.start_attribute(given, str(&local), str(&namespace)).unwrap();
        let value = self.attribute_value();
        self.writer.end_attribute().unwrap();
        self.expected.attribute(given, &local.0, &namespace.0, &value);
        used.push(name);
        own.push((prefix, namespace));
    }

    /// One typed value, no value, some texts, or bytes.
    fn attribute_value(&mut self) -> String {
        match self.dice.below(8) {
            0 => String::new(),
            1 | 2 => self.typed(),
            3 => self.list(),
            4 => {
                let (first, second) = (self.dice.below(200), self.dice.below(3));
                let bytes = self.dice.bytes(first + second);
                self.writer.bytes(&bytes[..first]).unwrap();
                self.writer.bytes(&bytes[first..]).unwrap();
                Value::Bytes(&bytes).to_string()
            }
            5 => self.dictionary_text(),
            _ => (0..=self.dice.below(3)).map(|_| self.characters()).collect(),
        }
    }

    fn dictionary_text(&mut self) -> String {
        let text = if self.dice.once(2) { self.static_text() } else { self.other_text("value") };
        self.writer.value(&Value::Dictionary(str(&text))).unwrap();
        text.0.into_owned()
    }

    fn characters(&mut self) -> String {
        let size = self.dice.size();
        let text = self.dice.text(size);
        if self.dice.once(4) {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            self.writer.value(&Value::Utf16(viaduct::wire::xml::Utf16::new(&units).unwrap())).unwrap();
        } else {
            self.writer.text(&text).unwrap();
        }
        text
    }

    fn typed(&mut self) -> String {
        let value = typed(self.dice);
        self.writer.value(&value.value()).unwrap();
        value.text(self.runtime)
    }

    /// .NET shows bytes in a list as `System.Byte[]` and refuses a qualified name there, so neither is made.
    fn list(&mut self) -> String {
        let count = self.dice.below(5);
        let items: Vec<Typed> = (0..count).map(|_| typed(self.dice)).collect();
        let items: Vec<_> = items.into_iter().filter(|item| !matches!(item, Typed::QName(..))).collect();
        let values: Vec<_> = items.iter().map(Typed::value).collect();
        self.writer.list(&values).unwrap();
        let texts: Vec<_> = items.iter().map(|item| item.text(self.runtime)).collect();
        texts.join(" ")
    }

    fn content(&mut self, depth: usize, deepest: usize) {
        let pieces = if self.dice.once(8) { 12 } else { 3 };
        let least = if depth == 1 || deepest == 100 { 3 } else { 0 };
        for _ in 0..least + self.dice.below(pieces) {
            match self.dice.below(9) {
                0..=2 if depth < deepest && self.left > 0 => self.element(depth + 1, deepest),
                0..=2 => {}
                3 => self.comment(2),
                4 => self.array(),
                _ => self.text(),
            }
        }
    }

    fn text(&mut self) {
        let text = match self.dice.below(12) {
            0..=2 => self.typed(),
            3 => {
                let text = self.list();
                return self.expected.list(&text);
            }
            4 => return self.bytes(),
            5 => self.dictionary_text(),
            6 => {
                let text = self.dice.of(&["0", "1", "", " ", "true", "-0", "00", "\n  "]);
                self.writer.text(text).unwrap();
                text.to_owned()
            }
            7 => {
                let id = Uuid::from_u128(u128::from(self.dice.bits()) << 64 | u128::from(self.dice.bits()));
                let upper = format!("urn:uuid:{}", id.to_string().to_uppercase());
                let id = if self.dice.once(2) { upper } else { format!("urn:uuid:{id}") };
                self.writer.unique_id(&id).unwrap();
                id
            }
            8 => {
                self.writer.value(&Value::Empty).unwrap();
                String::new()
            }
            _ => self.characters(),
        };
        self.expected.text(&text);
    }

    /// The base64 of several calls is one, where nothing comes between.
    fn bytes(&mut self) {
        let mut all = Vec::new();
        for _ in 0..self.dice.of(&[1, 1, 1, 3]) {
            let size = self.dice.size();
            let bytes = self.dice.bytes(size);
            self.writer.bytes(&bytes).unwrap();
            all.extend(bytes);
        }
        self.expected.bytes(&all);
    }

    fn array(&mut self) {
        let prefix = self.prefix();
        let (local, namespace) = (self.local(), self.namespace(&prefix));
        let given = (!self.dice.once(4)).then_some(&*prefix);
        let count = if self.dice.once(10) { self.dice.size() } else { self.dice.below(5) };
        let kind = self.dice.below(10);
        let dice = &mut *self.dice;
        macro_rules! items {
            ($items:ident, $value:ident, $item:expr) => {{
                let items: Vec<_> = (0..count).map(|_| $item).collect();
                self.writer.array(given, str(&local), str(&namespace), ArrayItems::$items(&items)).unwrap();
                items.into_iter().map(|item| Value::$value(item).to_string()).collect::<Vec<_>>()
            }};
        }
        use crate::values::{date_time, decimal, double, single, time_span, uuid};
        let texts = match kind {
            0 => items!(Bool, Bool, dice.once(2)),
            1 => items!(Int16, Int16, dice.long() as i16),
            2 => items!(Int32, Int32, dice.long() as i32),
            3 => items!(Int64, Int64, dice.long()),
            4 => items!(Float, Float, single(dice)),
            5 => items!(Double, Double, double(dice)),
            6 => items!(Decimal, Decimal, decimal(dice)),
            7 => items!(DateTime, DateTime, date_time(dice)),
            8 => items!(TimeSpan, TimeSpan, time_span(dice)),
            _ => items!(Uuid, Uuid, uuid(dice)),
        };
        for text in texts {
            self.expected.start(given, &local.0, &namespace.0);
            self.expected.text(&text);
            self.expected.end();
        }
    }
}

//! Text XML against the rules of XML 1.0 and its namespaces: what is read, what is refused, and that nothing depends on
//! how the bytes were cut.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use viaduct::wire::xml::{
    Charset, Event, Name, Str, TextReader, TextStyle, TextWriter, Value, XmlError, XmlLimits,
};

/// The events of a document, one a line; text and comments in parts are one.
fn events(bytes: &[u8], cut: usize, limits: &XmlLimits) -> Result<String, XmlError> {
    let mut reader = TextReader::new(limits.clone());
    let mut out = String::new();
    let mut text = String::new();
    let mut drain = |reader: &mut TextReader| -> Result<(), XmlError> {
        while let Some(event) = reader.next()? {
            if let Event::Text(value) = event {
                text.push_str(&value.text());
                continue;
            }
            if !text.is_empty() {
                out.push_str(&format!("text {text:?}\n"));
                text.clear();
            }
            out.push_str(&match event {
                Event::Start(name) => format!("<{}:{} {{{}}}\n", name.prefix, name.local, name.namespace),
                Event::Namespace { prefix, uri } => format!("xmlns {prefix} {uri:?}\n"),
                Event::Attribute { name, value } => {
                    format!("@{}:{} {{{}}} {:?}\n", name.prefix, name.local, name.namespace, value.text())
                }
                Event::Comment(text) => format!("comment {text:?}\n"),
                Event::End => ">\n".to_owned(),
                Event::Text(_) => unreachable!(),
            });
        }
        Ok(())
    };
    for piece in bytes.chunks(cut.max(1)) {
        reader.push(piece);
        drain(&mut reader)?;
    }
    reader.finish();
    drain(&mut reader)?;
    Ok(out)
}

fn read(text: &str) -> Result<String, XmlError> {
    let limits = XmlLimits::default();
    let result = events(text.as_bytes(), usize::MAX, &limits);
    assert_eq!(result, events(text.as_bytes(), 1, &limits), "{text}");
    result
}

/// Text through reader and writer.
fn rewritten(bytes: &[u8], style: TextStyle) -> Result<Vec<u8>, XmlError> {
    let mut reader = TextReader::new(XmlLimits::default());
    let mut writer = TextWriter::new(style);
    reader.push(bytes);
    reader.finish();
    while let Some(event) = reader.next()? {
        writer.event(&event)?;
    }
    writer.finish()?;
    let mut out = Vec::new();
    writer.take(&mut out);
    Ok(out)
}

#[test]
fn names_are_resolved_wherever_their_declaration_stands() {
    assert_eq!(
        read(r#"<q:a q:k="v" k='w' xmlns:q="urn:q" xmlns="urn:d"><b/></q:a>"#).unwrap(),
        "<q:a {urn:q}\n@q:k {urn:q} \"v\"\n@:k {} \"w\"\nxmlns q \"urn:q\"\nxmlns  \"urn:d\"\n<:b {urn:d}\n>\n>\n"
    );
}

#[test]
fn line_ends_and_white_space_in_attributes_are_normalised() {
    // XML 1.0, sections 2.11 and 3.3.3.
    assert_eq!(
        read("<a b=\"1\r\n2\t3&#xD;&#10;4\">x\r\ny\rz&#13;<![CDATA[\r\n]]></a>").unwrap(),
        "<:a {}\n@:b {} \"1 2 3\\r\\n4\"\ntext \"x\\ny\\nz\\r\\n\"\n>\n"
    );
}

#[test]
fn the_five_entities_characters_and_cdata_are_text() {
    assert_eq!(
        read("<a>&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;<![CDATA[<&]]]]><![CDATA[>]]></a>").unwrap(),
        "<:a {}\ntext \"<>&'\\\"A😀<&]]>\"\n>\n"
    );
}

#[test]
fn a_declaration_comments_and_white_space_stand_around_the_root() {
    let text = "<?xml version='1.0' encoding=\"UTF-8\" standalone='yes' ?>\r\n<!--a-b-->\n<a ></a >\n<!---->";
    assert_eq!(read(text).unwrap(), "comment \"a-b\"\n<:a {}\n>\ncomment \"\"\n");
}

#[test]
fn what_is_not_well_formed_is_refused_by_name() {
    use XmlError::*;
    let cases = [
        ("", NoRoot),
        ("  <!--a-->", NoRoot),
        ("<a>", UnexpectedEof),
        ("<a", UnexpectedEof),
        ("<", UnexpectedEof),
        ("<a/><!--", UnexpectedEof),
        ("<a><![CDATA[x]]</a>", UnexpectedEof),
        ("<a b='1</a>", UnexpectedEof),
        ("<a></b>", UnbalancedEnd),
        ("<a/></a>", UnbalancedEnd),
        ("<p:a xmlns:p='u'></a>", UnbalancedEnd),
        ("<a/><b/>", MultipleRoots),
        ("<a/>x", RootText),
        ("x<a/>", RootText),
        ("<a/>&#32;", RootText),
        ("<![CDATA[ ]]><a/>", RootText),
        ("<!DOCTYPE a><a/>", DocumentType),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", DocumentType),
        ("<a><!ELEMENT b></a>", BadMarkup),
        ("<?pi?><a/>", ProcessingInstruction),
        ("<a><?pi x?></a>", ProcessingInstruction),
        ("<a/><?xml version='1.0'?>", ProcessingInstruction),
        (" <?xml version='1.0'?><a/>", ProcessingInstruction),
        ("<?xml-stylesheet href='x'?><a/>", ProcessingInstruction),
        ("<?xml version='1.1'?><a/>", BadDeclaration),
        ("<?xml encoding='utf-8'?><a/>", BadDeclaration),
        ("<?xml version='1.0' encoding='iso-8859-1'?><a/>", BadDeclaration),
        ("<?xml version='1.0' encoding='utf-16'?><a/>", BadDeclaration),
        ("<?xml version='1.0' standalone='yes' encoding='utf-8'?><a/>", BadDeclaration),
        ("<?xml ?><a/>", BadDeclaration),
        ("<a>&b;</a>", UnknownEntity),
        ("<a>&</a>", UnknownEntity),
        ("<a>& b;</a>", UnknownEntity),
        ("<a b='&c;'/>", UnknownEntity),
        ("<a>&#xD800;</a>", UnknownEntity),
        ("<a>&#x110000;</a>", UnknownEntity),
        ("<a>&#1;</a>", BadCharacter('\u{1}')),
        ("<a b='&#xFFFE;'/>", BadCharacter('\u{fffe}')),
        ("<a>\u{1}</a>", BadCharacter('\u{1}')),
        ("<a>]]></a>", CdataEndInText),
        ("<a><!-- -- --></a>", BadComment),
        ("<a><!-----></a>", BadComment),
        ("<1/>", BadName),
        ("< a/>", BadName),
        ("<a:b:c xmlns:a='u'/>", BadName),
        ("<:a/>", BadName),
        ("<a: xmlns:a='u'/>", BadName),
        ("<a xmlns:='u'/>", BadName),
        ("<a b/>", BadMarkup),
        ("<a b=c/>", BadMarkup),
        ("<a b='1'c='2'/>", BadMarkup),
        ("<a b='<'/>", BadMarkup),
        ("<a / >", BadMarkup),
        ("<p:a/>", UndefinedPrefix),
        ("<a p:b='1'/>", UndefinedPrefix),
        ("<a><b xmlns:p='u'/><p:c/></a>", UndefinedPrefix),
        ("<a xmlns:p=''/>", EmptyNamespace),
        ("<a xmlns:xml='u'/>", ReservedPrefix),
        ("<a xmlns:xmlns='u'/>", ReservedPrefix),
        ("<xmlns:a/>", ReservedPrefix),
        ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", ReservedPrefix),
        ("<a b='1' b='2'/>", DuplicateAttribute),
        ("<a p:b='1' q:b='2' xmlns:p='u' xmlns:q='u'/>", DuplicateAttribute),
        ("<a xmlns='u' xmlns='u'/>", DuplicateAttribute),
    ];
    for (text, error) in cases {
        assert_eq!(read(text), Err(error), "{text}");
    }
}

#[test]
fn every_limit_has_its_name() {
    let limits = XmlLimits { depth: 3, markup: 40, name: 8, attributes: 3, namespaces: 2, document: 120 };
    let cases = [
        ("<a><b><c/></b></a>", None),
        ("<a><b><c><d/></c></b></a>", Some(XmlError::TooDeep { max: 3 })),
        ("<a b='1' c='2' d='3'/>", None),
        ("<a b='1' c='2' d='3' e='4'/>", Some(XmlError::TooManyAttributes { max: 3 })),
        ("<a xmlns='u'><b xmlns='v'/><b xmlns='v'/></a>", None),
        ("<a xmlns='u'><b xmlns='v' xmlns:p='w'/></a>", Some(XmlError::TooManyNamespaces { max: 2 })),
        ("<a12345678/>", Some(XmlError::NameTooLong { max: 8 })),
        ("<a b='123456789012345678901234567890123456789'/>", Some(XmlError::MarkupTooLong { max: 40 })),
        (
            "<a><!--12345678901234567890123456789012345678901--></a>",
            Some(XmlError::MarkupTooLong { max: 40 }),
        ),
    ];
    for (text, error) in cases {
        for cut in [1, 7, 1000] {
            assert_eq!(events(text.as_bytes(), cut, &limits).err(), error, "{text} in pieces of {cut}");
        }
    }
    let long = format!("<a>{}</a>", "x".repeat(200));
    assert_eq!(events(long.as_bytes(), 10, &limits), Err(XmlError::DocumentTooLong { max: 120 }));
    // A tag that never ends is refused long before it is all there.
    let mut reader = TextReader::new(limits);
    reader.push(b"<a b='");
    let refused = (0..20).any(|_| {
        reader.push(b"xxxxx");
        reader.next().is_err()
    });
    assert!(refused);
}

#[test]
fn long_text_comes_in_pieces_and_is_never_kept() {
    let mut reader = TextReader::new(XmlLimits::default());
    reader.push(b"<a>");
    let piece = "é&amp;]]\r\n".repeat(100);
    let (mut total, mut longest) = (0, 0);
    for _ in 0..1000 {
        reader.push(piece.as_bytes());
        while let Some(event) = reader.next().unwrap() {
            if let Event::Text(value) = event {
                total += value.text().len();
                longest = longest.max(value.text().len());
            }
        }
    }
    reader.push(b"</a>");
    while let Some(event) = reader.next().unwrap() {
        if let Event::Text(value) = event {
            total += value.text().len();
        }
    }
    assert_eq!(total, "é&]]\n".len() * 100 * 1000);
    assert!(longest <= 8192, "{longest}");
}

#[test]
fn a_push_between_the_events_of_one_tag_does_no_harm() {
    let mut reader = TextReader::new(XmlLimits::default());
    reader.push(b"<a b='1' c='2'");
    assert_eq!(reader.next(), Ok(None));
    reader.push(b">x");
    assert!(matches!(reader.next(), Ok(Some(Event::Start(_)))));
    reader.push("é</a>".as_bytes());
    let Ok(Some(Event::Attribute { name, value })) = reader.next() else { panic!("no attribute") };
    assert_eq!((name.local.text, &*value.text()), ("b", "1"));
}

#[test]
fn utf_16_is_read_and_written() {
    let text = "<a b=\"é\">日本 😀</a>";
    for charset in [Charset::Utf8, Charset::Utf16Le, Charset::Utf16Be] {
        for mark in [false, true] {
            for declaration in [false, true] {
                let style = TextStyle { charset, mark, declaration, ..TextStyle::default() };
                let bytes = rewritten(text.as_bytes(), style).unwrap();
                for cut in [1, 2, 3, 1000] {
                    let found = events(&bytes, cut, &XmlLimits::default()).unwrap();
                    assert_eq!(found, read(text).unwrap(), "{style:?}");
                }
            }
        }
    }
}

#[test]
fn the_writer_escapes_what_a_reader_would_change() {
    let text = "<a b=\"&quot;&lt;&amp;&#x9;&#xA;&#xD;\">&lt;&amp;&gt;\"'\t\n&#xD;</a>";
    assert_eq!(rewritten(text.as_bytes(), TextStyle::default()).unwrap(), text.as_bytes());
}

#[test]
fn empty_elements_are_written_as_the_style_says() {
    let short = TextStyle { short: true, ..TextStyle::default() };
    assert_eq!(rewritten(b"<a><b></b><c>x</c></a>", short).unwrap(), b"<a><b /><c>x</c></a>");
    assert_eq!(rewritten(b"<a><b/></a>", TextStyle::default()).unwrap(), b"<a><b></b></a>");
}

/// Documents of all kinds of pieces.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z é日😀\r\n\t]{0,12}",
        Just("&amp;&#xD;&#x41;&lt;".to_owned()),
        "[a-z<&\r\n\\]]{0,8}".prop_map(|text| format!("<![CDATA[{text}]]>")),
        "[a-z \r\n]{0,8}".prop_map(|text| format!("<!--{text}-->")),
        Just("x".repeat(9000)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        (prop::collection::vec(inner, 0..4), 0usize..4, "[a-z &\t]{0,5}").prop_map(
            |(content, kind, value)| {
                let (content, value) = (content.concat(), value.replace('&', "&quot;"));
                match kind {
                    0 => format!("<a b=\"{value}\">{content}</a>"),
                    1 => format!("<p:a xmlns:p='urn:{{}}' p:b = '{value}' b=''>{content}</p:a >"),
                    2 => format!("<a xmlns=\"urn:d\"\n>{content}<c/></a>"),
                    _ => format!("<a>{content}</a>"),
                }
            },
        )
    })
    .prop_map(|content| format!("<r>{content}</r>"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut(text in document(), cut in 1usize..20_000) {
        let limits = XmlLimits::default();
        prop_assert_eq!(events(text.as_bytes(), cut, &limits), events(text.as_bytes(), usize::MAX, &limits));
    }

    #[test]
    fn what_is_written_reads_as_what_was_read(text in document(), short: bool) {
        let bytes = rewritten(text.as_bytes(), TextStyle { short, ..TextStyle::default() }).unwrap();
        let limits = XmlLimits::default();
        prop_assert_eq!(events(&bytes, 100, &limits), events(text.as_bytes(), 100, &limits));
    }

    #[test]
    fn a_cut_document_is_refused(text in document(), at in any::<prop::sample::Index>()) {
        prop_assume!(at.index(text.len()) > 0);
        let bytes = &text.as_bytes()[..at.index(text.len())];
        prop_assert!(events(bytes, 100, &XmlLimits::default()).is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused_however_they_are_cut(
        bytes in prop::collection::vec(prop_oneof![
            any::<u8>(), prop::sample::select(b"<>/=\"'&;:!?[]-ax \n\0".to_vec())
        ], 0..60),
        cut in 1usize..8,
    ) {
        let limits = XmlLimits::default();
        prop_assert_eq!(events(&bytes, cut, &limits), events(&bytes, usize::MAX, &limits));
    }
}

#[test]
fn bytes_in_pieces_are_one_base64_text_also_around_an_empty_text() {
    let mut writer = TextWriter::new(TextStyle::default());
    let name = Name { prefix: "", local: Str::plain("r"), namespace: Str::plain("") };
    let texts = [Value::Bytes(&[0x82]), Value::Chars(""), Value::Bytes(&[0x61, 0x82, 0x82])];
    let texts = texts.map(Event::Text);
    for event in [Event::Start(name)].iter().chain(&texts).chain([&Event::End]) {
        writer.event(event).unwrap();
    }
    writer.finish().unwrap();
    let mut document = Vec::new();
    writer.take(&mut document);
    assert!(String::from_utf8(document).unwrap().ends_with("<r>gmGCgg==</r>"));
}

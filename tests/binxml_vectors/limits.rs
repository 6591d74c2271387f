//! What is just within a limit is read, what is one more is refused with the limit's own error.

use viaduct::wire::binxml::{ContentError, DecodeError, Dictionaries, Feed, Limits, Reader};

fn read(document: &[u8], limits: &Limits) -> Result<(), DecodeError> {
    let mut reader = Reader::new(document, Dictionaries::STATIC, limits.clone());
    while reader.next_event()?.is_some() {}
    Ok(())
}

/// `of(count)` is read, `of(count + 1)` is not.
fn just(count: usize, limits: &Limits, error: DecodeError, of: impl Fn(usize) -> Vec<u8>) {
    assert_eq!(read(&of(count), limits), Ok(()));
    assert_eq!(read(&of(count + 1), limits), Err(error));
}

fn element(content: &[u8]) -> Vec<u8> {
    [b"\x40\x01r", content, b"\x01"].concat()
}

#[test]
fn elements_nest_to_the_depth() {
    let limits = Limits { depth: 5, ..Limits::default() };
    let nested = |count| [b"\x40\x01e".repeat(count), vec![0x01; count]].concat();
    just(5, &limits, DecodeError::MaxDepth { max: 5 }, nested);
}

#[test]
fn attributes_and_declarations_are_counted_together() {
    let limits = Limits { attributes: 30, ..Limits::default() };
    let many = |count: usize| {
        let attributes = (1..count as u8).map(|name| vec![0x04, 1, name, 0x80]).collect::<Vec<_>>().concat();
        element(&[b"\x08\x01u", &attributes[..]].concat())
    };
    just(30, &limits, DecodeError::TooManyAttributes { max: 30 }, many);
}

#[test]
fn attributes_without_end_are_cut_off_by_their_bytes() {
    let limits = Limits { start_tag: 100, ..Limits::default() };
    let long =
        |size: usize| element(&[&[0x04, 1, b'a', 0x98, size as u8 - 5], &vec![b'x'; size - 5][..]].concat());
    just(100, &limits, DecodeError::StartTagTooLong { max: 100 }, long);
}

#[test]
fn declarations_are_counted_while_they_are_in_scope() {
    let limits = Limits { namespaces: 10, ..Limits::default() };
    let nested = |count: usize| {
        let starts = (b'a'..).take(count).map(|letter| vec![0x40, 1, b'e', 0x09, 1, letter, 1, b'u']);
        [starts.collect::<Vec<_>>().concat(), vec![0x01; count]].concat()
    };
    just(10, &limits, DecodeError::TooManyNamespaces { max: 10 }, nested);
    let side_by_side = element(&b"\x40\x01e\x09\x01a\x01u\x01".repeat(100));
    assert_eq!(read(&side_by_side, &limits), Ok(()));
}

#[test]
fn names_have_a_length() {
    let limits = Limits { name: 20, ..Limits::default() };
    let named = |size: usize| [&[0x40, size as u8], &vec![b'n'; size][..], &[0x01]].concat();
    just(20, &limits, DecodeError::NameTooLong { max: 20 }, named);
}

#[test]
fn distinct_names_are_added_up_when_they_are_limited() {
    let limits = Limits { name_table: 6, ..Limits::default() };
    let named = |count: usize| {
        let names = (b'a'..).take(count - 1).map(|name| vec![0x40, 1, name, 0x01, 0x40, 1, name, 0x01]);
        element(&names.collect::<Vec<_>>().concat())
    };
    just(6, &limits, DecodeError::NameTableFull { max: 6 }, named);
}

#[test]
fn items_of_all_arrays_are_added_up() {
    let limits = Limits { array_items: 6, ..Limits::default() };
    let arrays = |count: usize| {
        let array =
            |count: usize| [&[0x03, 0x40, 1, b'i', 0x01, 0xb5, count as u8], &vec![1; count][..]].concat();
        element(&[array(3), array(count - 3)].concat())
    };
    just(6, &limits, DecodeError::ArrayTooLong { max: 6 }, arrays);
}

#[test]
fn content_that_is_collected_has_a_size() {
    let limits = Limits { string_content: 10, array: 10, ..Limits::default() };
    let content = |document: &[u8]| {
        let mut reader = Reader::new(document, Dictionaries::STATIC, limits.clone());
        reader.next_event().unwrap();
        reader.content().map(|content| content.text().len())
    };
    let pieces = |kind: u8, last: u8| {
        element(&[&[kind, 5], &b"aaaaa"[..], &[kind, last], &vec![b'a'; usize::from(last)][..]].concat())
    };
    assert_eq!(content(&pieces(0x98, 5)), Ok(10));
    assert_eq!(content(&pieces(0x98, 6)), Err(ContentError::StringTooLong { max: 10 }));
    assert_eq!(content(&pieces(0x9e, 5)), Ok(16));
    assert_eq!(content(&pieces(0x9e, 6)), Err(ContentError::BytesTooLong { max: 10 }));
}

#[test]
fn a_feed_keeps_a_start_tag_up_to_its_limit_and_text_of_any_length() {
    let limits = Limits { record: 8192, ..Limits::default() };
    let feed = |document: &[u8]| {
        let (mut feed, mut most) = (Feed::new(limits.clone()), 0);
        for piece in document.chunks(100) {
            feed.push(piece);
            most = most.max(feed.kept());
            while feed.next_event(Dictionaries::STATIC)?.is_some() {}
        }
        feed.finish();
        let mut events = 0;
        while feed.next_event(Dictionaries::STATIC)?.is_some() {
            events += 1;
        }
        Ok((events, most))
    };
    let sized =
        |head: &[u8], size: u32| element(&[head, &size.to_le_bytes(), &vec![b'x'; size as usize]].concat());
    let (_, most) = feed(&sized(b"\x9c", 1 << 20)).unwrap();
    assert!(most < 20_000, "{most}");
    let (_, most) = feed(&sized(b"\xa2", 1 << 20)).unwrap();
    assert!(most < 20_000, "{most}");
    // Waiting for more of a long record before trying again, it may see only at the end that it has all: start, attribute, end.
    assert_eq!(feed(&sized(b"\x04\x01a\x9c", 8000)).map(|(events, _)| events <= 3), Ok(true));
    assert_eq!(feed(&sized(b"\x04\x01a\x9c", 9000)), Err(DecodeError::RecordTooLong { max: 8192 }));
}

#[test]
fn lengths_that_are_not_there_cost_nothing() {
    for head in [&b"\x9c\xff\xff\xff\x7f"[..], b"\xa2\xff\xff\xff\x7f", b"\x03\x40\x01i\x01\xb5\xff\xff\x3f"]
    {
        let mut document = element(head);
        document.pop();
        assert_eq!(read(&document, &Limits::default()), Err(DecodeError::Eof));
        let mut feed = Feed::new(Limits::default());
        feed.push(&document);
        while feed.next_event(Dictionaries::STATIC).unwrap().is_some() {}
        assert!(feed.kept() < 100);
        feed.finish();
        assert_eq!(feed.next_event(Dictionaries::STATIC), Err(DecodeError::Eof));
    }
}

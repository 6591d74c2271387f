//! The files by which documents and what was seen in them pass between the judge and the tests: `dotnet-xml/files.cs`.

/// What the ids of a document are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The static dictionary alone.
    Static,
    /// A session as well, whose new strings stand in front.
    Session,
    /// The same, the first of its session.
    NewSession,
}

/// The documents of a file.
pub(crate) fn read_documents(mut file: &[u8]) -> Vec<(Kind, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some((kind, rest)) = file.split_first() {
        let kind = match kind {
            0 => Kind::Static,
            1 => Kind::Session,
            2 => Kind::NewSession,
            other => panic!("kind {other}"),
        };
        file = rest;
        all.push((kind, sized(&mut file).to_vec()));
    }
    all
}

/// The file with these documents.
pub(crate) fn documents<'a>(all: impl Iterator<Item = (Kind, &'a [u8])>) -> Vec<u8> {
    let mut file = Vec::new();
    for (kind, document) in all {
        file.push(kind as u8);
        put(&mut file, document);
    }
    file
}

/// The dumps of a file.
pub(crate) fn read_dumps(mut file: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    while !file.is_empty() {
        all.push(String::from_utf8(sized(&mut file).to_vec()).unwrap());
    }
    all
}

/// The file with these dumps.
pub(crate) fn dumps<'a>(all: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut file = Vec::new();
    all.for_each(|dump| put(&mut file, dump));
    file
}

fn sized<'a>(file: &mut &'a [u8]) -> &'a [u8] {
    let (size, rest) = file.split_first_chunk().unwrap();
    let (bytes, rest) = rest.split_at(u32::from_le_bytes(*size) as usize);
    *file = rest;
    bytes
}

fn put(file: &mut Vec<u8>, bytes: &[u8]) {
    file.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
    file.extend_from_slice(bytes);
}

//! The recordings of HTTP bindings in `fixtures/relay`.

use std::fs;
use std::path::{Path, PathBuf};

use http::request::Parts;

/// One scenario.
pub(crate) struct Scenario {
    /// Its folder's name, without the version.
    pub(crate) name: String,
    folder: PathBuf,
    pub(crate) meta: serde_json::Value,
}

/// Every scenario `fixtures/relay/*/http-*`.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/relay");
    let below =
        |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let mut found: Vec<Scenario> = below(&root)
        .iter()
        .filter(|folder| folder.is_dir())
        .flat_map(|folder| below(folder))
        .filter_map(|folder| {
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            let meta = || serde_json::from_slice(&fs::read(folder.join("meta.json")).unwrap()).unwrap();
            name.starts_with("http-").then(|| Scenario { meta: meta(), name, folder: folder.clone() })
        })
        .collect();
    found.sort_by(|one, other| one.folder.cmp(&other.folder));
    assert_eq!(found.len(), 31, "the number of recordings of HTTP bindings");
    found
}

/// The scenario of this name.
pub(crate) fn scenario(name: &str) -> Scenario {
    scenarios().into_iter().find(|scenario| scenario.name == name).unwrap()
}

impl Scenario {
    /// The bytes of a stream, where it was recorded.
    pub(crate) fn bytes(&self, stream: &str) -> Option<Vec<u8>> {
        fs::read(self.folder.join(format!("{stream}.bin"))).ok()
    }

    /// What the service saw, of each request.
    pub(crate) fn seen(&self) -> Vec<&serde_json::Value> {
        self.meta["seen_by_the_service"].as_array().into_iter().flatten().collect()
    }
}

/// The requests of a recorded HTTP connection.
pub(crate) fn requests(mut bytes: &[u8]) -> Vec<(Parts, Vec<u8>)> {
    let mut requests = Vec::new();
    while !bytes.is_empty() {
        let mut lines = [httparse::EMPTY_HEADER; 32];
        let mut parsed = httparse::Request::new(&mut lines);
        let size = parsed.parse(bytes).unwrap().unwrap();
        let mut request = http::Request::builder().method(parsed.method.unwrap()).uri(parsed.path.unwrap());
        for line in parsed.headers.iter() {
            request = request.header(line.name, line.value);
        }
        let head = request.body(()).unwrap().into_parts().0;
        let length =
            head.headers.get("content-length").map_or(0, |value| value.to_str().unwrap().parse().unwrap());
        requests.push((head, bytes[size..size + length].to_vec()));
        bytes = &bytes[size + length..];
    }
    requests
}

/// A recorded response: its status, its header lines and its entity.
pub(crate) fn response(bytes: &[u8]) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut lines = [httparse::EMPTY_HEADER; 32];
    let mut parsed = httparse::Response::new(&mut lines);
    let size = parsed.parse(bytes).unwrap().unwrap();
    let line = |line: &httparse::Header<'_>| {
        (line.name.to_ascii_lowercase(), String::from_utf8(line.value.to_vec()).unwrap())
    };
    (parsed.code.unwrap(), parsed.headers.iter().map(line).collect(), bytes[size..].to_vec())
}

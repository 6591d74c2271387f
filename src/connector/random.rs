//! Random numbers from the operating system.

/// Random bytes.
pub(super) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a random source");
    bytes
}

/// A random number.
pub(super) fn number() -> u64 {
    u64::from_le_bytes(bytes())
}

/// A tracking id: a random GUID, as SDKs make them.
pub(crate) fn tracking_id() -> String {
    uuid::Builder::from_random_bytes(bytes()).into_uuid().to_string()
}

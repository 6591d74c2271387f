//! Streams that come in pieces.

/// Up to here an input is also read byte by byte.
const BYTEWISE: usize = 256;

/// The pieces of `bytes` whose sizes take turns; a size of 0 is 1.
pub(super) fn cut(mut bytes: &[u8], sizes: [u8; 2]) -> impl Iterator<Item = &[u8]> {
    let mut sizes = sizes.into_iter().cycle();
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let size = usize::from(sizes.next()?).clamp(1, bytes.len());
        let (piece, rest) = bytes.split_at(size);
        bytes = rest;
        Some(piece)
    })
}

/// The ways in which an input is cut: as the options say, and byte by byte where that is cheap.
pub(super) fn ways(len: usize, sizes: [u8; 2]) -> impl Iterator<Item = [u8; 2]> {
    [Some(sizes), (len <= BYTEWISE).then_some([1, 1])].into_iter().flatten()
}

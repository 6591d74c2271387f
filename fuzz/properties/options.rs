//! The bytes in front of an input that choose how it is used.

/// The first `N` bytes, zeros where the input is shorter, and what follows them.
pub(super) fn options<const N: usize>(input: &[u8]) -> ([u8; N], &[u8]) {
    let (head, rest) = input.split_at(N.min(input.len()));
    let mut options = [0; N];
    options[..head.len()].copy_from_slice(head);
    (options, rest)
}

/// One of several values.
pub(super) fn choose<T: Copy, const N: usize>(option: u8, values: [T; N]) -> T {
    values[usize::from(option) % N]
}

/// Whether a bit of an option is set.
pub(super) fn bit(option: u8, bit: u8) -> bool {
    option >> bit & 1 == 1
}

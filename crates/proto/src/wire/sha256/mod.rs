//! SHA-256 (FIPS 180-4): Python's `hashlib.sha256`.
//!
//! | Python | here |
//! |---|---|
//! | `hashlib.sha256(data).hexdigest()` | [`hex`]`(&`[`digest`]`(data))` |
//! | `h = hashlib.sha256(); h.update(data); h.digest()` | [`Sha256`] |
//!
//! It uses the processor's SHA instructions if it has them; the result is the same.

#[cfg(target_arch = "x86_64")]
mod accelerated;
mod portable;

/// The size of a digest in bytes. Python: `hashlib.sha256().digest_size`.
pub const DIGEST: usize = 32;
/// The size of a block in bytes. Python: `hashlib.sha256().block_size`.
pub const BLOCK: usize = 64;

/// Compresses whole blocks into the state.
type Compress = fn(&mut [u32; 8], &[[u8; BLOCK]]);

/// An incremental hash: Python's `hashlib.sha256()` object. It buffers at most one block, and the
/// digest does not depend on how the input is split.
///
/// The standard defines it for less than 2^61 bytes.
///
/// ```
/// use proto::wire::sha256::{Sha256, hex};
///
/// let mut hash = Sha256::new();
/// hash.update(b"a");
/// hash.update(b"bc");
/// assert!(hex(&hash.finish()).starts_with("ba7816bf8f01cfea"));
/// ```
#[derive(Clone, Debug)]
pub struct Sha256 {
    state: [u32; 8],
    /// The bytes of an incomplete block.
    pending: [u8; BLOCK],
    length: u64,
    compress: Compress,
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl Sha256 {
    /// An empty hash.
    pub fn new() -> Self {
        Self::with(fastest())
    }

    fn with(compress: Compress) -> Self {
        Self {
            state: portable::INITIAL,
            pending: [0; BLOCK],
            length: 0,
            compress,
        }
    }

    /// Adds bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let held = (self.length % BLOCK as u64) as usize;
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if held > 0 {
            let taken = bytes.len().min(BLOCK - held);
            self.pending[held..held + taken].copy_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if held + taken < BLOCK {
                return;
            }
            (self.compress)(&mut self.state, &[self.pending]);
        }
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        if !blocks.is_empty() {
            (self.compress)(&mut self.state, blocks);
        }
        self.pending[..rest.len()].copy_from_slice(rest);
    }

    /// The digest of all that was added.
    pub fn finish(mut self) -> [u8; DIGEST] {
        let bits = self.length.wrapping_mul(8);
        let held = (self.length % BLOCK as u64) as usize;
        // The padding: a one bit, zeros, and in the last eight bytes of a block the length in bits.
        let mut end = [0; 2 * BLOCK];
        end[0] = 0x80;
        let padding = if held < 56 { 64 - held } else { 128 - held };
        end[padding - 8..padding].copy_from_slice(&bits.to_be_bytes());
        self.update(&end[..padding]);
        let mut digest = [0; DIGEST];
        for (bytes, word) in digest.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }
}

/// The digest of `bytes`. Python: `hashlib.sha256(bytes).digest()`.
///
/// ```
/// use proto::wire::sha256::{digest, hex};
///
/// assert!(hex(&digest(b"abc")).starts_with("ba7816bf8f01cfea"));
/// ```
pub fn digest(bytes: &[u8]) -> [u8; DIGEST] {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hash.finish()
}

/// Bytes as lower-case hex digits: Python's `bytes.hex()`.
///
/// ```
/// assert_eq!(proto::wire::sha256::hex(b"\x00\x7f\xff"), "007fff");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|d| char::from(DIGITS[usize::from(d)])).collect()
}

/// The fastest implementation for this machine.
fn fastest() -> Compress {
    #[cfg(target_arch = "x86_64")]
    if let Some(compress) = accelerated::compress() {
        return compress;
    }
    portable::compress
}

#[cfg(test)]
mod tests {
    use super::*;

    fn implementations() -> Vec<Compress> {
        let mut implementations: Vec<Compress> = vec![portable::compress];
        #[cfg(target_arch = "x86_64")]
        implementations.extend(accelerated::compress());
        implementations
    }

    fn digest_with(compress: Compress, pieces: &[&[u8]]) -> [u8; DIGEST] {
        let mut hash = Sha256::with(compress);
        pieces.iter().for_each(|piece| hash.update(piece));
        hash.finish()
    }

    fn with(compress: Compress, pieces: &[&[u8]]) -> String {
        hex(&digest_with(compress, pieces))
    }

    #[test]
    fn digests_match_the_examples_of_the_standard() {
        let million = vec![b'a'; 1_000_000];
        let examples: &[(&[u8], &str)] = &[
            (
                b"",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                b"abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
            (
                b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn\
                  hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
                "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
            ),
            (
                &million,
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            ),
        ];
        for compress in implementations() {
            for (input, expected) in examples {
                assert_eq!(with(compress, &[input]), *expected);
            }
            // The pieces end at every position in a block.
            let pieces: Vec<&[u8]> = million.chunks(997).collect();
            assert_eq!(with(compress, &pieces), examples[4].1);
        }
    }

    /// Chains digests like the Monte Carlo test of NIST's validation system (SHAVS, section 6.4).
    /// The expected value is from Python's `hashlib`.
    #[test]
    fn a_chain_of_digests_matches_python() {
        for compress in implementations() {
            let mut seed = digest_with(compress, &[b"seed"]);
            for _ in 0..100 {
                let mut last = [seed; 3];
                for _ in 0..100 {
                    let [a, b, c] = &last;
                    let next = digest_with(compress, &[a, b, c]);
                    last = [last[1], last[2], next];
                }
                seed = last[2];
            }
            let expected = "8bf4e38f01189bfe662b063fd360e0f71aaa3e1cb56e7bca41afb589e773385a";
            assert_eq!(hex(&seed), expected);
        }
    }

    #[test]
    fn all_implementations_agree_however_the_input_is_split() {
        let input: Vec<u8> = (0..1000u32).map(|i| (i * 7 + i / 251) as u8).collect();
        for length in 0..300 {
            let whole = with(portable::compress, &[&input[..length]]);
            for compress in implementations() {
                for cut in [0, 1, length / 2, length] {
                    let (a, b) = input[..length].split_at(cut.min(length));
                    assert_eq!(with(compress, &[a, b]), whole, "{length} cut at {cut}");
                }
            }
        }
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        for compress in implementations() {
            assert_eq!(with(compress, &bytes), with(compress, &[&input]));
        }
    }
}

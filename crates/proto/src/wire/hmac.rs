//! HMAC-SHA256 (RFC 2104): Python's `hmac.new(key, message, 'sha256')`.
//!
//! | Python | here |
//! |---|---|
//! | `hmac.new(key, message, 'sha256').digest()` | [`Key::new`]`(key)`[`.code`](Key::code)`(&[message])` |
//! | `hmac.compare_digest(a, b)` | [`equal`]`(a, b)` |
//!
//! Never compare codes with `==`: it may stop at the first byte that differs, and an attacker who
//! measures the time can guess a code byte by byte.

use std::fmt;
use std::hint;

use super::sha256::{BLOCK, DIGEST, Sha256, digest};

/// A key. The two SHA-256 blocks that depend only on the key are computed once, not for each code.
///
/// `Debug` does not show the key. Dropping a key does not wipe it from memory.
#[derive(Clone)]
pub struct Key {
    inner: Sha256,
    outer: Sha256,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// A key of any length, even 0. If it is longer than 64 bytes, its SHA-256 is the key.
    ///
    /// ```
    /// use proto::wire::hmac::Key;
    /// use proto::wire::sha256::digest;
    ///
    /// let long = [7; 65];
    /// let code = Key::new(&long).code(&[b"message"]);
    /// assert_eq!(code, Key::new(&digest(&long)).code(&[b"message"]));
    /// ```
    pub fn new(key: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        if key.len() > BLOCK {
            block[..DIGEST].copy_from_slice(&digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let padded = |pad: u8| {
            let mut hash = Sha256::new();
            hash.update(&block.map(|byte| byte ^ pad));
            hash
        };
        Self {
            inner: padded(0x36),
            outer: padded(0x5c),
        }
    }

    /// The authentication code of the concatenated pieces. It does not cover where one piece ends
    /// and the next begins, so for pieces of varying length also include their lengths.
    ///
    /// ```
    /// use proto::wire::hmac::Key;
    /// use proto::wire::sha256::hex;
    ///
    /// let code = Key::new(b"Jefe").code(&[b"what do ya want ", b"for nothing?"]);
    /// assert!(hex(&code).starts_with("5bdcc146bf60754e"));
    /// ```
    pub fn code(&self, pieces: &[&[u8]]) -> [u8; DIGEST] {
        let mut inner = self.inner.clone();
        for piece in pieces {
            inner.update(piece);
        }
        let mut outer = self.outer.clone();
        outer.update(&inner.finish());
        outer.finish()
    }
}

/// Whether two byte strings are equal, compared in constant time: the time does not show how much
/// of a guess is right. Python: `hmac.compare_digest`.
///
/// The code reads every byte of the shorter string, wherever the strings differ, and has no branch
/// and no index that depends on a byte. The time depends on the two lengths, which are not secret.
///
/// This is no guarantee: Rust does not define execution time, so it depends on the machine code.
/// `black_box` keeps the compiler from leaving the loop early, but without a guarantee. The release
/// build for x86-64 was checked and has one loop without an early exit; other compilers and
/// processors were not checked.
///
/// ```
/// use proto::wire::hmac::{Key, equal};
///
/// let code = Key::new(b"key").code(&[b"message"]);
/// assert!(equal(&code, &Key::new(b"key").code(&[b"mess", b"age"])));
/// assert!(!equal(&code, &code[..16]));
/// ```
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    let pairs = a.iter().zip(b);
    let different = pairs.fold(0, |so_far, (x, y)| hint::black_box(so_far | (x ^ y)));
    a.len() == b.len() && different == 0
}

#[cfg(test)]
mod tests {
    use super::super::sha256::hex;
    use super::*;

    /// The seven cases of RFC 4231. The fifth has only the first 16 bytes of its code.
    #[test]
    fn codes_match_the_cases_of_rfc_4231() {
        let long_key = [0xaa; 131];
        let counting: Vec<u8> = (1..=25).collect();
        let cases: [(&[u8], &[u8], &str); 7] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 20],
                &[0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                &counting,
                &[0xcd; 50],
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            ),
            (
                &[0x0c; 20],
                b"Test With Truncation",
                "a3b6167473100ee06e0c796c2955552b",
            ),
            (
                &long_key,
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &long_key,
                b"This is a test using a larger than block-size key and a larger than block-size \
                  data. The key needs to be hashed before being used by the HMAC algorithm.",
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ];
        for (key, message, expected) in cases {
            let key = Key::new(key);
            let code = key.code(&[message]);
            assert_eq!(&hex(&code)[..expected.len()], expected);
            // The expected code is equal, and one that differs in one bit is not.
            let length = expected.len() / 2;
            let mut tag: Vec<u8> = code[..length].to_vec();
            assert!(equal(&code[..length], &tag));
            for bit in 0..length * 8 {
                tag[bit / 8] ^= 1 << (bit % 8);
                assert!(!equal(&code[..length], &tag), "bit {bit}");
                tag[bit / 8] ^= 1 << (bit % 8);
            }
            // The code does not depend on how the message is split, and a shorter tag is not equal.
            for cut in 0..=message.len() {
                let (a, b) = message.split_at(cut);
                assert_eq!(key.code(&[a, b""]), key.code(&[a]));
                assert_eq!(key.code(&[a, b]), code);
                assert_eq!(equal(&code, &code[..cut.min(DIGEST)]), cut >= DIGEST);
            }
        }
    }

    #[test]
    fn equal_compares_every_bit_and_the_length() {
        for length in [0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 100] {
            let a: Vec<u8> = (0..length).map(|i| i as u8 ^ 0x5a).collect();
            let mut b = a.clone();
            assert!(equal(&a, &b));
            for bit in 0..length * 8 {
                b[bit / 8] ^= 1 << (bit % 8);
                assert!(!equal(&a, &b) && !equal(&b, &a), "{length}, bit {bit}");
                b[bit / 8] ^= 1 << (bit % 8);
            }
            b.push(0);
            assert!(!equal(&a, &b) && !equal(&b, &a), "{length}");
        }
        // These differences would cancel out in a sum.
        assert!(!equal(&[1, 2], &[2, 1]) && !equal(&[0xff; 2], &[0; 2]));
    }

    #[test]
    fn keys_up_to_a_block_are_padded_and_longer_ones_hashed() {
        let code = |key: &[u8]| Key::new(key).code(&[b"message"]);
        let key = [7; 2 * BLOCK];
        let padded: [u8; BLOCK] = std::array::from_fn(|i| if i < 20 { 7 } else { 0 });
        assert_eq!(code(&key[..20]), code(&padded));
        assert_ne!(code(&key[..BLOCK]), code(&digest(&key[..BLOCK])));
        for length in BLOCK + 1..2 * BLOCK {
            assert_eq!(code(&key[..length]), code(&digest(&key[..length])));
        }
    }
}

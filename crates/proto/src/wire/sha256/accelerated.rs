//! The compression function with the processor's own SHA instructions.
//!
//! This module has the only line of `unsafe` in the project. Every frame of a session is
//! authenticated on both sides, so a gibibyte of output is hashed twice. In plain Rust this is
//! slower than ssh; with these instructions it is faster. The architecture page has the figures,
//! and `cargo bench -p proto` measures them again.
//!
//! It is sound: calling a function compiled for instructions that the processor lacks is undefined
//! behaviour, so the function is called only after the processor was checked for them. The
//! instructions themselves work on values and access no memory. The unit tests of the parent module
//! compare this implementation with the portable one for many lengths and cuts.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x,
    _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
    _mm_shuffle_epi32,
};

use super::portable::ROUNDS;
use super::{BLOCK, Compress};

/// The accelerated function, if this processor can run it.
pub(super) fn compress() -> Option<Compress> {
    let able = is_x86_feature_detected!("sha")
        && is_x86_feature_detected!("sse2")
        && is_x86_feature_detected!("ssse3")
        && is_x86_feature_detected!("sse4.1");
    able.then_some(checked)
}

/// Only [`compress`] returns this function, after it has checked the processor.
fn checked(state: &mut [u32; 8], blocks: &[[u8; BLOCK]]) {
    // SAFETY: `compress` has checked that the processor has the features of `rounds`.
    #[allow(unsafe_code)]
    unsafe {
        rounds(state, blocks);
    }
}

#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
fn rounds(state: &mut [u32; 8], blocks: &[[u8; BLOCK]]) {
    let [a, b, c, d, e, f, g, h] = state.map(u32::cast_signed);
    // The instructions need the state in this order.
    let mut abef = _mm_set_epi32(a, b, e, f);
    let mut cdgh = _mm_set_epi32(c, d, g, h);
    for block in blocks {
        let (abef_before, cdgh_before) = (abef, cdgh);
        let mut words = load(block);
        for four in 0..16 {
            let [w0, w1, w2, w3] = [0, 1, 2, 3].map(|next| words[(four + next) % 4]);
            let sum = _mm_add_epi32(w0, constants(four));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
            if four < 12 {
                let first = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
                words[four % 4] = _mm_sha256msg2_epu32(first, w3);
            }
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    let parts = [
        _mm_extract_epi32(abef, 3),
        _mm_extract_epi32(abef, 2),
        _mm_extract_epi32(cdgh, 3),
        _mm_extract_epi32(cdgh, 2),
        _mm_extract_epi32(abef, 1),
        _mm_extract_epi32(abef, 0),
        _mm_extract_epi32(cdgh, 1),
        _mm_extract_epi32(cdgh, 0),
    ];
    *state = parts.map(i32::cast_unsigned);
}

/// Loads sixteen big-endian words, four in each register.
#[target_feature(enable = "sse2,ssse3")]
fn load(block: &[u8; BLOCK]) -> [__m128i; 4] {
    let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let (halves, _) = block.as_chunks::<8>();
    [0, 2, 4, 6].map(|at| {
        let low = i64::from_le_bytes(halves[at]);
        let high = i64::from_le_bytes(halves[at + 1]);
        _mm_shuffle_epi8(_mm_set_epi64x(high, low), swap)
    })
}

/// Four constants, the first in the lowest lane.
#[target_feature(enable = "sse2")]
fn constants(four: usize) -> __m128i {
    let [k0, k1, k2, k3] = [0, 1, 2, 3].map(|next| ROUNDS[4 * four + next].cast_signed());
    _mm_set_epi32(k3, k2, k1, k0)
}

// Dropout by counting: what number i is kept, is a function of a seed and i alone, the same on every processor.
//
//     u_i = mix(mix(i 0x9E3779B9 + low) ^ high)        low, high: the halves of the seed; mix is MurmurHash3's finalizer
//     kept_i = scale where u_i < bound, else 0
#pragma once

#include <cstdint>

#ifdef GYEOL_ISA
#include "../products/lanes.hpp"

namespace gyeol::GYEOL_ISA {

typedef uint32_t Counts __attribute__((vector_size(4 * LANES)));

GYEOL_INLINE Counts mix(Counts x) {
    x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
    x = (x ^ (x >> 13)) * 0xC2B2AE35u;
    return x ^ (x >> 16);
}

// Numbers first, ..., last - 1.
static void draw_kept(uint64_t seed, uint32_t bound, float scale, int64_t first, int64_t last, float* kept) {
    Counts lane = {};
    for (int i = 0; i < LANES; ++i) lane[i] = static_cast<uint32_t>(i);
    const uint32_t low = static_cast<uint32_t>(seed), high = static_cast<uint32_t>(seed >> 32);
    for (int64_t i = first; i < last; i += LANES) {
        const Counts at = lane + static_cast<uint32_t>(i);
        const Counts u = mix(mix(at * 0x9E3779B9u + low) ^ high);
        store(kept + i, u < bound ? Lanes{} + scale : Lanes{}, last - i);
    }
}

}  // namespace gyeol::GYEOL_ISA
#endif

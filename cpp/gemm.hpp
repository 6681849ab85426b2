// The one micro-kernel: a tile of rows times a block of packed weights, the sums held in registers.
//
// Packed weights, for a cell with G gates, K inputs and H units (blocks = ceil(H / LANES)):
//
//     packed[block][k][gate][lane]     blocks * K * G * LANES floats; lanes past H are 0
//
// so that the walk over k reads memory strictly forwards. Owner: the caller, who packs once for a whole walk over time.
#pragma once

#include "lanes.hpp"

namespace gyeol::GYEOL_ISA {

// Copy `weight` into columns [at, at + columns) of k of `packed`.
//
//   weight   (G*H, columns)            row-major, gate after gate as in PyTorch; read
//   packed   (blocks, K, G, LANES)     written; must not overlap weight
template <int G>
void pack(const float* weight, int64_t units, int64_t columns, int64_t at, int64_t K, float* packed) {
    for (int64_t first = 0; first < units; first += LANES) {
        float* block = packed + first * K * G + at * G * LANES;
        const int64_t real = units - first < LANES ? units - first : LANES;
        for (int64_t gate = 0; gate < G; ++gate) {
            const float* rows = weight + (gate * units + first) * columns;
            float* to = block + gate * LANES;
            // Whole lines of `packed` are written, and `real` rows of `weight` read side by side.
            for (int64_t k = 0; k < columns; ++k, to += G * LANES)
                for (int64_t lane = 0; lane < LANES; ++lane) to[lane] = lane < real ? rows[lane * columns + k] : 0.0f;
        }
    }
}

// sums[r][g] += sum over k of rows[r][k] * packed[k][g]
//
//   rows     R pointers to K floats    read; they may lie anywhere
//   packed   (K, G, LANES)             one block; read
//   sums     R x G registers           the caller's, updated
template <int R, int G>
GYEOL_INLINE void multiply(Lanes (&sums)[R][G], const float* const* rows, const float* packed, int64_t K) {
    const float* row[R];
    for (int r = 0; r < R; ++r) row[r] = rows[r];
    for (int64_t k = 0; k < K; ++k, packed += G * LANES) {
        Lanes weight[G];
#pragma GCC unroll 8
        for (int g = 0; g < G; ++g) weight[g] = load(packed + g * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const float value = row[r][k];
#pragma GCC unroll 8
            for (int g = 0; g < G; ++g) sums[r][g] += weight[g] * value;
        }
    }
}

}  // namespace gyeol::GYEOL_ISA

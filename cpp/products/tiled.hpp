// Products on tiles (tiles.hpp), over the same packed weights as gemm.hpp's: 16 units of a gate and 16 pairs of k are a tile whose
// rows lie one panel's columns apart, and what they are multiplied with is read where it lies.
//
// Rows are cut into blocks of like size, 16 or fewer; the last block begins early enough to end with the last row, and rows that
// it has in common with the one before are finished once. Nothing past the last row or the last pair is read. Two blocks share
// what they load of the weights: their products are 2 x 2 tiles, those of a single block 1 x 4.
//
// Registers: 0 to 3 the sums, 4 and 5 what is multiplied, 6 and 7 the same of the last pairs where these are fewer than 16.
#pragma once

#include "tiles.hpp"

#if defined(GYEOL_HAS_TILES)
namespace gyeol::GYEOL_ISA {

// What the registers of this thread are set up for; no rows: for nothing.
struct TileShape {
    int64_t rows = 0, tail = 0;
};
static thread_local TileShape tile_shape;

// Blocks of `rows` rows, and last pairs, 0 to 15.
static void shape_tiles(int64_t rows, int64_t tail) {
    if (tile_shape.rows == rows && tile_shape.tail == tail) return;
    TileConfig config;
    for (int i = 0; i < 8; ++i) config.bytes[i] = TILE_BYTES;
    for (int i = 0; i < 4; ++i) config.rows[i] = static_cast<uint8_t>(rows);
    config.rows[4] = config.rows[6] = static_cast<uint8_t>(rows);
    config.rows[5] = TILE_PAIRS;
    config.rows[7] = static_cast<uint8_t>(tail ? tail : TILE_PAIRS);
    config.bytes[6] = static_cast<uint16_t>(4 * (tail ? tail : TILE_PAIRS));
    load_config(config);
    tile_shape = {rows, tail};
}

// At the end of a part: tiles in use slow down what the operating system does with the thread, and its sleep.
static void leave_tiles() {
    if (tile_shape.rows == 0) return;
    release_tiles();
    tile_shape = {};
}

// The rows of R blocks, `stride` bytes apart, and C columns of tiles, 64 bytes apart, whose rows are `step` bytes apart.
struct Factors {
    const char *block[2], *column;
    int64_t stride, step;
};

template <int R, int C, int A, int B>
GYEOL_INLINE void dot_blocks(const Factors& of, int64_t k) {
    const char* column = of.column + k * TILE_PAIRS * of.step;
    load_tile<A>(of.block[0] + k * TILE_BYTES, of.stride);
    load_tile<B>(column, of.step);
    dot_tiles<0, A, B>();
    if constexpr (R == 1) {
        if constexpr (C > 1) {
            load_tile<B>(column + TILE_BYTES, of.step);
            dot_tiles<1, A, B>();
        }
        if constexpr (C > 2) {
            load_tile<B>(column + 2 * TILE_BYTES, of.step);
            dot_tiles<2, A, B>();
        }
        if constexpr (C > 3) {
            load_tile<B>(column + 3 * TILE_BYTES, of.step);
            dot_tiles<3, A, B>();
        }
    } else {
        if constexpr (C > 1) {
            load_tile<B>(column + TILE_BYTES, of.step);
            dot_tiles<1, A, B>();
        }
        load_tile<A>(of.block[1] + k * TILE_BYTES, of.stride);
        dot_tiles<C + C - 1, A, B>();
        if constexpr (C > 1) {
            load_tile<B>(column, of.step);
            dot_tiles<2, A, B>();
        }
    }
}

constexpr int TILE_FLOATS = TILE_ROWS * TILE_PAIRS;

// sums[r * apart + c] = the products of block r with column c, over so many pairs; each TILE_FLOATS floats.
template <int R, int C>
static __attribute__((noinline)) void dot_all(const Factors& of, int64_t pairs, float (*sums)[TILE_FLOATS], int64_t apart) {
    zero_tile<0>();
    if constexpr (R * C > 1) zero_tile<1>();
    if constexpr (R * C > 2) zero_tile<2>();
    if constexpr (R * C > 3) zero_tile<3>();
    const int64_t whole = pairs / TILE_PAIRS;
    for (int64_t k = 0; k < whole; ++k) dot_blocks<R, C, 4, 5>(of, k);
    if (pairs % TILE_PAIRS) dot_blocks<R, C, 6, 7>(of, whole);
    store_tile<0>(sums[0], TILE_BYTES);
    if constexpr (R == 1) {
        if constexpr (C > 1) store_tile<1>(sums[1], TILE_BYTES);
        if constexpr (C > 2) store_tile<2>(sums[2], TILE_BYTES);
        if constexpr (C > 3) store_tile<3>(sums[3], TILE_BYTES);
    } else {
        if constexpr (C > 1) store_tile<1>(sums[1], TILE_BYTES);
        store_tile<C>(sums[apart], TILE_BYTES);
        if constexpr (C > 1) store_tile<3>(sums[apart + 1], TILE_BYTES);
    }
}

// All columns of one panel for one block of rows or two.
static void dot_panel(Factors of, bool two, int64_t columns, int64_t pairs, float (*sums)[TILE_FLOATS]) {
    for (int64_t c = 0; c < columns;) {
        const int64_t left = columns - c;
        if (two && left > 1) dot_all<2, 2>(of, pairs, sums + c, columns);
        else if (two) dot_all<2, 1>(of, pairs, sums + c, columns);
        else if (left > 3) dot_all<1, 4>(of, pairs, sums + c, columns);
        else if (left > 2) dot_all<1, 3>(of, pairs, sums + c, columns);
        else if (left > 1) dot_all<1, 2>(of, pairs, sums + c, columns);
        else dot_all<1, 1>(of, pairs, sums + c, columns);
        const int64_t done = two ? (left > 1 ? 2 : 1) : left > 3 ? 4 : left;
        of.column += done * TILE_BYTES;
        c += done;
    }
}

// gemm.hpp's `product`. The phase's rows must be equally far apart.
template <int G, int U, class Phase>
static void tiled_product(const Phase& phase, int64_t rows, const Bfloat16* packed, int64_t units, int64_t K) {
    if (rows < 1 || units < 1 || K < 1) return;
    alignas(64) float sums[2 * G * U][TILE_FLOATS];
    const int64_t pairs = (K + 1) / 2, blocks = (rows + TILE_ROWS - 1) / TILE_ROWS, size = (rows + blocks - 1) / blocks;
    shape_tiles(size, pairs % TILE_PAIRS);
    const char* first_row = reinterpret_cast<const char*>(phase.row(0));
    const int64_t stride = rows > 1 ? reinterpret_cast<const char*>(phase.row(1)) - first_row : TILE_BYTES;
    const auto begin = [&](int64_t block) { return block * size < rows - size ? block * size : rows - size; };
    for (int64_t first = 0; first < units; first += U * TILE_PAIRS) {
        const int64_t across = units - first < U * TILE_PAIRS ? (units - first + TILE_PAIRS - 1) / TILE_PAIRS : U;
        const int64_t columns = G * across;
        const char* panel = reinterpret_cast<const char*>(packed + first * G * 2 * pairs);
        for (int64_t block = 0; block < blocks; block += 2) {
            const bool two = block + 1 < blocks;
            const Factors of{{first_row + begin(block) * stride, first_row + begin(block + two) * stride}, panel, stride,
                             columns * TILE_BYTES};
            dot_panel(of, two, columns, pairs, sums);
            for (int64_t r = block * size, end = r + (1 + two) * size; r < end && r < rows; ++r) {
                const bool second = r >= (block + 1) * size;
                const float* row = sums[second ? columns : 0] + (r - begin(block + second)) * TILE_PAIRS;
                for (int64_t unit = first; unit < units && unit < first + across * TILE_PAIRS; unit += LANES) {
                    const float* from = row + (unit - first) / TILE_PAIRS * TILE_FLOATS + (unit - first) % TILE_PAIRS;
                    Lanes of_gates[G];
#pragma GCC unroll 4
                    for (int gate = 0; gate < G; ++gate) of_gates[gate] = load(from + gate * across * TILE_FLOATS);
                    phase.template finish<1>(r, unit, units - unit, of_gates);
                }
            }
        }
    }
}

}  // namespace gyeol::GYEOL_ISA
#endif

// The one micro-kernel: a tile of rows times a panel of packed weights, the sums held in registers.
//
// A panel holds the columns of U blocks of LANES units and, for each, of G gates side by side: C = G * U registers of columns.
// Weights are packed once for a whole walk, so that the walk over k reads memory strictly forwards:
//
//     float   packed[panel][k][gate][block][lane]
//     Bfloat16    packed[panel][k / 2][gate][block][lane][k % 2]      K counted up to an even number, what is past it 0
//     High        the same of three times as many k: w rounded, what rounding left, w rounded again
//     Quad    packed[panel][k / 4][gate][block][lane][k % 4]      the same in fours, after the panel's head: see quad.hpp
//
// Lanes past the last unit are 0. The last panel may have fewer than U blocks. Owner: the caller.
//
// High is float by bfloat16s: x = high + low, both rounded to bfloat16, and x w = high high' + high low' + low high', summed in
// float32, off by some 2^-17 of it. The three are one product of Bfloat16 over [high, high, low] and [high', low', high'].
#pragma once

#include "../rows/team.hpp"
#include "quad.hpp"
#include "tiled.hpp"

namespace gyeol::GYEOL_ISA {

// How many numbers of type T are multiplied at once, and how many such steps n numbers are.
template <class T>
constexpr int64_t PAIR = sizeof(float) / sizeof(T);
template <class T>
GYEOL_INLINE int64_t paired(int64_t n) {
    return (n + PAIR<T> - 1) / PAIR<T>;
}

template <class T>
constexpr bool IS_QUAD = sizeof(T) == sizeof(Quad);

template <class T>
constexpr bool IS_HIGH = std::is_same_v<T, High>;

// How a cell keeps numbers that will be multiplied with a T: Bfloat16 rounds one by one, but of a Quad the whole row must be known,
// and a High is made of both its halves only where it is multiplied.
template <class T>
using Stored = std::conditional_t<IS_QUAD<T> || IS_HIGH<T>, float, T>;

// Units of a block: what a register holds, or a tile.
template <class T>
constexpr int BLOCK = std::is_same_v<T, Bfloat16> || IS_HIGH<T> ? 16 : LANES;

// K as packed: Bfloat16 is multiplied in pairs, Quad in fours, and each column of Quads has a head of eight bytes.
template <class T>
GYEOL_INLINE int64_t padded_depth(int64_t K) {
    return round_up(K, PAIR<T>) * (IS_HIGH<T> ? 3 : 1) + (IS_QUAD<T> ? 8 : 0);
}

// Elements of packed weights of G gates, `units` units, K inputs.
template <class T>
GYEOL_INLINE int64_t packed_size(int64_t gates, int64_t units, int64_t K) {
    return round_up(units, BLOCK<T>) * gates * padded_depth<T>(K);
}

// The panel whose first unit is `first`.
template <class T, int G>
GYEOL_INLINE const T* panel_of(const T* packed, int64_t first, int64_t K) {
    return packed + first * G * padded_depth<T>(K);
}

// To the nearest, ties to even; a NaN stays one. Returns the bits of the bfloat16 in the upper half.
GYEOL_INLINE uint32_t rounded(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    const bool nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
    return nan ? bits | 0x400000u : bits + 0x7FFFu + ((bits >> 16) & 1u);
}

constexpr int STRIP = 32;  // of k: a block of LANES units and so many k fits into the first cache both ways

// One block of LANES units of one gate, k from k_0 to k_1: to[k * step + lane], lanes past `count` 0.
static void pack_block(const float* from, int64_t unit_stride, int64_t k_stride, int64_t count, int64_t k_0, int64_t k_1,
                       int64_t, float* to, int64_t step) {
    if (unit_stride == 1) {
        for (int64_t k = k_0; k < k_1; ++k) store(to + k * step, load(from + k * k_stride, count));
        return;
    }
    int64_t k = k_0;
    if (k_stride == 1 && count >= LANES)
        for (; k + LANES <= k_1; k += LANES) {
            Lanes square[LANES];
            for (int lane = 0; lane < LANES; ++lane) square[lane] = load(from + lane * unit_stride + k);
            turn(square);
            for (int i = 0; i < LANES; ++i) store(to + (k + i) * step, square[i]);
        }
    for (; k < k_1; ++k)
        for (int64_t lane = 0; lane < LANES; ++lane)
            to[k * step + lane] = lane < count ? from[lane * unit_stride + k * k_stride] : 0.0f;
}

#if defined(GYEOL_HAS_BFLOAT16)
// A number's bfloat16, or that of what rounding leaves of it, in the upper half.
template <bool REST>
GYEOL_INLINE uint32_t rounded_part(float value) {
    const uint32_t high = rounded(value) & 0xFFFF0000u;
    if (!REST) return high;
    if ((high & 0x7F800000u) == 0x7F800000u) return 0;
    float near;
    __builtin_memcpy(&near, &high, sizeof near);
    return rounded(value - near) & 0xFFFF0000u;
}

template <bool REST>
GYEOL_INLINE Bfloat16Lanes round_part(Lanes v) {
    return REST ? round_rest(v) : round_all(v);
}

// The same in pairs of k: to[k * step + 2 * lane + k % 2], an odd last k completed by 0.
template <bool REST = false>
static void pack_block(const float* from, int64_t unit_stride, int64_t k_stride, int64_t count, int64_t k_0, int64_t k_1,
                       int64_t K, Bfloat16* to, int64_t step) {
    constexpr int UNITS = BLOCK<Bfloat16>;
    int64_t k = k_0;
    if constexpr (LANES == UNITS) {
        if (unit_stride == 1) {
            for (; k < k_1; k += 2) {
                const float* row = from + k * k_stride;
                store_pairs(to + k * step, round_part<REST>(load(row, count)),
                            k + 1 < K ? round_part<REST>(load(row + k_stride, count)) : Bfloat16Lanes{});
            }
            return;
        }
        if (k_stride == 1 && count >= LANES)
            for (; k + 2 * LANES <= k_1 && k + 2 * LANES <= K; k += 2 * LANES) {
                Lanes square[LANES];  // of pairs
                for (int lane = 0; lane < LANES; ++lane) {
                    const float* row = from + lane * unit_stride + k;
                    const Bfloat16Lanes halves[2] = {round_part<REST>(load(row)), round_part<REST>(load(row + LANES))};
                    __builtin_memcpy(&square[lane], halves, sizeof square[lane]);
                }
                turn(square);
                for (int i = 0; i < LANES; ++i) __builtin_memcpy(to + (k + 2 * i) * step, &square[i], sizeof square[i]);
            }
    }
    for (; k < k_1; k += 2)
        for (int64_t lane = 0; lane < UNITS; ++lane) {
            const float* pair = from + lane * unit_stride + k * k_stride;
            const uint32_t low = lane < count ? rounded_part<REST>(pair[0]) >> 16 : 0;
            const uint32_t high = lane < count && k + 1 < K ? rounded_part<REST>(pair[k_stride]) : 0;
            const uint32_t both = low | high;
            __builtin_memcpy(to + k * step + 2 * lane, &both, sizeof both);
        }
}

static void pack_block(const float* from, int64_t unit_stride, int64_t k_stride, int64_t count, int64_t k_0, int64_t k_1,
                       int64_t K, High* to, int64_t step) {
    const int64_t section = round_up(K, 2) * step;
    for (int i = 0; i < 3; ++i) {
        Bfloat16* at = reinterpret_cast<Bfloat16*>(to) + i * section;
        if (i == 1) pack_block<true>(from, unit_stride, k_stride, count, k_0, k_1, K, at, step);
        else pack_block<false>(from, unit_stride, k_stride, count, k_0, k_1, K, at, step);
    }
}
#endif

// Pack weight[gate * gate_stride + unit * unit_stride + k * k_stride], K of them for each unit of G gates. Part `part` of
// `parts` packs every parts-th panel.
//
//   weight   read
//   packed   packed_size<T>(G, units, K) elements, output; must not overlap weight
template <class T, int G, int U>
static void pack(const float* weight, int64_t gate_stride, int64_t unit_stride, int64_t k_stride, int64_t units, int64_t K,
                 int64_t part, int64_t parts, T* packed) {
    constexpr int B = BLOCK<T>;
    if constexpr (IS_QUAD<T>)
        return pack_quads<G, U>(weight, gate_stride, unit_stride, k_stride, units, K, padded_depth<T>(K), part, parts, packed);
    else
    for (int64_t first = part * U * B; first < units; first += parts * U * B) {
        T* panel = packed + first * G * padded_depth<T>(K);
        const int64_t blocks = units - first < U * B ? (units - first + B - 1) / B : U;
        const int64_t step = G * blocks * B, depth = round_up(K, PAIR<T>);
        for (int64_t k = 0; k < depth; k += STRIP)
            for (int64_t gate = 0; gate < G; ++gate)
                for (int64_t block = 0; block < blocks; ++block) {
                    const int64_t unit = first + block * B, end = depth < k + STRIP ? depth : k + STRIP;
                    pack_block(weight + gate * gate_stride + unit * unit_stride, unit_stride, k_stride, units - unit, k, end,
                               K, panel + (gate * blocks + block) * B * PAIR<T>, step);
                }
    }
}

// sums[r][c] += sum over k of at(r, k) * panel[k][c]
//
//   at       the number in row r, column k; for Bfloat16 k counts pairs, and it is the pair's 32 bits
//   panel    K * C * LANES numbers, or pairs of them; read
//   sums     R x C registers, the caller's, updated
template <int R, int C, class At>
GYEOL_INLINE void multiply(Lanes (&sums)[R][C], At at, const float* panel, int64_t K) {
    for (int64_t k = 0; k < K; ++k, panel += C * LANES) {
        Lanes weight[C];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) weight[c] = load(panel + c * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const float value = at(r, k);
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) sums[r][c] += weight[c] * value;
        }
    }
}

GYEOL_INLINE float element(const float* row, int64_t k) { return row[k]; }

#if defined(__AVX512BF16__)
template <int R, int C, class At>
GYEOL_INLINE void multiply(Lanes (&sums)[R][C], At at, const Bfloat16* panel, int64_t K) {
    for (int64_t k = 0; k < K; ++k, panel += 2 * C * LANES) {
        __m512bh weight[C];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) __builtin_memcpy(&weight[c], panel + 2 * c * LANES, sizeof weight[c]);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            const __m512bh value = (__m512bh)_mm512_set1_epi32(at(r, k));
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) sums[r][c] = (Lanes)_mm512_dpbf16_ps((__m512)sums[r][c], value, weight[c]);
        }
    }
}

GYEOL_INLINE int32_t element(const Bfloat16* row, int64_t k) {
    int32_t pair;
    __builtin_memcpy(&pair, row + 2 * k, sizeof pair);
    return pair;
}
#endif

// Rows worked on at once: as many as leave registers for the weights and one value.
template <int C>
constexpr int TILE = REGISTERS == 32 ? (C >= 4 ? 6 : 8) : (C >= 4 ? 3 : 4);

// One tile of one panel: multiply, then hand each block of units to the phase.
//
//   phase.row(r)                          K elements of row r
//   phase.ahead(r, unit)                  where it is there: ask the memory for what finish will meet, which comes meanwhile
//   phase.finish(r, unit, count, sums)    the row's sums of the block at `unit`, of which `count` units are real; gate g of
//                                         them is sums[g * U]
//
// Not inlined: beside the surrounding loops GCC keeps the constants of the gates in registers that the sums need.
template <class T, int R, int G, int U, class Phase>
static __attribute__((noinline)) void tile(const Phase& phase, int64_t first, int64_t units, int64_t at, const T* panel,
                                           int64_t K) {
    if constexpr (requires { phase.ahead(at, first); })
        for (int r = 0; r < R; ++r)
            for (int u = 0; u < U; ++u) phase.ahead(at + r, first + u * LANES);
    Lanes sums[R][G * U];
    const T* rows[R];
    for (int r = 0; r < R; ++r) {
        rows[r] = phase.row(at + r);
        for (int c = 0; c < G * U; ++c) sums[r][c] = Lanes{};
    }
    multiply<R, G * U>(
        sums, [&](int r, int64_t k) __attribute__((always_inline)) { return element(rows[r], k); }, panel, paired<T>(K));
    for (int r = 0; r < R; ++r)
        for (int u = 0; u < U; ++u) {
            const int64_t unit = first + u * LANES;
            phase.template finish<U>(at + r, unit, units - unit, &sums[r][u]);
        }
}

template <int R>
struct Size {
    static constexpr int rows = R;
};

// Cut rows into tiles of MOST or fewer, as equal as can be (8 is 4 + 4, not 6 + 2): work(Size<R>, at) for R rows from `at` on.
template <int MOST, class Work>
GYEOL_INLINE void in_tiles(int64_t rows, Work work) {
    const int64_t tiles = (rows + MOST - 1) / MOST;
    for (int64_t n = 0, at = 0; n < tiles; ++n) {
        const int64_t size = rows / tiles + (n < rows % tiles);
        switch (size) {
            case 1: work(Size<1>{}, at); break;
            case 2: work(Size<2>{}, at); break;
            case 3: work(Size<3>{}, at); break;
            case 4: work(Size<(MOST < 4 ? MOST : 4)>{}, at); break;
            case 5: work(Size<(MOST < 5 ? MOST : 5)>{}, at); break;
            case 6: work(Size<(MOST < 6 ? MOST : 6)>{}, at); break;
            case 7: work(Size<(MOST < 7 ? MOST : 7)>{}, at); break;
            default: work(Size<MOST>{}, at); break;
        }
        at += size;
    }
}

template <class T, int G, int U, class Phase>
static void sweep(const Phase& phase, int64_t first, int64_t units, int64_t rows, const T* panel, int64_t K) {
    in_tiles<TILE<G * U>>(rows, [&](auto size, int64_t at) {
        tile<T, decltype(size)::rows, G, U>(phase, first, units, at, panel, K);
    });
}

// All panels, or this member's of a team. The panel is the outer loop: it stays in the cache while rows pass.
template <class T, int G, int U, class Phase>
static void panels(const Phase& phase, int64_t rows, const T* packed, int64_t units, int64_t K, const Team& team) {
    const int64_t last = first_unit(team, team.member + 1, units, U * LANES);
    for (int64_t first = first_unit(team, team.member, units, U * LANES); first < last; first += U * LANES) {
        const T* panel = panel_of<T, G>(packed, first, K);
        const int64_t blocks = (units - first + LANES - 1) / LANES;
        if (U == 1 || blocks >= U) sweep<T, G, U>(phase, first, units, rows, panel, K);
        else if (blocks == 1) sweep<T, G, 1>(phase, first, units, rows, panel, K);
        else if (blocks == 2) sweep<T, G, (U > 2 ? 2 : U)>(phase, first, units, rows, panel, K);
        else sweep<T, G, (U > 3 ? 3 : U)>(phase, first, units, rows, panel, K);
    }
}

#if defined(GYEOL_HAS_BFLOAT16)
// Fewer rows are multiplied in registers: they would use a small part of a tile, and read as many weights. The emulation has no
// such registers.
#if defined(GYEOL_EMULATED_TILES)
constexpr int64_t FEWEST_TILED = 1;
#elif defined(GYEOL_HAS_TILES)
constexpr int64_t FEWEST_TILED = 5;
#endif

template <int G, int U, class Phase>
static void bfloat16_product(const Phase& phase, int64_t rows, const Bfloat16* packed, int64_t units, int64_t K,
                             [[maybe_unused]] const Team& team) {
#if defined(GYEOL_HAS_TILES)
    if (FEWEST_TILED == 1 || rows >= FEWEST_TILED) return tiled_product<G, U>(phase, rows, packed, units, K);
#endif
#if !defined(GYEOL_EMULATED_TILES)
    panels<Bfloat16, G, U>(phase, rows, packed, units, K, team);
#endif
}

// Bytes of a buffer for so many rows of K numbers, each as [high, high, low].
GYEOL_INLINE int64_t split_size(int64_t rows, int64_t K) { return 2 * (rows * padded_depth<High>(K) + 4 * LANES); }

// A phase whose rows are split; those of the phase itself are K floats.
template <class Phase>
struct Split {
    const Phase& phase;
    const Bfloat16* rows;
    int64_t width;
    GYEOL_INLINE_MEMBER const Bfloat16* row(int64_t r) const { return rows + r * width; }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
        phase.template finish<U>(r, unit, count, sums);
    }
};

// One row of K floats; a register past the last number may be written.
GYEOL_INLINE void split(const float* row, int64_t K, Bfloat16* to) {
    const int64_t depth = round_up(K, 2);
    for (int i = 0; i < 3; ++i, to += depth)
        for (int64_t k = 0; k < K; k += LANES) {
            const Lanes v = load(row + k, K - k);
            const Bfloat16Lanes part = i < 2 ? round_all(v) : round_rest(v);
            __builtin_memcpy(to + k, &part, sizeof part);
        }
}
#endif

// `rows` rows times all panels packed by pack<T, G, U>, or this member's of a team, which tiles and High have none of. For High the
// phase's rows are floats, all read before anything is finished, and `buffer` is split_size(rows, K) bytes.
template <class T, int G, int U, class Phase>
static void product(const Phase& phase, int64_t rows, const T* packed, int64_t units, int64_t K,
                    [[maybe_unused]] char* buffer = nullptr, [[maybe_unused]] const Team& team = ALONE) {
#if defined(GYEOL_HAS_BFLOAT16)
    if constexpr (std::is_same_v<T, Bfloat16>) {
        bfloat16_product<G, U>(phase, rows, packed, units, K, team);
    } else if constexpr (IS_HIGH<T>) {
        Bfloat16* to = reinterpret_cast<Bfloat16*>(buffer);
        const int64_t width = padded_depth<High>(K);
        for (int64_t r = 0; r < rows; ++r) split(phase.row(r), K, to + r * width);
        bfloat16_product<G, U>(Split<Phase>{phase, to, width}, rows, reinterpret_cast<const Bfloat16*>(packed), units, width, ALONE);
    } else
#endif
        panels<T, G, U>(phase, rows, packed, units, K, team);
}

}  // namespace gyeol::GYEOL_ISA

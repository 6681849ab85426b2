// Tiles (Intel's AMX): eight registers of up to 16 rows of 64 bytes, and one operation that multiplies two and adds to a third.
//
// Two bodies with the same names: the instructions, and where GYEOL_EMULATED_TILES is defined an emulation of them in plain C++,
// which rounds as they do, to the last bit of every finite number (a NaN stays one, its payload may differ).
//
//     load_config(config)      the rows and bytes a row of each register; all become 0
//     load_tile<T>(from, stride)     its rows, `stride` bytes apart
//     store_tile<T>(to, stride)
//     zero_tile<T>()
//     dot_tiles<D, A, B>()     D[m][n] += sum over pairs k of A[m][k] . B[k][n], pairs of bfloat16, D float32
//     release_tiles()
//
// The rounding of TDPBF16PS (Intel's Software Developer's Manual, volume 2): for each m and n two float32 sums from 0, of the
// even and the odd members of the pairs, fused and in the order of k; then even + odd; then D + that. To the nearest, ties to even;
// denormal numbers are 0 as inputs and as results; the control register (MXCSR) is not consulted and no exception is raised.
//
// The instructions are written here and not by the compiler's macros: GCC's take no template's number, do not say that a load
// reads memory, and of a configuration only that 8 of its 64 bytes are read, so that stores before them might come too late.
#pragma once

#include "lanes.hpp"

#if defined(GYEOL_HAS_TILES)
namespace gyeol::GYEOL_ISA {

constexpr int TILE_ROWS = 16, TILE_PAIRS = 16, TILE_BYTES = 64;  // most rows; most pairs, or floats, a row

struct alignas(64) TileConfig {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t bytes[16] = {};  // a row of each register
    uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

#if !defined(GYEOL_EMULATED_TILES)

GYEOL_INLINE void load_config(const TileConfig& config) { asm volatile("ldtilecfg %0" : : "m"(config) : "memory"); }
GYEOL_INLINE void release_tiles() { asm volatile("tilerelease" : : : "memory"); }
template <int T>
GYEOL_INLINE void zero_tile() {
    asm volatile("tilezero %%tmm%c0" : : "i"(T));
}
template <int T>
GYEOL_INLINE void load_tile(const void* from, int64_t stride) {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0" : : "i"(T), "r"(from), "r"(stride) : "memory");
}
template <int T>
GYEOL_INLINE void store_tile(void* to, int64_t stride) {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)" : : "i"(T), "r"(to), "r"(stride) : "memory");
}
template <int D, int A, int B>
GYEOL_INLINE void dot_tiles() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(D), "i"(A), "i"(B));
}

#else

struct Tile {
    uint32_t words[TILE_ROWS][TILE_PAIRS];
};
struct TileFile {
    TileConfig config;
    Tile tiles[8];
};
static thread_local TileFile tile_file;  // a thread's own, as a core's registers are

static void load_config(const TileConfig& config) {
    tile_file.config = config;
    __builtin_memset(tile_file.tiles, 0, sizeof tile_file.tiles);
}
static void release_tiles() { tile_file = {}; }
template <int T>
static void zero_tile() {
    __builtin_memset(&tile_file.tiles[T], 0, sizeof(Tile));
}
template <int T>
static void load_tile(const void* from, int64_t stride) {
    Tile& to = tile_file.tiles[T];
    __builtin_memset(&to, 0, sizeof to);
    for (int row = 0; row < tile_file.config.rows[T]; ++row)
        __builtin_memcpy(to.words[row], static_cast<const char*>(from) + row * stride, tile_file.config.bytes[T]);
}
template <int T>
static void store_tile(void* to, int64_t stride) {
    for (int row = 0; row < tile_file.config.rows[T]; ++row)
        __builtin_memcpy(static_cast<char*>(to) + row * stride, tile_file.tiles[T].words[row], tile_file.config.bytes[T]);
}

GYEOL_INLINE float float_of(uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}
GYEOL_INLINE uint32_t bits_of(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

// A float's value, 0 of its sign for a denormal one, whatever MXCSR says.
GYEOL_INLINE double exact(uint32_t bits) { return float_of((bits & 0x7F800000u) ? bits : bits & 0x80000000u); }

// A sum of two numbers of 24 digits or fewer, which double has rounded to 53, to float: twice is as once (Figueroa 1995). What
// is still too small when it has been rounded to 24 digits becomes 0.
GYEOL_INLINE float narrow(double sum) {
    const double size = sum < 0 ? -sum : sum;
    if (size < 0x1p-126) {
        const float least = size >= 0x1p-126 - 0x1p-151 ? 0x1p-126f : 0.0f;
        return __builtin_signbit(sum) ? -least : least;
    }
    return static_cast<float>(sum);
}

// Whether every bfloat16 is 0 or between 2^-50 and 2^51. Their products are then exact in float, sums of these are multiples of
// 2^-114 and below 2^107, and no denormal number or infinity can arise: float itself rounds as the tile does.
static bool ordinary(const Tile& tile) {
    uint32_t strange = 0;
    for (int row = 0; row < TILE_ROWS; ++row)
        for (int pair = 0; pair < TILE_PAIRS; ++pair) {
            const uint32_t word = tile.words[row][pair], low = word & 0x7FFFu, high = (word >> 16) & 0x7FFFu;
            strange |= (low != 0) & ((low >> 7) - 77u > 100u);
            strange |= (high != 0) & ((high >> 7) - 77u > 100u);
        }
    return !strange;
}

// Whether every float is 0 or between 2^-63 and 2^64: the same holds of their sums with those.
static bool ordinary(const uint32_t (&words)[TILE_PAIRS]) {
    uint32_t strange = 0;
    for (const uint32_t word : words) {
        const uint32_t size = word & 0x7FFFFFFFu;
        strange |= (size != 0) & ((size >> 23) - 64u > 127u);
    }
    return !strange;
}

static __attribute__((noinline)) void emulate_dot(Tile& d, const Tile& a, const Tile& b, int rows, int pairs) {
    float even_b[TILE_PAIRS][TILE_ROWS], odd_b[TILE_PAIRS][TILE_ROWS];
    for (int k = 0; k < pairs; ++k)
        for (int n = 0; n < TILE_ROWS; ++n) {
            even_b[k][n] = float_of(b.words[k][n] << 16);
            odd_b[k][n] = float_of(b.words[k][n] & 0xFFFF0000u);
        }
    const bool plain = ordinary(a) && ordinary(b);
    for (int m = 0; m < rows; ++m) {
        float even[TILE_ROWS] = {}, odd[TILE_ROWS] = {};
        for (int k = 0; k < pairs; ++k) {
            const uint32_t word = a.words[m][k];
            if (plain) {
                const float even_a = float_of(word << 16), odd_a = float_of(word & 0xFFFF0000u);
                for (int n = 0; n < TILE_ROWS; ++n) even[n] += even_a * even_b[k][n];
                for (int n = 0; n < TILE_ROWS; ++n) odd[n] += odd_a * odd_b[k][n];
            } else {
                const double even_a = exact(word << 16), odd_a = exact(word & 0xFFFF0000u);
                for (int n = 0; n < TILE_ROWS; ++n) {
                    even[n] = narrow(static_cast<double>(even[n]) + even_a * exact(bits_of(even_b[k][n])));
                    odd[n] = narrow(static_cast<double>(odd[n]) + odd_a * exact(bits_of(odd_b[k][n])));
                }
            }
        }
        if (plain && ordinary(d.words[m])) {
            for (int n = 0; n < TILE_ROWS; ++n) d.words[m][n] = bits_of(float_of(d.words[m][n]) + (even[n] + odd[n]));
            continue;
        }
        for (int n = 0; n < TILE_ROWS; ++n) {
            const float both = narrow(static_cast<double>(even[n]) + static_cast<double>(odd[n]));
            d.words[m][n] = bits_of(narrow(exact(d.words[m][n]) + static_cast<double>(both)));
        }
    }
}

template <int D, int A, int B>
static void dot_tiles() {
    emulate_dot(tile_file.tiles[D], tile_file.tiles[A], tile_file.tiles[B], tile_file.config.rows[D], tile_file.config.bytes[A] / 4);
}

#endif

}  // namespace gyeol::GYEOL_ISA
#endif

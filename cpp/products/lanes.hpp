// One register of floats, the gate functions on it, and bfloat16 where the processor multiplies it (int8: quad.hpp).
//
// Written with the vector types of GCC and Clang instead of intrinsics, so that one text serves AVX-512, AVX2, SSE2 and Arm's
// NEON; where AVX-512 has an instruction of its own that they cannot name, it stands beside the plain text. kernels.cpp is compiled once for each
// instruction set. Everything that is compiled there lives in namespace gyeol::GYEOL_ISA, and neither this header nor the
// others it includes may use inline functions from elsewhere (std::vector, std::min): the linker keeps one copy of such a
// function, and it might be the one with AVX-512 in it.
#pragma once

#include <cstdint>
#include <utility>  // types only: see above
#if defined(__AVX2__)
#include <immintrin.h>
#endif

// What is multiplied beside float: bfloat16, by AVX512-BF16 or by tiles (tiles.hpp), which may be emulated on any processor.
#if defined(__AMX_BF16__) || defined(GYEOL_EMULATED_TILES)
#define GYEOL_HAS_TILES
#endif
#if defined(__AVX512BF16__) || defined(GYEOL_HAS_TILES)
#define GYEOL_HAS_BFLOAT16
#endif

namespace gyeol::GYEOL_ISA {

#if defined(__AVX512F__)
constexpr int LANES = 16;      // floats in a register
constexpr int REGISTERS = 32;  // registers for them
#elif defined(__AVX2__)
constexpr int LANES = 8;
constexpr int REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int LANES = 4;
constexpr int REGISTERS = 32;
#else
constexpr int LANES = 4;
constexpr int REGISTERS = 16;
#endif

typedef float Lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t Bits __attribute__((vector_size(4 * LANES)));
struct Bfloat16 {  // bfloat16: the upper half of a float
    uint16_t bits;
};
struct High {  // a float as the sum of two bfloat16s: see gemm.hpp
    uint16_t bits;
};
struct Quad {  // int8, multiplied in fours: see quad.hpp
    int8_t value;
};
struct VnniQuad : Quad {};  // the same, multiplied by AVX512-VNNI

#define GYEOL_INLINE static inline __attribute__((always_inline))
#define GYEOL_INLINE_MEMBER inline __attribute__((always_inline))

GYEOL_INLINE int64_t round_up(int64_t n, int64_t to = LANES) { return (n + to - 1) / to * to; }

GYEOL_INLINE Lanes load(const float* from) {
    Lanes v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

GYEOL_INLINE void store(float* to, Lanes v) { __builtin_memcpy(to, &v, sizeof v); }

// Ask for a line that will be read or written soon. The address need not be anybody's.
GYEOL_INLINE void fetch(const float* at) { __builtin_prefetch(at, 1); }

// The first `count` (1 or more) lanes; the rest are 0 when loaded and left alone when stored.
GYEOL_INLINE Lanes load(const float* from, int64_t count) {
    if (count >= LANES) return load(from);
    if (count < 1) __builtin_unreachable();
    Lanes v = {};
    __builtin_memcpy(&v, from, static_cast<unsigned long>(count) * sizeof(float));
    return v;
}

GYEOL_INLINE void store(float* to, Lanes v, int64_t count) {
    if (count >= LANES) return store(to, v);
    if (count < 1) __builtin_unreachable();
    __builtin_memcpy(to, &v, static_cast<unsigned long>(count) * sizeof(float));
}

#if defined(GYEOL_HAS_BFLOAT16)
typedef uint16_t Bfloat16Lanes __attribute__((vector_size(2 * LANES)));
typedef uint32_t Pairs __attribute__((vector_size(4 * LANES)));

// Rounded to the nearest, ties to even; a NaN stays one, and what is too small for a normal number becomes 0.
GYEOL_INLINE Bfloat16Lanes round_all(Lanes v) {
#if defined(__AVX512BF16__)
    const __m256bh rounded = _mm512_cvtneps_pbh((__m512)v);
    Bfloat16Lanes bits;
    __builtin_memcpy(&bits, &rounded, sizeof bits);
    return bits;
#else
    const Bits bits = (Bits)v, size = bits & 0x7FFFFFFF;
    Bits rounded = bits + 0x7FFF + ((bits >> 16) & 1);
    rounded = size > 0x7F800000 ? bits | 0x400000 : rounded;
    rounded = size < 0x00800000 ? bits & (-0x7FFFFFFF - 1) : rounded;
    return __builtin_convertvector((Pairs)rounded >> 16, Bfloat16Lanes);
#endif
}

GYEOL_INLINE void store(Bfloat16* to, Lanes v, int64_t count) {
    const Bfloat16Lanes rounded = round_all(v);
    const int64_t bytes = (count < LANES ? count : LANES) * 2;
    if (bytes == 2 * LANES) __builtin_memcpy(to, &rounded, 2 * LANES);
    else __builtin_memcpy(to, &rounded, static_cast<unsigned long>(bytes));
}

GYEOL_INLINE Bfloat16Lanes load_bfloat16(const Bfloat16* from) {
    Bfloat16Lanes v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

GYEOL_INLINE Lanes widened(Bfloat16Lanes v) { return (Lanes)(__builtin_convertvector(v, Pairs) << 16); }

// What rounding leaves of v, rounded too; 0 where the rounded number is no finite one, which says so itself.
GYEOL_INLINE Bfloat16Lanes round_rest(Lanes v) {
    const Lanes high = widened(round_all(v)), rest = v - high;
    return round_all(((Bits)high & 0x7F800000) == 0x7F800000 ? Lanes{} : rest);
}

GYEOL_INLINE Pairs paired_lanes(Bfloat16Lanes first, Bfloat16Lanes second) {
    return __builtin_convertvector(first, Pairs) | __builtin_convertvector(second, Pairs) << 16;
}

GYEOL_INLINE void store_pairs(Bfloat16* to, Bfloat16Lanes first, Bfloat16Lanes second) {
    const Pairs pairs = paired_lanes(first, second);
    __builtin_memcpy(to, &pairs, sizeof pairs);
}
#endif

// One stage of turning a square of registers: exchange what lies `S` off the diagonal.
template <int S, class V, int... J>
GYEOL_INLINE void exchange(V& a, V& b, std::integer_sequence<int, J...>) {
    const V first = __builtin_shufflevector(a, b, ((J & S) ? LANES + (J ^ S) : J)...);
    b = __builtin_shufflevector(a, b, ((J & S) ? LANES + J : (J ^ S))...);
    a = first;
}

// Turn LANES registers, a square of 32-bit numbers: rows become columns.
template <int S = 1, class V>
GYEOL_INLINE void turn(V (&rows)[LANES]) {
    if constexpr (S < LANES) {
#pragma GCC unroll 16
        for (int i = 0; i < LANES; ++i)
            if (!(i & S)) exchange<S>(rows[i], rows[i + S], std::make_integer_sequence<int, LANES>{});
        turn<2 * S>(rows);
    }
}

// x, not below low and not above high; a NaN stays one.
GYEOL_INLINE Lanes between(Lanes x, float low, float high) {
#if defined(__AVX512F__)  // the second operand is what comes of a NaN
    const __m512 raised = _mm512_maskz_max_ps(0xFFFF, _mm512_set1_ps(low), (__m512)x);
    return (Lanes)_mm512_maskz_min_ps(0xFFFF, _mm512_set1_ps(high), raised);
#else
    const Lanes least = Lanes{} + low, most = Lanes{} + high;
    x = x < least ? least : x;
    return x > most ? most : x;
#endif
}

// 2^(x * FACTOR), as 2^n 2^f with n whole and f in [-1/2, 1/2], 2^f by a polynomial of degree 5 (minimax; relative error under
// 1e-7). Where the power would leave 2^-125 to 2^125 it stays there. The comparisons are written so that a NaN passes through
// them, and the last step multiplies so that it stays a NaN.
template <int SIGN, int TIMES>
GYEOL_INLINE Lanes power_of_e(Lanes x) {
    constexpr float factor = SIGN * TIMES * 1.44269504088896341f, most = 125.0f / (TIMES * 1.44269504088896341f);
    x = between(x, -most, most);
    const float magic = 12582912.0f + 127.0f;  // 1.5 * 2^23: adding it rounds to a whole number, left in the low bits
    const Lanes shifted = x * factor + magic;
    const Lanes f = x * factor - (shifted - magic);
    Lanes p = f * 1.326472721e-03f + 9.671512813e-03f;
    p = p * f + 5.550733745e-02f;
    p = p * f + 2.402224208e-01f;
    p = p * f + 6.931469776e-01f;
    p = p * f + 1.0f;
    Bits power;
    __builtin_memcpy(&power, &shifted, sizeof power);
    power <<= 23;  // the bits of 1.5 * 2^23 end above the nine that stay: the power and 127
    Lanes scale;
    __builtin_memcpy(&scale, &power, sizeof scale);
    return p * scale;
}

// 1 / x for x from 1 to 2^126. AVX-512 guesses 14 bits, and one step of Newton's makes them 24; dividing takes three times as
// long.
GYEOL_INLINE Lanes reciprocal(Lanes x) {
#if defined(__AVX512F__)
    const Lanes guess = (Lanes)_mm512_maskz_rcp14_ps(0xFFFF, (__m512)x);
    return guess * (2.0f - x * guess);
#else
    return 1.0f / x;
#endif
}

GYEOL_INLINE Lanes sigmoid(Lanes x) { return reciprocal(1.0f + power_of_e<-1, 1>(x)); }

// 1 - 2 / (e^2x + 1): absolute error under 3e-7 (the relative error grows as x nears 0, where tanh multiplies anyway).
GYEOL_INLINE Lanes tanh(Lanes x) { return 1.0f - 2.0f * reciprocal(power_of_e<1, 2>(x) + 1.0f); }

}  // namespace gyeol::GYEOL_ISA

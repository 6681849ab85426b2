// int8 beside float and Bfloat16: weights quantised when they are packed, what they multiply quantised on the way, whole numbers
// summed, and the sums turned back into floats before anybody sees them.
//
//     w[unit][k] = scale[unit] * q[unit][k],  v[k] = s * p[k],  q and p whole, -127 to 127,  s = max |v| / 127
//     sum over k of w[unit][k] * v[k] = scale[unit] * s * sum of q p
//
// AVX512-VNNI multiplies four numbers at once, unsigned by signed. So p + 128 is what is kept of v, and there a unit's
// sum does not begin at 0 but at -128 times the sum of its q, which makes up for it. Elsewhere p itself is multiplied, in 16 bits, which
// two products fill: 2 * 127 * 127 is under 2^15. Sums of up to MOST_QUADS numbers (kernels.hpp) fit into 32 bits. So all sums
// are exact, and every instruction set gives the same bits.
//
// A row that is not finite has the scale NaN, and so has all that it gives; no other row notices. A row of zeros, or of numbers
// too small to divide by, is all zeros with scale 1.
#pragma once

#include "lanes.hpp"

namespace gyeol::GYEOL_ISA {

// Bytes of a buffer for so many rows of K numbers, quantised.
GYEOL_INLINE int64_t quads_size(int64_t rows, int64_t K) { return round_up(rows) * 4 + rows * round_up(K); }

struct Scale {
    float scale, inverse;
};

// Of numbers whose largest bits without sign are these: as whole numbers bits are ordered as the floats are, NaN last.
GYEOL_INLINE Scale scale_of(int32_t bits) {
    float most;
    __builtin_memcpy(&most, &bits, sizeof most);
    if (bits >= 0x7F800000) return {__builtin_nanf(""), 0.0f};
    if (most < 1e-30f) return {1.0f, 0.0f};
    return {most / 127.0f, 127.0f / most};
}

GYEOL_INLINE Bits higher(Bits most, Lanes v) {
    const Bits bits = (Bits)v & 0x7FFFFFFF;
    return bits > most ? bits : most;
}

template <int S, int... J>
GYEOL_INLINE Bits across(Bits v, std::integer_sequence<int, J...>) {
    return __builtin_shufflevector(v, v, (J ^ S)...);
}

// The highest of all lanes.
template <int S = LANES / 2>
GYEOL_INLINE int32_t highest(Bits v) {
    if constexpr (S == 0) return v[0];
    else {
        const Bits other = across<S>(v, std::make_integer_sequence<int, LANES>{});
        return highest<S / 2>(other > v ? other : v);
    }
}

typedef int8_t Whole __attribute__((vector_size(LANES)));

// v * inverse to the nearest, ties to even. The product is rounded before, everywhere. What a NaN gives does not matter: its row's scale is NaN.
GYEOL_INLINE Whole whole_numbers(Lanes v, float inverse) {
    Lanes product = v * inverse;
#if defined(__AVX512F__)
    return __builtin_convertvector((Bits)_mm512_maskz_cvtps_epi32(0xFFFF, (__m512)product), Whole);
#elif defined(__AVX2__)
    return __builtin_convertvector((Bits)_mm256_cvtps_epi32((__m256)product), Whole);
#else
    asm("" : "+m"(product));  // or it would be fused with the addition
    const Lanes shifted = product + 12582912.0f;  // 1.5 * 2^23: the whole number is left in the low bits
    return __builtin_convertvector((Bits)shifted, Whole);
#endif
}

// ---- What is multiplied -------------------------------------------------------------------------------------------------

// Rows of p + 128, `width` bytes apart, and each row's s. Past K any value may follow: the weights are 0 there.
struct QuadRows {
    const uint8_t* rows;
    const float* scales;
    int64_t width;
};

// from(r): K floats, row r. buffer: quads_size bytes, the caller's, output.
template <class From>
GYEOL_INLINE QuadRows quantise(From from, int64_t rows, int64_t K, char* buffer) {
    const int64_t width = round_up(K);
    float* scales = reinterpret_cast<float*>(buffer);
    uint8_t* to = reinterpret_cast<uint8_t*>(buffer + round_up(rows) * 4);
    for (int64_t r = 0; r < rows; ++r) {
        const float* row = from(r);
        Bits most = {};
        for (int64_t k = 0; k < K; k += LANES) most = higher(most, load(row + k, K - k));
        const Scale scale = scale_of(highest(most));
        scales[r] = scale.scale;
        for (int64_t k = 0; k < K; k += LANES) {
            const Whole raised = whole_numbers(load(row + k, K - k), scale.inverse) ^ static_cast<int8_t>(-128);  // + 128
            __builtin_memcpy(to + r * width + k, &raised, sizeof raised);
        }
    }
    return {to, scales, width};
}

// ---- The weights --------------------------------------------------------------------------------------------------------

// One unit of one gate into its column of a panel: its scale, what its sum begins at, and its K numbers in fours, `step` bytes
// from one four to the next. weight: null where there is no such unit, which gives zeros.
static void pack_unit(const float* weight, int64_t k_stride, int64_t K, Quad* scale, Quad* start, Quad* to, int64_t step) {
    const auto numbers = [&](int64_t k) __attribute__((always_inline)) {
        Lanes v = {};
        for (int i = 0; weight && i < LANES && k + i < K; ++i) v[i] = weight[(k + i) * k_stride];
        return v;
    };
    Bits most = {};
    for (int64_t k = 0; k < K; k += LANES) most = higher(most, numbers(k));
    const Scale own = scale_of(highest(most));
    int32_t sum = 0;
    for (int64_t k = 0; k < K; k += LANES) {
        Quad quads[LANES];
        const Whole whole = whole_numbers(numbers(k), own.inverse);
        __builtin_memcpy(quads, &whole, sizeof quads);
        for (int i = 0; i < LANES; ++i) sum += quads[i].value;
        for (int i = 0; i < LANES && k + i < K; i += 4) __builtin_memcpy(to + (k + i) / 4 * step, quads + i, 4);
    }
    const int32_t begin = -128 * sum;
    __builtin_memcpy(scale, &own.scale, sizeof own.scale);
    __builtin_memcpy(start, &begin, sizeof begin);
}

// gemm.hpp's `pack`. A panel begins with scale[gate][block][lane] and start[gate][block][lane], four bytes each.
template <int G, int U>
static void pack_quads(const float* weight, int64_t gate_stride, int64_t unit_stride, int64_t k_stride, int64_t units, int64_t K,
                       int64_t depth, int64_t part, int64_t parts, Quad* packed) {
    for (int64_t first = part * U * LANES; first < units; first += parts * U * LANES) {
        Quad* panel = packed + first * G * depth;
        const int64_t blocks = units - first < U * LANES ? (units - first + LANES - 1) / LANES : U;
        const int64_t columns = G * blocks * LANES;
        for (int64_t gate = 0; gate < G; ++gate)
            for (int64_t i = 0; i < blocks * LANES; ++i) {
                const int64_t unit = first + i;
                Quad* at = panel + 4 * (gate * blocks * LANES + i);
                pack_unit(unit < units ? weight + gate * gate_stride + unit * unit_stride : nullptr, k_stride, K, at,
                          at + 4 * columns, at + 8 * columns, 4 * columns);
            }
    }
}

// ---- The product --------------------------------------------------------------------------------------------------------

typedef int8_t Fours __attribute__((vector_size(4 * LANES)));

// Each lane's four products, summed.
GYEOL_INLINE Bits products_of(Fours weight, Fours value) {
#if defined(__AVX512F__)
    const __m512i w = (__m512i)weight, v = (__m512i)value;
    const __m512i signs = _mm512_mask_sub_epi8(v, _mm512_movepi8_mask(w), _mm512_setzero_si512(), v);  // |w| times +-v is w times v
    return (Bits)_mm512_madd_epi16(_mm512_maddubs_epi16(_mm512_abs_epi8(w), signs), _mm512_set1_epi16(1));
#elif defined(__AVX2__)
    const __m256i w = (__m256i)weight, v = (__m256i)value;
    return (Bits)_mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(v, w)), _mm256_set1_epi16(1));
#else
    typedef int16_t Twos __attribute__((vector_size(4 * LANES)));
    const Twos w = (Twos)weight, v = (Twos)value;
    const Twos even = (w << 8 >> 8) * (v << 8 >> 8), odd = (w >> 8) * (v >> 8);
    const Bits both = (Bits)(even + odd);
    return (both << 16 >> 16) + (both >> 16);
#endif
}

template <int R, int C, class From>
GYEOL_INLINE void scale_back(Lanes (&sums)[R][C], const Bits (&whole)[R][C], const From& from, int64_t at, const Quad* panel) {
    for (int c = 0; c < C; ++c) {
        Lanes scale;
        __builtin_memcpy(&scale, panel + c * 4 * LANES, sizeof scale);
        for (int r = 0; r < R; ++r) sums[r][c] = __builtin_convertvector(whole[r][c], Lanes) * scale * from.scale(at + r);
    }
}

// sums[r][c] = the products of row at + r with register c of the panel's columns.
//
//   from     row(r): p + 128, scale(r): s
//   panel    as pack_quads leaves it
template <int R, int C, class From>
GYEOL_INLINE void multiply_quads(Lanes (&sums)[R][C], const From& from, int64_t at, const Quad* panel, int64_t K) {
    constexpr int REGISTER = 4 * LANES;  // bytes
    Bits whole[R][C] = {};
    const Quad* weights = panel + 2 * C * REGISTER;
    for (int64_t k = 0; k < K; k += 4, weights += C * REGISTER) {
        Fours weight[C];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) __builtin_memcpy(&weight[c], weights + c * REGISTER, REGISTER);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            int32_t four;
            __builtin_memcpy(&four, from.row(at + r) + k, sizeof four);
            const Fours value = (Fours)(Bits{} + static_cast<int32_t>(four ^ 0x80808080));  // p again
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) whole[r][c] += products_of(weight[c], value);
        }
    }
    scale_back(sums, whole, from, at, panel);
}

#if defined(__AVX512F__)
// The same on a processor with VNNI, whatever this file is compiled for.
template <int R, int C, class From>
static inline __attribute__((always_inline, target("avx512vnni"))) void multiply_quads_vnni(Lanes (&sums)[R][C], const From& from, int64_t at,
                                                                           const Quad* panel, int64_t K) {
    constexpr int REGISTER = 4 * LANES;  // bytes
    Bits whole[R][C];
    for (int r = 0; r < R; ++r)
        for (int c = 0; c < C; ++c) __builtin_memcpy(&whole[r][c], panel + (C + c) * REGISTER, REGISTER);
    const Quad* weights = panel + 2 * C * REGISTER;
    for (int64_t k = 0; k < K; k += 4, weights += C * REGISTER) {
        __m512i weight[C];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) __builtin_memcpy(&weight[c], weights + c * REGISTER, REGISTER);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            int32_t four;
            __builtin_memcpy(&four, from.row(at + r) + k, sizeof four);
            const __m512i value = _mm512_set1_epi32(four);
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) whole[r][c] = (Bits)_mm512_dpbusd_epi32((__m512i)whole[r][c], value, weight[c]);
        }
    }
    scale_back(sums, whole, from, at, panel);
}
#endif

}  // namespace gyeol::GYEOL_ISA

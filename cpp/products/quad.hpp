// int8 beside float and Bfloat16: weights quantised when they are packed, what they multiply quantised on the way, whole numbers
// summed, and the sums turned back into floats before anybody sees them.
//
//     w[unit][k] = scale[unit] * q[unit][k],  v[k] = s * p[k],  q and p whole, -127 to 127,  s = max |v| / 127
//     sum over k of w[unit][k] * v[k] = scale[unit] * s * sum of q p
//
// The processor multiplies four numbers at once, unsigned by signed (AVX512-VNNI). So p + 128 is what is kept of v, and a unit's
// sum does not begin at 0 but at -128 times the sum of its q, which makes up for it. Sums of up to MOST_QUADS numbers
// (kernels.hpp) fit into 32 bits, and are exact.
//
// A row that is not finite has the scale NaN, and so has all that it gives; no other row notices. A row of zeros, or of numbers
// too small to divide by, is all zeros with scale 1.
#pragma once

#include "lanes.hpp"

namespace gyeol::GYEOL_ISA {

// Bytes of a buffer for so many rows of K numbers, quantised.
GYEOL_INLINE int64_t quads_size(int64_t rows, int64_t K) { return round_up(rows) * 4 + rows * round_up(K); }

#if defined(__AVX512VNNI__)
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

// To the nearest, ties to even. NaN gives 0x80000000, whose last byte is 0.
GYEOL_INLINE Whole whole_numbers(Lanes v, float inverse) {
    return __builtin_convertvector((Bits)_mm512_maskz_cvtps_epi32(0xFFFF, (__m512)(v * inverse)), Whole);
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

// A phase (see gemm.hpp) whose rows are quantised.
template <class Phase>
struct Quantised {
    const Phase& phase;
    const QuadRows rows;
    GYEOL_INLINE_MEMBER const Quad* row(int64_t r) const { return reinterpret_cast<const Quad*>(rows.rows + r * rows.width); }
    GYEOL_INLINE_MEMBER float scale(int64_t r) const { return rows.scales[r]; }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
        phase.template finish<U>(r, unit, count, sums);
    }
};

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

// sums[r][c] = the products of row at + r with register c of the panel's columns.
template <int R, int C, class Phase>
GYEOL_INLINE void multiply_quads(Lanes (&sums)[R][C], const Phase& phase, int64_t at, const Quad* panel, int64_t K) {
    constexpr int REGISTER = 4 * LANES;  // bytes
    const Quad* rows[R];
    Bits whole[R][C];
    for (int r = 0; r < R; ++r) {
        rows[r] = phase.row(at + r);
        for (int c = 0; c < C; ++c) __builtin_memcpy(&whole[r][c], panel + (C + c) * REGISTER, REGISTER);
    }
    const Quad* weights = panel + 2 * C * REGISTER;
    for (int64_t k = 0; k < K; k += 4, weights += C * REGISTER) {
        __m512i weight[C];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) __builtin_memcpy(&weight[c], weights + c * REGISTER, REGISTER);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            int32_t four;
            __builtin_memcpy(&four, rows[r] + k, sizeof four);
            const __m512i value = _mm512_set1_epi32(four);
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) whole[r][c] = (Bits)_mm512_dpbusd_epi32((__m512i)whole[r][c], value, weight[c]);
        }
    }
    for (int c = 0; c < C; ++c) {
        Lanes scale;
        __builtin_memcpy(&scale, panel + c * REGISTER, REGISTER);
        for (int r = 0; r < R; ++r) sums[r][c] = __builtin_convertvector(whole[r][c], Lanes) * scale * phase.scale(at + r);
    }
}

#endif

}  // namespace gyeol::GYEOL_ISA

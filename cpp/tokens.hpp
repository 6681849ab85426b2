// What is done to many tokens at once: the projection W x + b before a walk, and after it the gradients by x and the weights.
//
// A thread does so for the tokens of its own walk, some hundred at a time, so that what it has just written is still in its
// cache and no other thread is waited for. Where there are fewer walks than threads, each takes a range of all tokens instead.
#pragma once

#include "products/gemm.hpp"
#include "scan.hpp"

namespace gyeol::GYEOL_ISA {

constexpr int64_t CHUNK = 512;  // tokens at once, or the first number above it that a step of the walk ends at

// ---- The projection ----------------------------------------------------------------------------------------------------

template <class T>
struct Projection {
    const Forward& layer;
    const int64_t* places;  // of the tokens
    const Stored<T>* rounded; // for Bfloat16 their inputs as T, rows `width` apart; floats are read where they lie
    int64_t width, wide;
    GYEOL_INLINE_MEMBER const Stored<T>* row(int64_t r) const {
        if constexpr (sizeof(Stored<T>) == sizeof(float)) return layer.x + places[r] * layer.inputs;
        else return rounded + r * width;
    }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
        const Lanes sum = layer.bias_in ? sums[0] + load(layer.bias_in + unit, count) : sums[0];
        store(layer.gates + places[r] * wide + unit, sum, count);
    }
};

// Bytes of scratch for `project`.
template <class T>
static int64_t project_size(int64_t tokens, int64_t inputs) {
    if constexpr (IS_QUAD<T>) return quads_size(tokens, inputs);
    return sizeof(T) == sizeof(float) ? 0 : tokens * round_up(inputs) * static_cast<int64_t>(sizeof(T));
}

// gates[places[i]] = W x[places[i]] + b for n tokens. buffer: project_size bytes.
template <class T>
static void project(const Forward& layer, int64_t gates, const int64_t* places, int64_t n, char* buffer) {
    const int64_t width = round_up(layer.inputs);
    Stored<T>* rounded = reinterpret_cast<Stored<T>*>(buffer);
    if constexpr (sizeof(Stored<T>) != sizeof(float))
        for (int64_t r = 0; r < n; ++r)
            for (int64_t k = 0; k < layer.inputs; k += LANES)
                store(rounded + r * width + k, load(layer.x + places[r] * layer.inputs + k, layer.inputs - k), LANES);
    product<T, 1, 4>(Projection<T>{layer, places, rounded, width, gates * layer.units}, n,
                     static_cast<const T*>(layer.packed_in), gates * layer.units, layer.inputs, buffer);
}

// ---- The gradients -----------------------------------------------------------------------------------------------------

// Tokens on the way back, in the order of the walk. The memory is the caller's; rows of da are `wide` apart, 0 past GRADIENT_BLOCKS*H.
template <class T>
struct Tokens {
    int64_t count;
    int64_t* places;
    const float** before;  // h_{t-1} of each
    T* da;
    int64_t wide;
    Tokens from(int64_t first, int64_t n) const { return {n, places + first, before + first, da + first * wide, wide}; }
};

template <class T>
struct ByInput {
    const Tokens<T>& tokens;
    int64_t column;
    float* dx;
    int64_t inputs;
    bool add;
    GYEOL_INLINE_MEMBER const T* row(int64_t r) const { return tokens.da + r * tokens.wide + column; }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
        float* at = dx + tokens.places[r] * inputs + unit;
        store(at, add ? load(at, count) + sums[0] : sums[0], count);
    }
};

// Values as `outer` reads them: for float da itself; for Bfloat16 two tokens at a time, side by side (an odd last one with 0).
GYEOL_INLINE const float* pair_up(const Tokens<float>& tokens, int64_t, float*) { return tokens.da; }
GYEOL_INLINE void pack_rows(const float* row, const float*, int64_t count, float* to) { store(to, load(row, count)); }

#if defined(__AVX512BF16__)
static const Bfloat16* pair_up(const Tokens<Bfloat16>& tokens, int64_t columns, Bfloat16* to) {
    for (int64_t n = 0; n < tokens.count; n += 2) {
        const Bfloat16 *row = tokens.da + n * tokens.wide, *next = n + 1 < tokens.count ? row + tokens.wide : nullptr;
        for (int64_t k = 0; k < columns; k += LANES)
            store_pairs(to + n * tokens.wide + 2 * k, load_bfloat16(row + k), next ? load_bfloat16(next + k) : Bfloat16Lanes{});
    }
    return to;
}

// next: null for an odd last row.
GYEOL_INLINE void pack_rows(const float* row, const float* next, int64_t count, Bfloat16* to) {
    store_pairs(to, round_all(load(row, count)), next ? round_all(load(next, count)) : Bfloat16Lanes{});
}
#endif

// R rows of C registers of columns; of the last register `last` columns are real, 1 or more.
template <class T, int R, int C>
static __attribute__((noinline)) void outer_tile(const T* values, int64_t stride, const T* panel, int64_t K, bool fresh,
                                                 float* out, int64_t out_stride, int64_t last) {
    constexpr int WHOLE = C - 1;
    Lanes sums[R][C];
    for (int r = 0; r < R; ++r) {
        for (int c = 0; c < WHOLE; ++c) sums[r][c] = fresh ? Lanes{} : load(out + r * out_stride + c * LANES);
        sums[r][WHOLE] = fresh ? Lanes{} : load(out + r * out_stride + WHOLE * LANES, last);
    }
    multiply<R, C>(
        sums, [&](int r, int64_t k) __attribute__((always_inline)) { return element(values + k * stride * PAIR<T>, r); },
        panel, K);
    for (int r = 0; r < R; ++r) {
        for (int c = 0; c < WHOLE; ++c) store(out + r * out_stride + c * LANES, sums[r][c]);
        store(out + r * out_stride + WHOLE * LANES, sums[r][WHOLE], last);
    }
}

// All rows of one panel of C * LANES columns.
template <class T, int C>
static void outer_panel(const T* values, int64_t stride, int64_t rows, const T* panel, int64_t K, bool fresh, float* out,
                        int64_t out_stride, int64_t last) {
    in_tiles<TILE<C>>(rows, [&](auto size, int64_t at) {
        outer_tile<T, decltype(size)::rows, C>(values + PAIR<T> * at, stride, panel, K, fresh, out + at * out_stride,
                                               out_stride, last);
    });
}

// out (rows, columns) [+]= sum over tokens of values[n][r] * input(n)[c], `input` giving each token's row of floats.
//
//   values   see pair_up; stride is the tokens' `wide`
//   panel    (tokens + 1) * 4 * LANES elements of scratch
template <class T, class Input>
static void outer(const T* values, int64_t stride, int64_t rows, Input input, int64_t columns, int64_t tokens, bool fresh,
                  float* out, T* panel) {
    const int64_t K = paired<T>(tokens);
    for (int64_t first = 0; first < columns; first += 4 * LANES) {
        const int64_t left = columns - first, blocks = left < 4 * LANES ? (left + LANES - 1) / LANES : 4;
        T* to = panel;
        for (int64_t n = 0; n < tokens; n += PAIR<T>) {
            const float *row = input(n) + first, *next = PAIR<T> > 1 && n + 1 < tokens ? input(n + 1) + first : nullptr;
            for (int64_t c = 0; c < blocks; ++c, to += PAIR<T> * LANES)
                pack_rows(row + c * LANES, next ? next + c * LANES : nullptr, left - c * LANES, to);
        }
        float* at = out + first;
        const int64_t last = left - (blocks - 1) * LANES;
        switch (blocks) {
            case 1: outer_panel<T, 1>(values, stride, rows, panel, K, fresh, at, columns, last); break;
            case 2: outer_panel<T, 2>(values, stride, rows, panel, K, fresh, at, columns, last); break;
            case 3: outer_panel<T, 3>(values, stride, rows, panel, K, fresh, at, columns, last); break;
            default: outer_panel<T, 4>(values, stride, rows, panel, K, fresh, at, columns, last); break;
        }
    }
}

GYEOL_INLINE Lanes load_any(const float* from, int64_t count) { return load(from, count); }
#if defined(__AVX512BF16__)
GYEOL_INLINE Lanes load_any(const Bfloat16* from, int64_t) {  // up to a whole register past the last is readable
    return (Lanes)(__builtin_convertvector(load_bfloat16(from), Pairs) << 16);
}
#endif

// Bytes of scratch for `gradients`.
template <class T>
static int64_t gradients_size(int64_t tokens, int64_t wide) {
    const int64_t panel = (tokens + 1) * 4 * LANES, pairs = sizeof(T) == sizeof(float) ? 0 : (tokens + 1) * wide;
    return (panel + pairs) * static_cast<int64_t>(sizeof(T));
}

// Write the gradient by x of some tokens, and add what they give to the sums. scratch: gradients_size bytes.
template <class Cell, class T>
static void gradients(const Backward& layer, const Tokens<T>& tokens, Sums& sums, char* scratch) {
    const int64_t H = layer.units, D = layer.inputs, n = tokens.count, columns = Cell::GRADIENT_BLOCKS * H;
    if (n == 0) return;
    if (layer.dx) {
        const T* packed = static_cast<const T*>(layer.packed_in);
        bool add = false;
        for (const GateBlock& run : Cell::INPUT) {
            product<T, 1, 4>(ByInput<T>{tokens, run.at * H, layer.dx, D, add}, n, packed, D, run.count * H);
            packed += packed_size<T>(1, D, run.count * H);
            add = true;
        }
    }
    if (!sums.da) return;
    T* panel = reinterpret_cast<T*>(scratch);
    const T* values = pair_up(tokens, columns, panel + (n + 1) * 4 * LANES);
    if (sums.w_ih)
        for (const GateBlock& run : Cell::INPUT)
            outer(values + PAIR<T> * run.at * H, tokens.wide, run.count * H,
                  [&](int64_t i) { return layer.x + tokens.places[i] * D; }, D, n, sums.fresh, sums.w_ih + run.gate * H * D,
                  panel);
    for (const GateBlock& run : Cell::HIDDEN) {
        float* to = sums.w_hh + run.gate * H * H;
        if (run.extra)
            outer(values + PAIR<T> * run.at * H, tokens.wide, run.count * H,
                  [&](int64_t i) { return layer.extra + tokens.places[i] * Cell::EXTRA * H; }, H, n, sums.fresh, to, panel);
        else
            outer(values + PAIR<T> * run.at * H, tokens.wide, run.count * H, [&](int64_t i) { return tokens.before[i]; }, H, n,
                  sums.fresh, to, panel);
    }
    for (int64_t i = 0; i < n; ++i)
        for (int64_t k = 0; k < columns; k += LANES) {
            const Lanes own = load_any(tokens.da + i * tokens.wide + k, columns - k);
            store(sums.da + k, sums.fresh && i == 0 ? own : load(sums.da + k, columns - k) + own, columns - k);
        }
    sums.fresh = false;
}

}  // namespace gyeol::GYEOL_ISA

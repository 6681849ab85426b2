// A few rows, one step: x and h times the weights, and the gate functions while the sums are still in registers.
//
// With few rows a step is the time it takes to read the weights. So they are packed in the order in which they are read, once
// and strictly forwards: for each panel of U blocks of LANES units and G gates
//
//     packed[panel][W of x: D deep, then U of h: H deep]      each as gemm.hpp packs a panel
//
// and nothing else of any size is touched: no gates are stored. Sums run over k in the order of the walk and are joined as it
// joins them, so that in float32 a step gives the walk's bits. The units are split over the members of a team panel by panel;
// whoever computes a unit computes it alike.
#pragma once

#include "team.hpp"

namespace gyeol {

struct StepLayer {
    int64_t inputs;        // D of the first layer, H of the others
    const void* packed;    // the cell's pack_step
    const float* bias_in;  // the b of W x + b: (G*H), or a row's own, (B, G*H)
    int64_t bias_stride;   // floats from one row's to the next one's: 0 or G*H
    const float* bias;     // (H) added to W_n h before the reset gate (GRU, reset after); null for none
    float *h, *c;          // (B, H) the state, read and written; c LSTM only
};

// L layers of H units. All memory is the caller's; nothing overlaps.
struct Steps {
    int64_t rows, units, count;  // B, H, L
    const StepLayer* layers;
    const float* x;              // (B, D)
    float* y;                    // (B, H) output: h of the last layer
    // Scratch for all members, rows round_up(H) floats apart: h_t of the last two layers; z and r * h_{t-1} (GRU, reset before).
    float *next[2], *update, *between;
};

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "../products/gemm.hpp"

namespace gyeol::GYEOL_ISA {

// ---- What is multiplied -------------------------------------------------------------------------------------------------

// Rows of K numbers as T is multiplied with. Floats are read where they lie, the others are rounded into a member's own memory.
template <class T>
struct Operand {
    const T* rows;
    int64_t width;
    const float* scales;  // of Quads
    GYEOL_INLINE_MEMBER const T* row(int64_t r) const { return rows + r * width; }
    GYEOL_INLINE_MEMBER float scale(int64_t r) const { return scales[r]; }
};

// Bytes of memory for an operand.
template <class T>
static int64_t operand_size(int64_t rows, int64_t K) {
    if constexpr (IS_QUAD<T>) return round_up(quads_size(rows, K), 64);
    return sizeof(T) == sizeof(float) ? 0 : round_up(rows * round_up(K) * static_cast<int64_t>(sizeof(T)), 64);
}

// from: `rows` rows of K floats, `stride` apart.
template <class T>
GYEOL_INLINE Operand<T> operand(const float* from, int64_t stride, int64_t rows, int64_t K, [[maybe_unused]] char* memory) {
    if constexpr (IS_QUAD<T>) {
        const QuadRows all = quantise([&](int64_t r) __attribute__((always_inline)) { return from + r * stride; }, rows, K, memory);
        return {reinterpret_cast<const T*>(all.rows), all.width, all.scales};
    } else if constexpr (sizeof(T) == sizeof(float)) {
        return {from, stride, nullptr};
    } else {
        const int64_t width = round_up(K);
        T* to = reinterpret_cast<T*>(memory);
        for (int64_t r = 0; r < rows; ++r)
            for (int64_t k = 0; k < K; k += LANES) store(to + r * width + k, load(from + r * stride + k, K - k), LANES);
        return {to, width, nullptr};
    }
}

// ---- The weights --------------------------------------------------------------------------------------------------------

// Elements of G gates.
template <class T>
GYEOL_INLINE int64_t step_packed_size(int64_t gates, int64_t units, int64_t inputs) {
    return packed_size<T>(gates, units, inputs) + packed_size<T>(gates, units, units);
}

// G gates of w_ih (G*H, D) and w_hh (G*H, H) into panels of U blocks.
template <class T, int G, int U>
static void pack_both(const float* w_ih, const float* w_hh, int64_t D, int64_t H, T* packed) {
    for (int64_t first = 0; first < H; first += U * LANES) {
        const int64_t units = H - first < U * LANES ? H - first : U * LANES;
        pack<T, G, U>(w_ih + first * D, H * D, D, 1, units, D, 0, 1, packed);
        packed += packed_size<T>(G, units, D);
        pack<T, G, U>(w_hh + first * H, H * H, H, 1, units, H, 0, 1, packed);
        packed += packed_size<T>(G, units, H);
    }
}

// ---- The product --------------------------------------------------------------------------------------------------------

// out[r][c] = row at + r times register c of the panel's columns. Not inlined: beside the gate functions GCC keeps their constants
// in registers, and the sums in memory.
template <class T, int R, int C>
struct Dot {
    static __attribute__((noinline)) void of(const Operand<T>& from, int64_t at, const T* panel, int64_t K, Lanes (&out)[R][C]) {
        Lanes sums[R][C];
        if constexpr (IS_QUAD<T>) {
            multiply_quads(sums, from, at, panel, K);
        } else {
            const T* rows[R];
            for (int r = 0; r < R; ++r) {
                rows[r] = from.row(at + r);
                for (int c = 0; c < C; ++c) sums[r][c] = Lanes{};
            }
            multiply<R, C>(
                sums, [&](int r, int64_t k) __attribute__((always_inline)) { return element(rows[r], k); }, panel, paired<T>(K));
        }
        for (int r = 0; r < R; ++r)
            for (int c = 0; c < C; ++c) out[r][c] = sums[r][c];
    }
};
#if defined(__AVX512F__)
template <int R, int C>
struct Dot<VnniQuad, R, C> {
    static __attribute__((noinline, target("avx512vnni"))) void of(const Operand<VnniQuad>& from, int64_t at, const VnniQuad* panel,
                                                                   int64_t K, Lanes (&out)[R][C]) {
        Lanes sums[R][C];
        multiply_quads_vnni(sums, from, at, panel, K);
        for (int r = 0; r < R; ++r)
            for (int c = 0; c < C; ++c) out[r][c] = sums[r][c];
    }
};
#endif

// R rows of one panel: finish(r, unit, count, in, hidden), in[g * U] being W x and hidden[g * U] U h of gate g.
template <class T, int R, int G, int U, class Finish>
GYEOL_INLINE void step_tile(const Operand<T>& x, int64_t D, const Operand<T>& h, int64_t H, int64_t first, int64_t at,
                            const T* panel, const Finish& finish) {
    Lanes in[R][G * U], hidden[R][G * U];
    Dot<T, R, G * U>::of(x, at, panel, D, in);
    Dot<T, R, G * U>::of(h, at, panel + packed_size<T>(G, U * LANES, D), H, hidden);
    for (int r = 0; r < R; ++r)
        for (int u = 0; u < U; ++u) {
            const int64_t unit = first + u * LANES;
            finish.template operator()<U>(at + r, unit, H - unit, &in[r][u], &hidden[r][u]);
        }
}

template <class T, int G, int U, class Finish>
GYEOL_INLINE void step_panel(const Operand<T>& x, int64_t D, const Operand<T>& h, int64_t H, int64_t rows, int64_t first,
                             const T* panel, const Finish& finish) {
    in_tiles<TILE<G * U>>(rows, [&](auto size, int64_t at) {
        step_tile<T, decltype(size)::rows, G, U>(x, D, h, H, first, at, panel, finish);
    });
}

// A member's panels of those that pack_both<T, G, U> has packed.
template <class T, int G, int U, class Finish>
static void step_panels(const Operand<T>& x, int64_t D, const Operand<T>& h, int64_t H, int64_t rows, const T* packed,
                        const Team& team, const Finish& finish) {
    const int64_t last = first_unit(team, team.member + 1, H, U * LANES);
    for (int64_t first = first_unit(team, team.member, H, U * LANES); first < last; first += U * LANES) {
        const T* panel = packed + first * G * (padded_depth<T>(D) + padded_depth<T>(H));
        const int64_t blocks = (H - first + LANES - 1) / LANES;
        if (U == 1 || blocks >= U) step_panel<T, G, U>(x, D, h, H, rows, first, panel, finish);
        else if (blocks == 1) step_panel<T, G, 1>(x, D, h, H, rows, first, panel, finish);
        else if (blocks == 2) step_panel<T, G, (U > 2 ? 2 : U)>(x, D, h, H, rows, first, panel, finish);
        else step_panel<T, G, (U > 3 ? 3 : U)>(x, D, h, H, rows, first, panel, finish);
    }
}

// ---- A step -------------------------------------------------------------------------------------------------------------

// Bytes of a member's own scratch.
template <class T>
static int64_t step_size(int64_t rows, int64_t units, int64_t inputs) {
    return operand_size<T>(rows, inputs > units ? inputs : units) + operand_size<T>(rows, units);
}

// All layers. Form: the cell's in cells/steps.hpp. scratch: step_size bytes, aligned to 64, this member's own.
template <class Form, class T>
static void step(const Steps& steps, Team team, char* scratch) {
    const int64_t H = steps.units, width = round_up(H), B = steps.rows;
    const float* x = steps.x;
    int64_t stride = steps.layers[0].inputs;
    for (int64_t l = 0; l < steps.count; ++l) {
        const StepLayer& layer = steps.layers[l];
        const int64_t D = layer.inputs;
        char* own = scratch + operand_size<T>(B, D > H ? D : H);
        float* next = steps.next[l % 2];
        Form::template take<T>(steps, layer, operand<T>(x, stride, B, D, scratch), next, l + 1 == steps.count ? steps.y : nullptr,
                               team, own);
        meet(team);  // from here on nobody reads the state before, and everybody may read the next one
        const int64_t first = first_unit(team, team.member, H, Form::PANEL), last = first_unit(team, team.member + 1, H, Form::PANEL);
        for (int64_t r = 0; r < B; ++r)
            for (int64_t unit = first; unit < last; unit += LANES)
                store(layer.h + r * H + unit, load(next + r * width + unit), H - unit);
        x = next;
        stride = width;
    }
}

}  // namespace gyeol::GYEOL_ISA
#endif

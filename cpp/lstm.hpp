// The LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), forward, float32:
//
//     i, f, o = sigmoid(W x_t + U h_{t-1} + b),  g = tanh(W x_t + U h_{t-1} + b)
//     c_t = f * c_{t-1} + i * g,                 h_t = o * tanh(c_t)
//
// The four gates of a unit are computed side by side and never leave the registers: what is stored is h and c.
#pragma once

#include <cstdint>

#include "scan.hpp"

namespace gyeol {

constexpr int LSTM_GATES = 4;  // i, f, g, o: PyTorch's order

// One layer, one direction. D inputs, H units, N places (see scan.hpp), B rows; Hp is H rounded up to whole registers.
// All memory is the caller's. y, h_n, c_n are written and overlap nothing else; everything else is only read.
struct LstmForward {
    Ragged batch;
    int64_t inputs;       // D, or 0 when x already holds the projections W x + b
    int64_t units;        // H
    const float* x;       // (N, D), or (N, 4H) projections when inputs == 0
    const float* packed;  // (blocks, D + H, 4, LANES): lstm_pack's
    const float* bias;    // (blocks, 4, LANES): lstm_pack's; not read when inputs == 0
    const float* h_0;     // (B, H) by rank
    const float* c_0;     // (B, H) by rank
    float* y;             // (N, H)
    float* h_n;           // (B, H) by rank: h after each row's own last step
    float* c_n;           // (B, H) by rank
};

// What one instruction set offers. Sizes are in floats.
struct Kernels {
    const char* name;
    int64_t lanes;
    // w_ih (4H, D), null when D is 0; w_hh (4H, H); b_ih, b_hh (4H), each null for none; packed and bias as above, written.
    void (*lstm_pack)(const float* w_ih, const float* w_hh, const float* b_ih, const float* b_hh, int64_t inputs,
                      int64_t units, float* packed, float* bias);
    // Part `part` of `parts` of the batch; `scratch` is this part's own: lstm_scratch floats and lstm_pointers pointers.
    void (*lstm_forward)(const LstmForward& layer, int64_t part, int64_t parts, float* scratch, const float** pointers);
};

// For a part of n rows: h before and after the step, and c; the places of x and h, by row.
constexpr int64_t lstm_scratch(int64_t n, int64_t padded_units) { return 3 * n * padded_units; }
constexpr int64_t lstm_pointers(int64_t n) { return 2 * n; }

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "gemm.hpp"

namespace gyeol::GYEOL_ISA {

static void lstm_pack(const float* w_ih, const float* w_hh, const float* b_ih, const float* b_hh, int64_t inputs,
                      int64_t units, float* packed, float* bias) {
    const int64_t K = inputs + units;
    if (inputs > 0) pack<LSTM_GATES>(w_ih, units, inputs, 0, K, packed);
    pack<LSTM_GATES>(w_hh, units, units, inputs, K, packed);
    for (int64_t first = 0; first < units; first += LANES) {
        for (int64_t gate = 0; gate < LSTM_GATES; ++gate) {
            for (int64_t lane = 0; lane < LANES; ++lane) {
                const int64_t unit = first + lane, at = gate * units + unit;
                float sum = 0.0f;
                if (unit < units && b_ih) sum += b_ih[at];
                if (unit < units && b_hh) sum += b_hh[at];
                bias[(first * LSTM_GATES) + gate * LANES + lane] = sum;
            }
        }
    }
}

// R rows, one block of LANES units, one step.
//
//   x, h          R pointers each: the rows' inputs (or projections) and h_{t-1}
//   c             (R, Hp) at this block, read and written;  h_next (R, Hp) at this block, written
//   y             R pointers to rows of (N, H) at this block, written up to `count` units
//
// Not inlined: beside the surrounding loops GCC keeps the constants of the gates in registers that the sums need.
template <int R>
static __attribute__((noinline)) void lstm_tile(const LstmForward& layer, int64_t first, int64_t padded, const float* const* x,
                            const float* const* h, float* c, float* h_next, float* const* y) {
    const int64_t K = layer.inputs + layer.units, count = layer.units - first;
    const float* block = layer.packed + first * K * LSTM_GATES;
    Lanes sums[R][LSTM_GATES];
    if (layer.inputs > 0) {
        const float* bias = layer.bias + first * LSTM_GATES;
        for (int r = 0; r < R; ++r)
            for (int g = 0; g < LSTM_GATES; ++g) sums[r][g] = load(bias + g * LANES);
        multiply<R, LSTM_GATES>(sums, x, block, layer.inputs);
    } else {
        for (int r = 0; r < R; ++r)
            for (int g = 0; g < LSTM_GATES; ++g) sums[r][g] = load(x[r] + g * layer.units + first, count);
    }
    multiply<R, LSTM_GATES>(sums, h, block + layer.inputs * LSTM_GATES * LANES, layer.units);
    for (int r = 0; r < R; ++r) {
        const Lanes i = sigmoid(sums[r][0]), f = sigmoid(sums[r][1]), g = tanh(sums[r][2]), o = sigmoid(sums[r][3]);
        const Lanes memory = f * load(c + r * padded) + i * g;
        const Lanes hidden = o * tanh(memory);
        store(c + r * padded, memory);
        store(h_next + r * padded, hidden);
        store(y[r], hidden, count);
    }
}

static void lstm_forward(const LstmForward& layer, int64_t part, int64_t parts, float* scratch, const float** pointers) {
    const Ragged& batch = layer.batch;
    const int64_t H = layer.units, padded = round_up(H), n = (batch.rows - part + parts - 1) / parts;
    const int64_t width = layer.inputs > 0 ? layer.inputs : LSTM_GATES * H;
    float *h = scratch, *h_next = h + n * padded, *c = h_next + n * padded;
    const float **x_rows = pointers, **h_rows = pointers + n;
    for (int64_t r = 0; r < n; ++r) {
        for (int64_t u = 0; u < padded; ++u) {
            h[r * padded + u] = u < H ? layer.h_0[(part + r * parts) * H + u] : 0.0f;
            c[r * padded + u] = u < H ? layer.c_0[(part + r * parts) * H + u] : 0.0f;
        }
    }
    walk(
        batch, part, parts,
        [&](int64_t s, int64_t alive) __attribute__((always_inline)) {
            for (int64_t r = 0; r < alive; ++r) {
                x_rows[r] = layer.x + place(batch, part + r * parts, s) * width;
                h_rows[r] = h + r * padded;
            }
            for (int64_t first = 0; first < padded; first += LANES) {
                for_each_tile(alive, [&](int64_t row, auto size) __attribute__((always_inline)) {
                    constexpr int R = decltype(size)::value;
                    float* y[R];
                    for (int r = 0; r < R; ++r) y[r] = layer.y + place(batch, part + (row + r) * parts, s) * H + first;
                    lstm_tile<R>(layer, first, padded, x_rows + row, h_rows + row, c + row * padded + first,
                                 h_next + row * padded + first, y);
                });
            }
            float* old = h;
            h = h_next;
            h_next = old;
        },
        [&](int64_t r) __attribute__((always_inline)) {
            const int64_t rank = part + r * parts;
            __builtin_memcpy(layer.h_n + rank * H, h + r * padded, static_cast<unsigned long>(H) * sizeof(float));
            __builtin_memcpy(layer.c_n + rank * H, c + r * padded, static_cast<unsigned long>(H) * sizeof(float));
        });
}

}  // namespace gyeol::GYEOL_ISA
#endif

// What every cell does alike: the scratch of a part, entering and leaving rows, and the two walks around a cell's own steps.
//
// A cell is a struct with
//
//     GATES, EXTRA, DEXTRA                      G, E, D: runs of H floats a token in `gates`, `extra`, `dextra`
//     pack_forward<T>(w_hh, H, part, parts, packed)     w_hh (G*H, H) row by row; packed: packed_most<T> elements
//     pack_backward<T>(w_hh, H, part, parts, packed)    the same for the way back
//     forward<T>(layer, step, state)            one step of all rows alive
//     backward<T>(layer, step, state)           the same step on the way back
//
// and a line in kernels.cpp.
#pragma once

#include "scan.hpp"

namespace gyeol::GYEOL_ISA {

// A part's own memory on the way there: n rows `width` elements apart.
template <class T>
struct State {
    int64_t width;
    T* h;        // h_{t-1}
    T* h_next;   // h_t
    T* between;  // r * h_{t-1} (GRU, reset before)
    float* c;    // c (LSTM)
    float* raw;  // U h (normalised LSTM)
};

// And on the way back.
template <class T>
struct BackState {
    int64_t width, wide;
    float* dh;  // the gradient by h_t, from later steps; after the step, by h_{t-1}
    float* dc;  // the same for c
    float* dm;  // by r * h_{t-1} (GRU, reset before)
    float* raw; // by U h (normalised LSTM)
    T* da;      // (G*H) by the gates before their functions, rows `wide` apart
};

// The row's h and c before the step.
GYEOL_INLINE const float* h_before(const Backward& layer, const Step& step, int64_t r) {
    return r < step.known ? layer.y + place_before(layer.batch, step, r) * layer.stride
                          : layer.h_0 + rank(step, r) * layer.units;
}
GYEOL_INLINE const float* c_before(const Backward& layer, const Step& step, int64_t r) {
    return r < step.known ? layer.memory + place_before(layer.batch, step, r) * layer.units
                          : layer.c_0 + rank(step, r) * layer.units;
}

// Bytes of a part's scratch: n rows, the larger of both ways.
template <class T>
static int64_t scratch_size(int64_t n, int64_t gates, int64_t units) {
    const int64_t width = round_up(units), wide = round_up(gates * units) + LANES;
    const int64_t there = n * width * (3 * static_cast<int64_t>(sizeof(T)) + 4 + 16);
    const int64_t back = n * (3 * width * 4 + width * 16 + wide * static_cast<int64_t>(sizeof(T)));
    return there > back ? there : back;
}

// scratch: scratch_size bytes of zeros, aligned to 64.
template <class Cell, class T>
static void forward(const Forward& layer, int64_t part, int64_t parts, char* scratch) {
    const Ragged& batch = layer.batch;
    const int64_t H = layer.units, n = (batch.rows - part + parts - 1) / parts;
    State<T> state;
    state.width = round_up(H);
    state.c = reinterpret_cast<float*>(scratch);
    state.raw = state.c + n * state.width;
    state.h = reinterpret_cast<T*>(state.raw + 4 * n * state.width);
    state.h_next = state.h + n * state.width;
    state.between = state.h_next + n * state.width;
    walk(
        batch, layer.down, part, parts,
        [&](int64_t r) __attribute__((always_inline)) {
            copy(layer.h_0 + (part + r * parts) * H, state.h + r * state.width, H, true);
            if (layer.c_0) copy(layer.c_0 + (part + r * parts) * H, state.c + r * state.width, H, true);
        },
        [&](const Step& step) __attribute__((always_inline)) {
            Cell::template forward<T>(layer, step, state);
            T* old = state.h;
            state.h = state.h_next;
            state.h_next = old;
        },
        [&](int64_t r) __attribute__((always_inline)) {
            const int64_t rank = part + r * parts, last = layer.down ? 0 : batch.lengths[rank] - 1;
            copy(layer.y + (batch.offsets[last] + rank) * layer.stride, layer.h_n + rank * H, H, false);
            if (layer.c_n) copy(state.c + r * state.width, layer.c_n + rank * H, H, false);
        });
}

template <class Cell, class T>
static void backward(const Backward& layer, int64_t part, int64_t parts, char* scratch) {
    const Ragged& batch = layer.batch;
    const int64_t H = layer.units, n = (batch.rows - part + parts - 1) / parts;
    BackState<T> state;
    state.width = round_up(H);
    state.wide = round_up(Cell::GATES * H) + LANES;
    state.dh = reinterpret_cast<float*>(scratch);
    state.dc = state.dh + n * state.width;
    state.dm = state.dc + n * state.width;
    state.raw = state.dm + n * state.width;
    state.da = reinterpret_cast<T*>(state.raw + 4 * n * state.width);
    walk_back(
        batch, layer.down, part, parts,
        [&](int64_t r) __attribute__((always_inline)) {
            copy(layer.dh_n + (part + r * parts) * H, state.dh + r * state.width, H, true);
            if (layer.dc_n) copy(layer.dc_n + (part + r * parts) * H, state.dc + r * state.width, H, true);
        },
        [&](const Step& step) __attribute__((always_inline)) {
            T* previous = static_cast<T*>(layer.previous);
            for (int64_t r = 0; r < step.alive; ++r)
                copy(h_before(layer, step, r), previous + place(batch, step, r) * H, H, false);
            Cell::template backward<T>(layer, step, state);
        },
        [&](int64_t r) __attribute__((always_inline)) {
            copy(state.dh + r * state.width, layer.dh_0 + (part + r * parts) * H, H, false);
            if (layer.dc_0) copy(state.dc + r * state.width, layer.dc_0 + (part + r * parts) * H, H, false);
        });
}

// Rows of da times w_hh, into rows of dh.
template <class T>
struct Into {
    const T* from;
    int64_t wide;
    float* to;
    int64_t width;
    bool add;  // to what stands there
    GYEOL_INLINE_MEMBER const T* row(int64_t r) const { return from + r * wide; }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t, const Lanes* sums) const {
        float* at = to + r * width + unit;
        store(at, add ? load(at) + sums[0] : sums[0]);
    }
};

}  // namespace gyeol::GYEOL_ISA

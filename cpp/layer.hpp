// What every cell does alike: the scratch of a part, entering and leaving rows, and the two walks around a cell's own steps.
//
// A cell is a struct with
//
//     GATES, EXTRA, GRADIENT_BLOCKS             blocks of H floats a token in `gates`, `extra`; in its gradient `da`
//     MEMORY, NORM                              the state is (h, c), not h alone; w_hh's products are normalised (`norm`)
//     READS_GATES                               the way back reads `gates`
//     INPUT, HIDDEN                             which blocks of `da` belong to which gates of w_ih and w_hh: see scan.hpp
//     pack_forward<T>(w_hh, H, part, parts, packed)     w_hh (G*H, H) row by row; packed: packed_most<T> elements
//     pack_backward<T>(w_hh, H, part, parts, packed)    the same for the way back
//     forward<T>(layer, step, state)            one step of all rows alive
//     backward<T>(layer, step, state)           the same step on the way back
//
// and a line in kernels.cpp.
#pragma once

#include "tokens.hpp"

namespace gyeol::GYEOL_ISA {

// A part's own memory on the way there: n rows `width` elements apart.
template <class T>
struct State {
    int64_t width;
    Stored<T>* h;        // h_{t-1}
    Stored<T>* h_next;   // h_t
    Stored<T>* between;  // r * h_{t-1} (GRU, reset before)
    float* c;       // c (LSTM)
    float* raw;     // U h (normalised LSTM)
    char* buffer;   // for `product`
    Team team;      // who share every step of this part: its members have all of this in common, but for `buffer`
};

// And on the way back.
template <class T>
struct BackState {
    int64_t width, wide;
    float* dh;  // the gradient by h_t, from later steps; after the step, by h_{t-1}
    float* dc;  // the same for c
    float* dm;  // by r * h_{t-1} (GRU, reset before)
    float* raw; // by U h (normalised LSTM)
    Stored<T>* da;  // (GRADIENT_BLOCKS*H) output: the gradient by the gates before their functions, this step's rows `wide` apart
    char* buffer;   // for `product`
    Team team;
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

// Rows of a step's own tokens are collected until there are CHUNK: so many there may be then.
GYEOL_INLINE int64_t chunk_of(int64_t rows) { return CHUNK + rows; }

// Bytes on the way there of a part of n rows: of its state, to be zeros, and of all.
template <class T>
static int64_t state_size(int64_t n, int64_t units) {
    return n * width_of<T>(units) * (3 * static_cast<int64_t>(sizeof(Stored<T>)) + 4 + 16);
}
template <class T>
static int64_t forward_size(int64_t n, int64_t units, int64_t inputs) {
    const bool both = IS_QUAD<T> || IS_HIGH<T>;  // those of h lie there too
    const int64_t tokens = chunk_of(n), widest = both && units > inputs ? units : inputs;
    return state_size<T>(n, units) + tokens * 8 + round_up(project_size<T>(tokens, widest), 64);
}

// scratch: forward_size bytes, aligned to 64, the first state_size of them zeros; the same for all members of a team, which finds the
// projection done.
template <class Cell, class T>
static void forward(const Forward& layer, int64_t part, int64_t parts, char* scratch) {
    const Ragged& batch = layer.batch;
    const int64_t H = layer.units, n = (batch.rows - part + parts - 1) / parts;
    State<T> state;
    state.team = layer.team;
    const bool leads = layer.team.member == 0;
    bool entered = false;
    state.width = width_of<T>(H);
    state.c = reinterpret_cast<float*>(scratch);
    state.raw = state.c + n * state.width;
    state.h = reinterpret_cast<Stored<T>*>(state.raw + 4 * n * state.width);
    state.h_next = state.h + n * state.width;
    state.between = state.h_next + n * state.width;
    int64_t* places = reinterpret_cast<int64_t*>(scratch + state_size<T>(n, H));
    state.buffer = reinterpret_cast<char*>(places + chunk_of(n));
    int64_t due = layer.x ? (layer.reverse ? batch.lengths[part] - 1 : 0) : -1;  // the first step whose projection is missing
    walk(
        batch, layer.reverse, part, parts,
        [&](int64_t r) __attribute__((always_inline)) {
            entered = true;
            if (!leads) return;
            copy(layer.h_0 + (part + r * parts) * H, state.h + r * state.width, H, true);
            copy((layer.c_0 ? layer.c_0 : layer.h_0) + (part + r * parts) * H, state.c + r * state.width, H, true);
        },
        [&](const Step& step) __attribute__((always_inline)) {
            if (entered) meet(state.team);
            entered = false;
            if (step.t == due) {
                int64_t tokens = 0;
                for (; due >= 0 && due < batch.lengths[part] && tokens < CHUNK; due += layer.reverse ? -1 : 1)
                    for (int64_t r = 0, rows = alive_at(batch, due, part, parts); r < rows; ++r)
                        places[tokens++] = batch.offsets[due] + part + r * parts;
                project<T>(layer, Cell::GATES, places, tokens, state.buffer);
            }
            Cell::template forward<T>(layer, step, state);
            meet(state.team);
            part_if_late(state.team);
            Stored<T>* old = state.h;
            state.h = state.h_next;
            state.h_next = old;
        },
        [&](int64_t r) __attribute__((always_inline)) {
            if (!leads) return;
            const int64_t rank = part + r * parts, last = layer.reverse ? 0 : batch.lengths[rank] - 1;
            copy(layer.y + (batch.offsets[last] + rank) * layer.stride, layer.h_n + rank * H, H, false);
            if (layer.c_n) copy(state.c + r * state.width, layer.c_n + rank * H, H, false);
        });
}

// The projection of tokens `first` to `last`, for walks that find it done. scratch: forward_size of no rows.
template <class Cell, class T>
static void project_range(const Forward& layer, int64_t first, int64_t last, char* scratch) {
    int64_t* places = reinterpret_cast<int64_t*>(scratch);
    while (first < last) {
        int64_t tokens = 0;
        while (first < last && tokens < CHUNK) places[tokens++] = first++;
        project<T>(layer, Cell::GATES, places, tokens, reinterpret_cast<char*>(places + CHUNK));
    }
}

// The units that a member answers for on the way back: those of the panels that it multiplies into dh.
GYEOL_INLINE Units own_units(const Team& team, int64_t units) {
    return {first_unit(team, team.member, units, 4 * LANES), first_unit(team, team.member + 1, units, 4 * LANES)};
}

// How far apart rows of da lie: no power of 2, whose rows would share their places in the cache.
template <class Cell>
static int64_t wide_of(int64_t units) {
    return round_up(Cell::GRADIENT_BLOCKS * units, 32) + 32;
}

// Bytes of a part's own tokens.
template <class Cell, class T>
static int64_t tokens_size(int64_t tokens, int64_t units) {
    return tokens * (16 + wide_of<Cell>(units) * static_cast<int64_t>(sizeof(Stored<T>)));
}

template <class Cell, class T>
static Tokens<T> tokens_in(char* memory, int64_t tokens, int64_t units) {
    const int64_t wide = wide_of<Cell>(units);
    Stored<T>* da = reinterpret_cast<Stored<T>*>(memory);
    int64_t* places = reinterpret_cast<int64_t*>(da + tokens * wide);
    return {0, places, reinterpret_cast<const float**>(places + tokens), da, wide};
}

// Bytes on the way back of a part of n rows: of its state, to be zeros, and of all.
GYEOL_INLINE int64_t back_state_size(int64_t n, int64_t units) { return 8 * n * round_up(units) * 4; }
template <class Cell, class T>
static int64_t backward_size(int64_t n, int64_t units) {
    return back_state_size(n, units) + gradients_size<T>(chunk_of(n), wide_of<Cell>(units));
}

// scratch: backward_size bytes, aligned to 64, the first back_state_size of them zeros.
// memory: tokens_size bytes for chunk_of(n) tokens where there are sums; else for all of the part's, left there for `gather`.
// Both are the same for all members of a team, which leaves the sums to `gather`.
template <class Cell, class T>
static void backward(const Backward& layer, int64_t part, int64_t parts, char* scratch, char* memory, int64_t capacity,
                     Sums* sums) {
    const Ragged& batch = layer.batch;
    const int64_t H = layer.units, n = (batch.rows - part + parts - 1) / parts;
    BackState<T> state;
    state.team = layer.team;
    const bool leads = layer.team.member == 0;
    bool entered = false;
    state.width = round_up(H);
    state.wide = wide_of<Cell>(H);
    state.dh = reinterpret_cast<float*>(scratch);
    state.dc = state.dh + n * state.width;
    state.dm = state.dc + n * state.width;
    state.raw = state.dm + n * state.width;
    char* own = scratch + back_state_size(n, H);
    state.buffer = own;
    Tokens<T> tokens = tokens_in<Cell, T>(memory, capacity, H);
    const int64_t columns = Cell::GRADIENT_BLOCKS * H;
    for (int64_t i = 0; sizeof(T) != sizeof(float) && leads && i < capacity; ++i)  // what is multiplied past the last column shall be 0
        __builtin_memset(tokens.da + i * tokens.wide + columns, 0, static_cast<unsigned long>(tokens.wide - columns) * sizeof(Stored<T>));
    walk_back(
        batch, layer.reverse, part, parts,
        [&](int64_t r) __attribute__((always_inline)) {
            entered = true;
            if (!leads) return;
            copy(layer.dh_n + (part + r * parts) * H, state.dh + r * state.width, H, true);
            if (layer.dc_n) copy(layer.dc_n + (part + r * parts) * H, state.dc + r * state.width, H, true);
        },
        [&](const Step& step) __attribute__((always_inline)) {
            if (entered) meet(state.team);
            entered = false;
            state.da = tokens.da + tokens.count * tokens.wide;
            for (int64_t r = 0; leads && r < step.alive; ++r) {
                tokens.places[tokens.count + r] = place(batch, step, r);
                tokens.before[tokens.count + r] = h_before(layer, step, r);
            }
            Cell::template backward<T>(layer, step, state);
            part_if_late(state.team);
            tokens.count += step.alive;
            if (sums && tokens.count >= CHUNK) {
                gradients<Cell, T>(layer, tokens, *sums, own);
                tokens.count = 0;
            }
        },
        [&](int64_t r) __attribute__((always_inline)) {
            const Units units = own_units(state.team, H);
            if (units.first >= units.last) return;
            const int64_t from = r * state.width + units.first, to = (part + r * parts) * H + units.first, count = units.last - units.first;
            copy(state.dh + from, layer.dh_0 + to, count, false);
            if (layer.dc_0) copy(state.dc + from, layer.dc_0 + to, count, false);
        });
    if (sums) gradients<Cell, T>(layer, tokens, *sums, own);
}

// Piece `piece` of `pieces` of the gradients of all `capacity` tokens that a walk back has left in `memory`: the gradients by x of
// as large a share of the tokens, and the sums of as large a share of the units, so that nobody else's are to be added.
template <class Cell, class T>
static void gather(const Backward& layer, char* memory, int64_t capacity, int64_t piece, int64_t pieces, char* scratch, Sums& sums) {
    const Tokens<T> all = tokens_in<Cell, T>(memory, capacity, layer.units);
    const auto in_chunks = [&](int64_t first, int64_t last, auto work) {
        for (; first < last; first += CHUNK) work(all.from(first, last - first < CHUNK ? last - first : CHUNK));
    };
    in_chunks(capacity * piece / pieces, capacity * (piece + 1) / pieces,
              [&](const Tokens<T>& tokens) { gradients_by_input<Cell>(layer, tokens, scratch); });
    const int64_t blocks = (layer.units + BLOCK<T> - 1) / BLOCK<T>, last = blocks * (piece + 1) / pieces * BLOCK<T>;
    const Units units{blocks * piece / pieces * BLOCK<T>, last < layer.units ? last : layer.units};
    in_chunks(0, capacity, [&](const Tokens<T>& tokens) { gradients_by_weights<Cell>(layer, tokens, units, sums, scratch); });
}

// Rows of da times w_hh, into rows of dh.
template <class T>
struct Into {
    const Stored<T>* from;
    int64_t wide;
    float* to;
    int64_t width;
    bool add;  // to the present values
    GYEOL_INLINE_MEMBER const Stored<T>* row(int64_t r) const { return from + r * wide; }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t, const Lanes* sums) const {
        float* at = to + r * width + unit;
        store(at, add ? load(at) + sums[0] : sums[0]);
    }
};

}  // namespace gyeol::GYEOL_ISA

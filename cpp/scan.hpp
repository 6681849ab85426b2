// The walk over time, for any cell: rows of different lengths, either direction, one part of the batch on one thread.
//
// Layout. Rows are ranked by length, longest first, so that at every step the rows still alive are the first ones. Tokens lie
// by time, without padding: step t of the row with rank i is row
//
//     place(t, i) = offsets[t] + i          offsets[t] = number of tokens before time t
//
// of a matrix of N = sum of lengths rows. (It is PyTorch's PackedSequence.)
//
// Directions. A walk goes forward (t = 0, 1, ...; rows leave as they end) or in reverse (t = T - 1, T - 2, ...; rows enter at their own
// last step). Whichever it is, the rows of one time stand together.
//
// Threads. Part p of P takes the ranks p, p + P, p + 2P, ...: equal numbers of rows with like lengths. A part never waits
// for another: there is no barrier between steps. Where there are fewer rows than threads, the members of a team share the units of
// every step of a part and meet at its end (rows/team.hpp).
#pragma once

#include <cstdint>

#include "rows/team.hpp"

namespace gyeol {

// Everything here is owned by the caller and only read. No member functions: see lanes.hpp.
struct Ragged {
    int64_t rows;            // B
    int64_t steps;           // T, the longest row's length
    const int64_t* lengths;  // (B) by rank, 1 or more, never rising
    const int64_t* offsets;  // (T + 1)
};

// What a walk forwards over one layer in one direction is given. B rows, N tokens, H units, G gates.
// All memory is the caller's, matrices row by row without gaps, y apart; nothing overlaps.
struct Forward {
    Ragged batch;
    bool reverse;         // the walk goes from each row's last step to its first
    int64_t units;        // H
    const void* packed;   // the cell's pack_forward of w_hh
    const float* x;       // (N, D) the inputs; null where `gates` already holds W x + b
    int64_t inputs;       // D
    const void* packed_in;   // the cell's pack_in of w_ih
    const float* bias_in; // (G*H) the b of W x + b; null for none
    const float* bias;    // (H) added to W_n h before the reset gate (GRU, reset after); null for none
    const float* norm;    // (10, H) of the normalised LSTM (see there); null elsewhere
    const float* h_0;     // (B, H) by rank
    const float* c_0;     // (B, H) by rank, LSTM only
    float* gates;         // (N, G*H) read where x is null: W x + b. Output: the gates after their functions
    float* memory;        // (N, H) output: c of the LSTM; null where not requested
    float* extra;         // (N, E*H) output: what else the way back needs (E: see the cell); null where not requested
    float* y;             // (N, H) output: h, at rows `stride` floats apart
    int64_t stride;
    float* h_n;           // (B, H) by rank, output: h after each row's own last step
    float* c_n;           // (B, H) by rank, output, LSTM only
    Team team{};          // who share every step of the part
};

// The way back over the same. T is float or Bfloat16.
struct Backward {
    Ragged batch;
    bool reverse;         // as it was forwards
    int64_t units;
    const void* packed;   // the cell's pack_backward of w_hh
    const float* x;       // (N, D); null where the projection is not the layer's
    int64_t inputs;       // D
    const void* packed_in;  // the cell's pack_in_back of w_ih
    float* dx;            // (N, D) output: the gradient by x; null where not requested
    const float* norm;    // (10, H)
    const float* h_0;     // (B, H)
    const float* c_0;
    const float* gates;   // (N, G*H)
    const float* memory;  // (N, H)
    const float* extra;   // (N, E*H)
    const float* y;       // (N, H) at `stride`
    const float* dy;      // (N, H) at `stride`: the loss's gradient by y
    int64_t stride;
    const float* dh_n;    // (B, H): the loss's gradient by h_n
    const float* dc_n;    // (B, H)
    float* dgates;        // (N, G*H) output, of the normalised LSTM: the gradient by W x + b
    float* dnorm;         // (N, H) output, of the normalised LSTM (see there)
    float* dh_0;          // (B, H) output
    float* dc_0;          // (B, H) output, LSTM only
    Team team{};          // who share every step of the part
};

// Sums over tokens: this much of the gradients by w_ih (G*H, D), w_hh (G*H, H), and by da itself (GRADIENT_BLOCKS*H), the biases'.
struct Sums {
    float *w_ih, *w_hh, *da;  // the caller's; w_ih null where the projection is not the layer's
    bool fresh;               // nothing has been added yet, and the memory is uninitialised
};

// Blocks of H columns in a token's gradient `da`, the gates (of w_ih, w_hh) that they belong to, and what was multiplied.
struct GateBlock {
    int64_t at, gate, count;  // columns at*H to (at + count)*H belong to gates `gate`, gate + 1, ...
    bool extra = false;       // multiplied with `extra` instead of h_{t-1}
};

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "products/gemm.hpp"

namespace gyeol::GYEOL_ISA {

// Where one part stands in its walk: what a cell's step needs to find its rows.
struct Step {
    int64_t part, parts;
    int64_t t;      // the time of this step
    int64_t alive;  // this part's rows that take it: 0, 1, ..., alive - 1
    int64_t known;  // of these, the first `known` have taken a step before; the others begin here
    int64_t before; // the time of that step
};

GYEOL_INLINE int64_t rank(const Step& step, int64_t r) { return step.part + r * step.parts; }
GYEOL_INLINE int64_t place(const Ragged& batch, const Step& step, int64_t r) {
    return batch.offsets[step.t] + rank(step, r);
}
// Where the token before this row's lies; only for r < step.known.
GYEOL_INLINE int64_t place_before(const Ragged& batch, const Step& step, int64_t r) {
    return batch.offsets[step.before] + rank(step, r);
}

// Take part `part` of `parts` through its walk.
//
//   enter(r)     row r is about to take its first step
//   take(step)   one step of all rows alive
//   leave(r)     row r has taken its last step
template <class Enter, class Take, class Leave>
GYEOL_INLINE void walk(const Ragged& batch, bool reverse, int64_t part, int64_t parts, Enter enter, Take take, Leave leave) {
    const int64_t n = (batch.rows - part + parts - 1) / parts;
    const int64_t steps = batch.lengths[part];
    if (!reverse) {
        int64_t alive = n;
        for (int64_t r = 0; r < n; ++r) enter(r);
        for (int64_t t = 0; t < steps; ++t) {
            take(Step{part, parts, t, alive, t > 0 ? alive : 0, t - 1});
            for (; alive > 0 && batch.lengths[part + (alive - 1) * parts] == t + 1; --alive) leave(alive - 1);
        }
        return;
    }
    int64_t alive = 0;
    for (int64_t t = steps - 1; t >= 0; --t) {
        const int64_t known = alive;
        for (; alive < n && batch.lengths[part + alive * parts] == t + 1; ++alive) enter(alive);
        take(Step{part, parts, t, alive, known, t + 1});
    }
    for (int64_t r = 0; r < n; ++r) leave(r);
}

// How many rows of a part take the step at time t, which is one of its walk's.
GYEOL_INLINE int64_t alive_at(const Ragged& batch, int64_t t, int64_t part, int64_t parts) {
    return (batch.offsets[t + 1] - batch.offsets[t] - part + parts - 1) / parts;
}

// The same steps in the opposite order, each as it was on the way there: `known` and `before` still speak of the way there.
template <class Enter, class Take, class Leave>
GYEOL_INLINE void walk_back(const Ragged& batch, bool reverse, int64_t part, int64_t parts, Enter enter, Take take,
                            Leave leave) {
    const int64_t n = (batch.rows - part + parts - 1) / parts;
    const int64_t steps = batch.lengths[part];
    if (!reverse) {
        int64_t alive = 0;
        for (int64_t t = steps - 1; t >= 0; --t) {
            for (; alive < n && batch.lengths[part + alive * parts] == t + 1; ++alive) enter(alive);
            take(Step{part, parts, t, alive, t > 0 ? alive : 0, t - 1});
        }
        for (int64_t r = 0; r < n; ++r) leave(r);
        return;
    }
    int64_t alive = n;
    for (int64_t r = 0; r < n; ++r) enter(r);
    for (int64_t t = 0; t < steps; ++t) {
        int64_t known = alive;
        for (; known > 0 && batch.lengths[part + (known - 1) * parts] == t + 1;) --known;
        take(Step{part, parts, t, alive, known, t + 1});
        for (; alive > known; --alive) leave(alive - 1);
    }
}

// Copy H floats, or round them to Bfloat16; what lies past them up to a whole register becomes 0 where `pad`.
template <class T>
GYEOL_INLINE void copy(const float* from, T* to, int64_t units, bool pad) {
    for (int64_t unit = 0; unit < units; unit += LANES) {
        const Lanes value = load(from + unit, units - unit);
        store(to + unit, value, pad ? LANES : units - unit);
    }
}

}  // namespace gyeol::GYEOL_ISA
#endif

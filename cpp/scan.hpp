// The walk over time, for any cell: rows of different lengths, either direction, one part of the batch on one thread.
//
// Layout. Rows are ranked by length, longest first, so that at every step the rows still alive are the first ones. Step t of
// the row with rank i lies at
//
//     place(i, t) = time_offset[t] + row_offset[i]        counted in rows of a (N, width) matrix
//
// which is a padded (B, T, width) batch with time_offset[t] = t and row_offset[i] = T * (the row's number in the batch), a
// padded (T, B, width) batch with time_offset[t] = B * t, and PyTorch's packed layout with time_offset[t] = batch_sizes summed
// to t and row_offset[i] = i. Nothing at padding is read or written.
//
// Threads. Part p of P takes the ranks p, p + P, p + 2P, ...: equal numbers of rows with like lengths. A part never waits
// for another: there is no barrier between steps.
#pragma once

#include <cstdint>

namespace gyeol {

// Everything here is owned by the caller and only read. No member functions: see lanes.hpp.
struct Ragged {
    int64_t rows;                // B
    const int64_t* lengths;      // (B) by rank, 1 or more, never rising
    const int64_t* row_offset;   // (B) by rank
    const int64_t* time_offset;  // (longest)
    bool reverse;                // each row is walked from its own last step to its first
};

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "lanes.hpp"

namespace gyeol::GYEOL_ISA {

GYEOL_INLINE int64_t place(const Ragged& batch, int64_t rank, int64_t step) {
    const int64_t t = batch.reverse ? batch.lengths[rank] - 1 - step : step;
    return batch.time_offset[t] + batch.row_offset[rank];
}

// Walk part `part` of `parts`.
//
//   step(s, alive)    takes the first `alive` rows of this part through step s; row r of the part has rank part + r * parts
//   finish(r)         row r has just taken its last step
template <class Step, class Finish>
GYEOL_INLINE void walk(const Ragged& batch, int64_t part, int64_t parts, Step step, Finish finish) {
    int64_t alive = (batch.rows - part + parts - 1) / parts;
    for (int64_t s = 0; alive > 0; ++s) {
        step(s, alive);
        for (; alive > 0 && batch.lengths[part + (alive - 1) * parts] == s + 1; --alive) finish(alive - 1);
    }
}

// Cut `alive` rows into tiles of TILE rows or fewer, as equal as can be (8 is 4 + 4, not 6 + 2), and call
// tile(first, std::integral_constant-like Size<R>) for each.
template <int R>
struct Size {
    static constexpr int value = R;
};

template <class Tile>
GYEOL_INLINE void for_each_tile(int64_t alive, Tile tile) {
    const int64_t tiles = (alive + TILE - 1) / TILE;
    for (int64_t n = 0, first = 0; n < tiles; ++n) {
        const int64_t size = alive / tiles + (n < alive % tiles);
        switch (size) {
            case 1: tile(first, Size<1>{}); break;
            case 2: tile(first, Size<2>{}); break;
            case 3: tile(first, Size<3>{}); break;
            case 4: tile(first, Size<(TILE > 3 ? 4 : 3)>{}); break;
            case 5: tile(first, Size<(TILE > 3 ? 5 : 3)>{}); break;
            default: tile(first, Size<TILE>{}); break;
        }
        first += size;
    }
}

}  // namespace gyeol::GYEOL_ISA
#endif

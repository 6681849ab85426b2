// Rows of tables by number: their sum for each token, and back, the gradient as rows.
//
//     y_n = kept_i sum_j factor_j W_j[row_nj]             token n of the text with rank i; row 0 adds nothing
//     dW_j[r] = factor_j sum over the n with row_nj = r of kept_i dy_n
//
// Tokens lie by time (scan.hpp).
#pragma once

#include <cstdint>

namespace gyeol {

constexpr int64_t MOST_COLUMNS = 64;  // rows that a token may sum up

// One table's part of a lookup: N tokens, `columns` rows each.
struct Table {
    const float* weight;  // (V, width)
    const int64_t* rows;  // (N, columns)
    int64_t columns;
    float factor;
};

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "../products/lanes.hpp"

namespace gyeol::GYEOL_ISA {

// Tokens first, ..., last - 1 of y (N, width); kept (B, width) and ranks (N), or both null.
static void look_up(const Table* tables, int64_t count, const float* kept, const int64_t* ranks, int64_t first, int64_t last,
                    int64_t width, float* y) {
    const float* from[MOST_COLUMNS];
    float factors[MOST_COLUMNS];
    for (int64_t n = first; n < last; ++n) {
        int64_t found = 0;
        for (int64_t j = 0; j < count; ++j)
            for (int64_t c = 0; c < tables[j].columns; ++c) {
                const int64_t row = tables[j].rows[n * tables[j].columns + c];
                if (!row) continue;
                from[found] = tables[j].weight + row * width;
                factors[found++] = tables[j].factor;
            }
        const float* keep = kept ? kept + ranks[n] * width : nullptr;
        for (int64_t k = 0; k < width; k += LANES) {
            Lanes sum = {};
            for (int64_t i = 0; i < found; ++i) sum += load(from[i] + k, width - k) * factors[i];
            store(y + n * width + k, keep ? sum * load(keep + k, width - k) : sum, width - k);
        }
    }
}

// Rows first, ..., last - 1 of a gradient (., width): row u is the sum of dy[tokens[i]] for i from starts[u] to starts[u + 1].
static void sum_tokens(const int64_t* tokens, const int64_t* starts, const float* dy, const float* kept, const int64_t* ranks,
                       float factor, int64_t first, int64_t last, int64_t width, float* values) {
    for (int64_t u = first; u < last; ++u) {
        float* to = values + u * width;
        for (int64_t i = starts[u]; i < starts[u + 1]; ++i) {
            const float* from = dy + tokens[i] * width;
            const float* keep = kept ? kept + ranks[tokens[i]] * width : nullptr;
            for (int64_t k = 0; k < width; k += LANES) {
                Lanes value = load(from + k, width - k) * factor;
                if (keep) value *= load(keep + k, width - k);
                store(to + k, i == starts[u] ? value : load(to + k, width - k) + value, width - k);
            }
        }
    }
}

// y[n] = x[n] kept[ranks[n]], tokens first, ..., last - 1.
static void keep_some(const float* x, const float* kept, const int64_t* ranks, int64_t first, int64_t last, int64_t width,
                      float* y) {
    for (int64_t n = first; n < last; ++n)
        for (int64_t k = 0; k < width; k += LANES)
            store(y + n * width + k, load(x + n * width + k, width - k) * load(kept + ranks[n] * width + k, width - k), width - k);
}

}  // namespace gyeol::GYEOL_ISA
#endif

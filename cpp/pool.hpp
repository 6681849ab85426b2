// One vector for each row of a batch, out of its tokens' vectors: their sum by given weights, their mean, their maximum.
//
// Tokens lie by time (scan.hpp). All requested views are computed in one pass over the tokens, and in one pass back.
//
//     weighted_i = sum_t w_t x_t        dx_t += w_t dweighted_i,   dw_t = x_t . dweighted_i
//     mean_i     = sum_t x_t / T_i      dx_t += dmean_i / T_i
//     most_i     = max_t x_t            dx_t += dmost_i where x_t was it (the first such t)
#pragma once

#include <cstdint>

#include "scan.hpp"

namespace gyeol {

// N tokens of K numbers, B rows. Views stand side by side: a row of out is (weighted, mean, most), those requested.
// All memory is the caller's; nothing overlaps.
struct Pool {
    Ragged batch;
    int64_t width;         // K
    const float* x;        // (N, K)
    const float* weights;  // (N), or null: no weighted view
    bool mean, most;
    int64_t stride;        // of rows of out, in floats
    float* out;            // (B, views * K) by rank: output by pool_forward; on the way back its gradient, read
    int32_t* at;           // (B, K): the time of the maximum; written there, read back; null without `most`
    float* dx;             // (N, K) output by pool_backward
    float* dweights;       // (N) output by pool_backward; null without weights
};

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "products/lanes.hpp"

namespace gyeol::GYEOL_ISA {

// Rows pooled together: what is pooled of them stays in the first cache, while their tokens, which lie side by side, pass.
constexpr int64_t ROWS_AT_ONCE = 4;

// The first `count` times of a register; the rest are -1, and left alone. Of a whole one, sizes that the compiler knows.
GYEOL_INLINE Bits load_times(const int32_t* from, int64_t count) {
    Bits times = Bits{} - 1;
    if (count >= LANES) __builtin_memcpy(&times, from, sizeof times);
    else __builtin_memcpy(&times, from, static_cast<unsigned long>(count) * sizeof(int32_t));
    return times;
}
GYEOL_INLINE void store_times(int32_t* to, Bits times, int64_t count) {
    if (count >= LANES) __builtin_memcpy(to, &times, sizeof times);
    else __builtin_memcpy(to, &times, static_cast<unsigned long>(count) * sizeof(int32_t));
}

// Both take the ranks part, part + parts, ...
static void pool_forward(const Pool& pool, int64_t part, int64_t parts) {
    const Ragged& batch = pool.batch;
    const int64_t K = pool.width, mean_at = pool.weights ? K : 0, most_at = mean_at + (pool.mean ? K : 0);
    for (int64_t first = part; first < batch.rows; first += parts * ROWS_AT_ONCE) {
        int64_t alive = first + parts * ROWS_AT_ONCE < batch.rows ? first + parts * ROWS_AT_ONCE : batch.rows;
        for (int64_t t = 0; t < batch.lengths[first]; ++t) {
            for (; alive > 0 && batch.lengths[alive - 1] <= t; --alive) {}
            for (int64_t rank = first; rank < alive; rank += parts) {
                const int64_t token = batch.offsets[t] + rank;
                const float* x = pool.x + token * K;
                float* out = pool.out + rank * pool.stride;
                const float weight = pool.weights ? pool.weights[token] : 0.0f;
                const float share = 1.0f / static_cast<float>(batch.lengths[rank]);
                for (int64_t k = 0; k < K; k += LANES) {
                    const int64_t count = K - k;
                    const Lanes value = load(x + k, count);
                    if (pool.weights) {
                        const Lanes before = t ? load(out + k, count) : Lanes{};
                        store(out + k, before + value * weight, count);
                    }
                    if (pool.mean) {
                        const Lanes before = t ? load(out + mean_at + k, count) : Lanes{};
                        store(out + mean_at + k, before + value * share, count);
                    }
                    if (pool.most) {
                        float* most = out + most_at + k;
                        int32_t* at = pool.at + rank * K + k;
                        if (t == 0) {
                            store(most, value, count);
                            store_times(at, Bits{}, count);
                            continue;
                        }
                        const Lanes before = load(most, count);
                        const Bits greater = ~(value <= before) & (before == before);  // a NaN is greater than all, and stays
                        store_times(at, (load_times(at, count) & ~greater) | (greater & static_cast<int32_t>(t)), count);
                        store(most, greater ? value : before, count);
                    }
                }
            }
        }
    }
}

static void pool_backward(const Pool& pool, int64_t part, int64_t parts) {
    const Ragged& batch = pool.batch;
    const int64_t K = pool.width, mean_at = pool.weights ? K : 0, most_at = mean_at + (pool.mean ? K : 0);
    for (int64_t first = part; first < batch.rows; first += parts * ROWS_AT_ONCE) {
        int64_t alive = first + parts * ROWS_AT_ONCE < batch.rows ? first + parts * ROWS_AT_ONCE : batch.rows;
        for (int64_t t = 0; t < batch.lengths[first]; ++t) {
            for (; alive > 0 && batch.lengths[alive - 1] <= t; --alive) {}
            for (int64_t rank = first; rank < alive; rank += parts) {
                const int64_t token = batch.offsets[t] + rank;
                const float *x = pool.x + token * K, *dout = pool.out + rank * pool.stride;
                float* dx = pool.dx + token * K;
                const float weight = pool.weights ? pool.weights[token] : 0.0f;
                const float share = 1.0f / static_cast<float>(batch.lengths[rank]);
                Lanes dot = {};
                for (int64_t k = 0; k < K; k += LANES) {
                    const int64_t count = K - k;
                    Lanes sum = {};
                    if (pool.weights) {
                        const Lanes dweighted = load(dout + k, count);
                        sum += dweighted * weight;
                        dot += dweighted * load(x + k, count);
                    }
                    if (pool.mean) sum += load(dout + mean_at + k, count) * share;
                    if (pool.most) {
                        const Lanes dmost = load(dout + most_at + k, count);
                        sum += load_times(pool.at + rank * K + k, count) == static_cast<int32_t>(t) ? dmost : Lanes{};
                    }
                    store(dx + k, sum, count);
                }
                if (pool.dweights) {
                    float total = 0.0f;
                    for (int lane = 0; lane < LANES; ++lane) total += dot[lane];
                    pool.dweights[token] = total;
                }
            }
        }
    }
}

}  // namespace gyeol::GYEOL_ISA
#endif

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

// Both take the ranks part, part + parts, ...
static void pool_forward(const Pool& pool, int64_t part, int64_t parts) {
    const Ragged& batch = pool.batch;
    const int64_t K = pool.width, mean_at = pool.weights ? K : 0, most_at = mean_at + (pool.mean ? K : 0);
    int64_t alive = batch.rows;
    for (int64_t t = 0; t < batch.steps; ++t) {
        for (; alive > 0 && batch.lengths[alive - 1] <= t; --alive) {}
        for (int64_t rank = part; rank < alive; rank += parts) {
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
                    const int64_t real = count < LANES ? count : LANES;
                    if (t == 0) {
                        store(most, value, count);
                        for (int64_t lane = 0; lane < real; ++lane) at[lane] = 0;
                        continue;
                    }
                    const Lanes before = load(most, count);
                    const Bits greater = ~(value <= before) & (before == before);  // a NaN is greater than all, and stays
                    Bits when = {};
                    __builtin_memcpy(&when, at, static_cast<unsigned long>(real) * sizeof(int32_t));
                    when = (when & ~greater) | (greater & static_cast<int32_t>(t));
                    store(most, greater ? value : before, count);
                    __builtin_memcpy(at, &when, static_cast<unsigned long>(real) * sizeof(int32_t));
                }
            }
        }
    }
}

static void pool_backward(const Pool& pool, int64_t part, int64_t parts) {
    const Ragged& batch = pool.batch;
    const int64_t K = pool.width, mean_at = pool.weights ? K : 0, most_at = mean_at + (pool.mean ? K : 0);
    int64_t alive = batch.rows;
    for (int64_t t = 0; t < batch.steps; ++t) {
        for (; alive > 0 && batch.lengths[alive - 1] <= t; --alive) {}
        for (int64_t rank = part; rank < alive; rank += parts) {
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
                    const int64_t real = count < LANES ? count : LANES;
                    Bits when = Bits{} - 1;
                    __builtin_memcpy(&when, pool.at + rank * K + k, static_cast<unsigned long>(real) * sizeof(int32_t));
                    const Lanes dmost = load(dout + most_at + k, count);
                    sum += when == static_cast<int32_t>(t) ? dmost : Lanes{};
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

}  // namespace gyeol::GYEOL_ISA
#endif

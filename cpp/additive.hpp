// The scores of additive attention (Bahdanau et al. 2015): how well each query of a source's decoder fits each of its steps.
//
//     s_bqt = v . tanh(q_bq + k_bt)
//
// Back, with u = tanh(q_bq + k_bt) found anew and g = ds_bqt v (1 - u^2):   dq_bq += g,   dk_bt += g,   dv += ds_bqt u
//
// The tanh of every query with every step, (B, Q, T, A) numbers, are kept nowhere: finding them again costs less than reading
// them. Steps past a source's length get 0, and nothing of theirs is read.
#pragma once

#include <cstdint>

namespace gyeol {

// All memory is the caller's; nothing overlaps.
struct Additive {
    int64_t rows, queries, steps, width;  // B, Q, T, A
    const int64_t* lengths;               // (B), from 0 to T
    const float *q, *k, *v;               // (B, Q, A), (B, T, A), (A)
    float* scores;                        // (B, Q, T): output
    const float* dscores;                 // (B, Q, T): read by the way back
    float *dq, *dk;                       // (B, Q, A), (B, T, A): output by the way back
    float* dv;                            // (parts, A), zeros before: each part's share is added
};

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "products/lanes.hpp"

namespace gyeol::GYEOL_ISA {

// Both take the rows part, part + parts, ...
static void additive_forward(const Additive& of, int64_t part, int64_t parts) {
    const int64_t A = of.width;
    for (int64_t b = part; b < of.rows; b += parts) {
        for (int64_t i = 0; i < of.queries; ++i) {
            const float* q = of.q + (b * of.queries + i) * A;
            float* scores = of.scores + (b * of.queries + i) * of.steps;
            for (int64_t t = 0; t < of.steps; ++t) {
                if (t >= of.lengths[b]) {
                    scores[t] = 0.0f;
                    continue;
                }
                const float* k = of.k + (b * of.steps + t) * A;
                Lanes sum = {};
                for (int64_t a = 0; a < A; a += LANES)  // lanes past the last are 0 in v
                    sum += load(of.v + a, A - a) * tanh(load(q + a, A - a) + load(k + a, A - a));
                float total = 0.0f;
                for (int lane = 0; lane < LANES; ++lane) total += sum[lane];
                scores[t] = total;
            }
        }
    }
}

static void additive_backward(const Additive& of, int64_t part, int64_t parts) {
    const int64_t A = of.width;
    float* dv = of.dv + part * A;
    for (int64_t b = part; b < of.rows; b += parts) {
        const int64_t length = of.lengths[b];
        float* dk = of.dk + b * of.steps * A;
        const float* k = of.k + b * of.steps * A;
        for (int64_t at = 0; at < of.steps * A; ++at) dk[at] = 0.0f;
        for (int64_t i = 0; i < of.queries; ++i) {
            const float *q = of.q + (b * of.queries + i) * A, *ds = of.dscores + (b * of.queries + i) * of.steps;
            float* dq = of.dq + (b * of.queries + i) * A;
            for (int64_t a = 0; a < A; a += LANES) {
                const int64_t count = A - a;
                const Lanes query = load(q + a, count), v = load(of.v + a, count);
                Lanes all = {}, shares = load(dv + a, count);
                for (int64_t t = 0; t < length; ++t) {
                    const Lanes u = tanh(query + load(k + t * A + a, count));
                    const Lanes g = ds[t] * (v - v * u * u);
                    all += g;
                    shares += ds[t] * u;
                    store(dk + t * A + a, load(dk + t * A + a, count) + g, count);
                }
                store(dq + a, all, count);
                store(dv + a, shares, count);
            }
        }
    }
}

}  // namespace gyeol::GYEOL_ISA
#endif

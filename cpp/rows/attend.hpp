// A decoder's look at its source: scores of every step, the weights that they give, and what is found (Bahdanau et al. 2015,
// equations 5 and 6; Luong et al. 2015, section 3.1).
//
//     s_t = scale q . k_t,   or   v . tanh(q + k_t)          a = softmax(s),   c = sum_t a_t x_t
#pragma once

#include <cstdint>

namespace gyeol {

// Queries of B sources, K of each. All memory is the caller's; nothing overlaps.
struct Attend {
    int64_t rows, queries, steps, width, values;  // B, K, T, A, V
    const int64_t* lengths;                       // (B), from 1 to T; later steps get a weight of 0, and nothing of theirs is read
    const float *q, *k, *x;                       // (B, K, A), (B, T, A), (B, T, V)
    const float* v;                               // (A), or null for scaled dot products
    float scale;
    float *weights, *context;                     // (B, K, T), (B, K, V): output
};

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "../products/lanes.hpp"

namespace gyeol::GYEOL_ISA {

static float score_of(const Attend& of, const float* q, const float* k) {
    Lanes sum = {};
    for (int64_t a = 0; a < of.width; a += LANES) {  // lanes past the last are 0
        const int64_t count = of.width - a;
        if (of.v) sum += load(of.v + a, count) * tanh(load(q + a, count) + load(k + a, count));
        else sum += load(q + a, count) * load(k + a, count);
    }
    float total = 0.0f;
    for (int lane = 0; lane < LANES; ++lane) total += sum[lane];
    return of.v ? total : total * of.scale;
}

// x[i] = tanh(x[i] + more[i]) for `count` numbers.
static void add_and_squash(float* x, const float* more, int64_t count) {
    for (int64_t i = 0; i < count; i += LANES) store(x + i, tanh(load(x + i, count - i) + load(more + i, count - i)), count - i);
}

static void attend(const Attend& of) {
    for (int64_t row = 0; row < of.rows * of.queries; ++row) {
        const int64_t b = row / of.queries, length = of.lengths[b];
        float *weights = of.weights + row * of.steps, *context = of.context + row * of.values;
        float most = -__builtin_inff();
        for (int64_t t = 0; t < length; ++t) {
            weights[t] = score_of(of, of.q + row * of.width, of.k + (b * of.steps + t) * of.width);
            most = weights[t] > most ? weights[t] : most;
        }
        float sum = 0.0f;
        for (int64_t t = 0; t < length; t += LANES) {
            const Lanes shares = power_of_e<1, 1>(load(weights + t, length - t) - most);
            for (int lane = 0; lane < LANES && t + lane < length; ++lane) sum += shares[lane];
            store(weights + t, shares, length - t);
        }
        for (int64_t t = 0; t < length; ++t) weights[t] /= sum;
        for (int64_t t = length; t < of.steps; ++t) weights[t] = 0.0f;
        for (int64_t i = 0; i < of.values; i += LANES) {
            Lanes found = {};
            for (int64_t t = 0; t < length; ++t) found += weights[t] * load(of.x + (b * of.steps + t) * of.values + i, of.values - i);
            store(context + i, found, of.values - i);
        }
    }
}

}  // namespace gyeol::GYEOL_ISA
#endif

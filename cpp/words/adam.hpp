// One pass over weights: clipping, Adam or descent, and the moving average, each number read and written once.
//
//     g' = clip g
//     m += (1 - beta1) (g' - m),   v += (1 - beta2) (g'^2 - v)          Adam (Kingma and Ba 2015, algorithm 1)
//     w  = (1 - rate decay) w - rate m / (root sqrt(v) + epsilon)       with `rate` and `root` corrected for the bias
//     w -= rate (g' + decay w)                                          descent
//     a += follow (w - a)                                               the average of dense weights
//     e += follow (w before - w after)                                  of rows: how far the average is behind
//
// The reference is PyTorch's AdamW, SparseAdam and SGD, with gyeol.engine.average.
#pragma once

#include <cstdint>

namespace gyeol {

struct Update {
    float clip, first, second;  // clip; 1 - beta1; 1 - beta2
    float rate, root, epsilon, decay;
    float follow;
};

// The weights of one parameter and what belongs to them, all of the same size. Owned by the caller; nothing overlaps.
struct Parameter {
    float* w;
    float *m, *v;    // null: descent
    float* average;  // a, or e where rows are updated; null: none
};

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "../products/lanes.hpp"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace gyeol::GYEOL_ISA {

GYEOL_INLINE Lanes square_root(Lanes x) {
#if defined(__AVX512F__)
    return (Lanes)_mm512_maskz_sqrt_ps(0xFFFF, (__m512)x);
#elif defined(__AVX2__)
    return (Lanes)_mm256_sqrt_ps((__m256)x);
#elif defined(__x86_64__)
    return (Lanes)_mm_sqrt_ps((__m128)x);
#else
    for (int i = 0; i < LANES; ++i) x[i] = __builtin_sqrtf(x[i]);
    return x;
#endif
}

// `count` numbers of g, and as many of all else.
template <bool ADAM, bool ROWS>
GYEOL_INLINE void update_some(const Update& of, const Parameter& at, const float* g, int64_t count) {
    for (int64_t k = 0; k < count; k += LANES) {
        const int64_t n = count - k;
        const Lanes gradient = load(g + k, n) * of.clip, before = load(at.w + k, n);
        Lanes after;
        if constexpr (ADAM) {
            Lanes m = load(at.m + k, n), v = load(at.v + k, n);
            m += (gradient - m) * of.first;
            v += (gradient * gradient - v) * of.second;
            store(at.m + k, m, n);
            store(at.v + k, v, n);
            after = before * (1.0f - of.rate * of.decay) - of.rate * m / (square_root(v) * of.root + of.epsilon);
        } else {
            after = before - (gradient + before * of.decay) * of.rate;
        }
        store(at.w + k, after, n);
        if (at.average) {
            const Lanes average = load(at.average + k, n);
            store(at.average + k, average + ((ROWS ? before : after) - (ROWS ? after : average)) * of.follow, n);
        }
    }
}

static void update(const Update& of, const Parameter& at, const float* g, int64_t count) {
    if (at.m) update_some<true, false>(of, at, g, count);
    else update_some<false, false>(of, at, g, count);
}

// Rows first, ..., last - 1 of g (rows, width) belong to the rows `rows[first]`, ... of all else; no row twice.
static void update_rows(const Update& of, const Parameter& at, const float* g, const int64_t* rows, int64_t first, int64_t last,
                        int64_t width) {
    const int64_t ahead = 2, line = 64 / sizeof(float);
    for (int64_t r = first; r < last; ++r) {
        if (r + ahead < last) {  // rows lie apart: ask for one while another is updated
            const int64_t next = rows[r + ahead] * width;
            for (int64_t k = 0; k < width; k += line) {
                __builtin_prefetch(at.w + next + k, 1);
                if (at.m) __builtin_prefetch(at.m + next + k, 1), __builtin_prefetch(at.v + next + k, 1);
                if (at.average) __builtin_prefetch(at.average + next + k, 1);
            }
        }
        const int64_t from = rows[r] * width;
        const Parameter row{at.w + from, at.m ? at.m + from : nullptr, at.v ? at.v + from : nullptr,
                          at.average ? at.average + from : nullptr};
        if (at.m) update_some<true, true>(of, row, g + r * width, width);
        else update_some<false, true>(of, row, g + r * width, width);
    }
}

// The sum of squares of `count` numbers, at most some ten thousand: more would lose digits.
static double squares(const float* x, int64_t count) {
    Lanes sums[4] = {};
    int64_t k = 0;
    for (; k + 4 * LANES <= count; k += 4 * LANES)
        for (int i = 0; i < 4; ++i) {
            const Lanes value = load(x + k + i * LANES);
            sums[i] += value * value;
        }
    for (; k < count; k += LANES) {
        const Lanes value = load(x + k, count - k);
        sums[0] += value * value;
    }
    const Lanes all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    double sum = 0;
    for (int i = 0; i < LANES; ++i) sum += static_cast<double>(all[i]);
    return sum;
}

}  // namespace gyeol::GYEOL_ISA
#endif

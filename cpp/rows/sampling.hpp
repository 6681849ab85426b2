// The next token out of a row of scores: what has to be computed of all V of them, a register at a time.
#pragma once

#include <cstdint>

namespace gyeol {

constexpr int64_t SHARES_BLOCK = 128;  // scores whose shares are summed together

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "../products/lanes.hpp"

namespace gyeol::GYEOL_ISA {

// The highest of `count` scores, -inf for none; a NaN is passed over.
static float highest_score(const float* scores, int64_t count) {
    Lanes most = Lanes{} - __builtin_inff();
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        const Lanes v = load(scores + i);
        most = v > most ? v : most;
    }
    float highest = -__builtin_inff();
    for (int lane = 0; lane < LANES; ++lane) highest = most[lane] > highest ? most[lane] : highest;
    for (; i < count; ++i) highest = scores[i] > highest ? scores[i] : highest;
    return highest;
}

// The highest score of each block of `block` scores, a multiple of LANES: tops[n] for the n-th block, the last of which may be short.
static void highest_of_blocks(const float* scores, int64_t count, int64_t block, float* tops) {
    for (int64_t first = 0; first < count; first += block)
        tops[first / block] = highest_score(scores + first, count - first < block ? count - first : block);
}

// shares[i] = exp((scores[i] - most) * factor), for scores up to `most` and factor above 0; exactly 0 where that is under e^-86
// (-inf among them). sums[n] is that of the n-th block of SHARES_BLOCK shares. A NaN stays one.
static void shares_of(const float* scores, int64_t count, float most, float factor, float* shares, double* sums) {
    for (int64_t first = 0; first < count; first += SHARES_BLOCK) {
        const int64_t last = count - first < SHARES_BLOCK ? count : first + SHARES_BLOCK;
        Lanes sum = {};
        for (int64_t i = first; i < last; i += LANES) {
            const Lanes heated = (load(scores + i, last - i) - most) * factor;
            Lanes share = heated < -86.0f ? Lanes{} : power_of_e<1, 1>(heated);
            if (last - i < LANES)
                for (int lane = 0; lane < LANES; ++lane)
                    if (lane >= last - i) share[lane] = 0.0f;
            store(shares + i, share, last - i);
            sum += share;
        }
        double total = 0.0;
        for (int lane = 0; lane < LANES; ++lane) total += static_cast<double>(sum[lane]);
        sums[first / SHARES_BLOCK] = total;
    }
}

}  // namespace gyeol::GYEOL_ISA
#endif

// Skip-gram and CBOW with negative sampling (Mikolov et al. 2013), a centre word at a time, as small matrix products.
//
// Skip-gram: the M words around a centre are to tell it, w_0, from the K noise words w_1, ..., w_K, which all of them share (Ji, Satish,
// Li, Dubey 2016, "Parallelizing Word2Vec in Shared and Distributed Memory"; word2vec.c and Gensim draw K for each of the M):
//
//     F = X Y^T,   G = rate * ([n = 0] - sigmoid(F)),   X += G Y,   Y += G^T X        X: M input rows, Y: 1 + K output rows
//
// Both sums read the rows as they were. CBOW has one row, the mean of the M input rows, and each of them gets the whole of G Y. As in
// Gensim nothing is learnt where |F| >= 6, which also keeps any learning rate from running away.
//
// A step has at most MOST_INPUTS input and MOST_OUTPUTS output rows; wider windows and more noise take several steps one after
// the other. A word that occurs c times in a step counts c times in G, and its row is read and written once.
//
// Several threads update the tables without locks (Recht et al. 2011, "Hogwild!"): the rows are read by `peek` and written by `poke`
// and nothing else, and an update that gets lost is meant to. ThreadSanitizer is told so of these two functions alone (tsan.supp). One thread
// gives the same bits for the same seed.
#pragma once

#include <cstdint>

namespace gyeol {

// Rows start `stride` numbers apart, a multiple of 16, zeros past a vector's end. The caller owns all and has checked it.
struct Word2Vec {
    int64_t words, stride;     // V, S
    float *input, *output;     // (V, S) each: updated
    const int32_t* tokens;     // (N): words by number, -1 ends a sentence
    int64_t count;             // N
    const uint32_t* keep;      // (V): a word stays where a draw of 32 bits is at most this; all ones: always
    const uint32_t* chance;    // (V): Walker's alias table of the noise: row n stays n where 32 bits are below chance[n],
    const int32_t* other;      // (V): else it becomes other[n]
    int64_t window, negative;  // words on either side, at most; K
    bool cbow;
    float rate, last_rate;  // learning rates at the first token and after the last
    uint64_t seed;
};

constexpr int64_t LONGEST_SENTENCE = 10000;  // words; what is longer is cut

// Bytes of scratch that a part needs.
inline int64_t word2vec_size(const Word2Vec& of) {
    return LONGEST_SENTENCE * 4 + of.negative * 2 * 4 + of.stride * 2 * 4 + 4096;
}

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "../products/lanes.hpp"

namespace gyeol::GYEOL_ISA {

constexpr int MOST_INPUTS = 16, MOST_OUTPUTS = 8;
constexpr float BEYOND = 6.0f;  // Gensim's MAX_EXP

// The only two functions that touch the tables' rows.
GYEOL_INLINE Lanes peek(const float* row) { return load(row); }
GYEOL_INLINE void poke(float* row, Lanes v) { store(row, v); }

GYEOL_INLINE void fetch(const float* row, int64_t stride) {
    for (int64_t k = 0; k < stride; k += 16) __builtin_prefetch(row + k, 1, 3);
}

// SplitMix64 (Steele, Lea, Flood 2014).
struct Draws {
    uint64_t state;
    GYEOL_INLINE_MEMBER uint64_t next() {
        uint64_t z = state += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        return z ^ z >> 31;
    }
    // A whole number from 0 up to, not including, `limit` (under 2^32).
    GYEOL_INLINE_MEMBER uint32_t below(uint64_t limit) { return static_cast<uint32_t>((next() >> 32) * limit >> 32); }
};

GYEOL_INLINE int32_t noise(const Word2Vec& of, Draws& draws) {
    const uint64_t bits = draws.next();
    const int64_t row = static_cast<int64_t>((bits >> 32) * static_cast<uint64_t>(of.words) >> 32);
    return static_cast<uint32_t>(bits) < of.chance[row] ? static_cast<int32_t>(row) : of.other[row];
}

// Rows of one side of a step, each once, and how often it is meant.
template <int MOST>
struct Rows {
    float* rows[MOST + 1];
    int32_t words[MOST];
    float times[MOST];
    int64_t count = 0;
    bool repeated = false;
    GYEOL_INLINE_MEMBER void add(int32_t word, float* row) {
        for (int64_t i = 0; i < count; ++i)
            if (words[i] == word) {
                times[i] += 1.0f;
                repeated = true;
                return;
            }
        words[count] = word;
        rows[count] = row;
        times[count++] = 1.0f;
    }
};
using Inputs = Rows<MOST_INPUTS>;
using Outputs = Rows<MOST_OUTPUTS>;

// The totals of `COUNT` registers (a power of 2, at most LANES), lane j % COUNT the total of register j.
template <int COUNT, int S = 1>
GYEOL_INLINE Lanes totals(Lanes (&v)[COUNT]) {
    if constexpr (S < COUNT) {
#pragma GCC unroll 16
        for (int i = 0; i < COUNT; i += 2 * S) {
            exchange<S>(v[i], v[i + S], std::make_integer_sequence<int, LANES>{});
            v[i] += v[i + S];
        }
        return totals<COUNT, 2 * S>(v);
    } else if constexpr (S < LANES) {
        Lanes turned = v[0];
        Lanes same = v[0];
        exchange<S>(turned, same, std::make_integer_sequence<int, LANES>{});
        // turned: own half where the lane has no S, else the other's; same: the reverse
        v[0] = turned + same;
        return totals<COUNT, 2 * S>(v);
    } else {
        return v[0];
    }
}

// G of LANES scores: labels are 1 for the centre and 0 for noise; rate * times as it comes.
GYEOL_INLINE Lanes gradients(Lanes scores, Lanes labels, Lanes rates) {
    const Lanes g = (labels - sigmoid(scores)) * rates;
    const Lanes low = Lanes{} - BEYOND, high = Lanes{} + BEYOND;
    const Lanes at_most = scores < high ? g : Lanes{};  // a NaN learns nothing
    return scores > low ? at_most : Lanes{};
}

// The scores of two input rows with N output rows: to[0..7] and to[8..15].
template <int N>
GYEOL_INLINE void score_two(const float* first, const float* second, float* const* y, int64_t stride, float* to) {
    Lanes sums[2 * MOST_OUTPUTS] = {};
    for (int64_t k = 0; k < stride; k += LANES) {
        const Lanes a = peek(first + k), b = peek(second + k);
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) {
            const Lanes of = peek(y[n] + k);
            sums[n] += a * of;
            sums[MOST_OUTPUTS + n] += b * of;
        }
    }
    constexpr int GROUP = LANES < 16 ? LANES : 16;
#pragma GCC unroll 4
    for (int first_sum = 0; first_sum < 2 * MOST_OUTPUTS; first_sum += GROUP) {
        Lanes some[GROUP];
#pragma GCC unroll 16
        for (int i = 0; i < GROUP; ++i) some[i] = sums[first_sum + i];
        store(to + first_sum, totals(some));
    }
}

// One step of skip-gram: see above. `positive`: the first output row is the centre's.
template <int N>
static void step_rows(Inputs& x, Outputs& y, bool positive, float rate, int64_t stride) {
    alignas(64) float g[(MOST_INPUTS + 1) * MOST_OUTPUTS];
    alignas(64) float labels[2 * MOST_OUTPUTS] = {}, rates[2 * MOST_OUTPUTS] = {};
    labels[0] = labels[MOST_OUTPUTS] = positive ? 1.0f : 0.0f;
    for (int n = 0; n < N; ++n) rates[n] = rates[MOST_OUTPUTS + n] = rate * y.times[n];
    const int64_t M = x.count;
    x.rows[M] = x.rows[M - 1];  // where M is odd, the last is scored twice
    for (int64_t m = 0; m < M; m += 2) {
        float* to = g + m * MOST_OUTPUTS;
        score_two<N>(x.rows[m], x.rows[m + 1], y.rows, stride, to);
#pragma GCC unroll 4
        for (int i = 0; i < 2 * MOST_OUTPUTS; i += LANES) store(to + i, gradients(load(to + i), load(labels + i), load(rates + i)));
    }
    if (x.repeated)
        for (int64_t m = 0; m < M; ++m)
            for (int n = 0; n < N; ++n) g[m * MOST_OUTPUTS + n] *= x.times[m];
    for (int64_t k = 0; k < stride; k += LANES) {
        Lanes before[N], after[N];
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) before[n] = after[n] = peek(y.rows[n] + k);
        for (int64_t m = 0; m < M; ++m) {
            const Lanes was = peek(x.rows[m] + k);
            Lanes is = was;
#pragma GCC unroll 8
            for (int n = 0; n < N; ++n) {
                const float each = g[m * MOST_OUTPUTS + n];
                is += each * before[n];
                after[n] += each * was;
            }
            poke(x.rows[m] + k, is);
        }
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) poke(y.rows[n] + k, after[n]);
    }
}

// One step of CBOW: h is the mean, error gains G Y.
template <int N>
static void step_mean(const float* h, float* error, Outputs& y, bool positive, float rate, int64_t stride) {
    alignas(64) float g[16] = {}, labels[16] = {}, rates[16] = {};
    labels[0] = positive ? 1.0f : 0.0f;
    for (int n = 0; n < N; ++n) rates[n] = rate * y.times[n];
    Lanes sums[MOST_OUTPUTS] = {};
    for (int64_t k = 0; k < stride; k += LANES) {
        const Lanes mean = load(h + k);
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) sums[n] += mean * peek(y.rows[n] + k);
    }
    constexpr int GROUP = LANES < MOST_OUTPUTS ? LANES : MOST_OUTPUTS;
#pragma GCC unroll 4
    for (int first = 0; first < MOST_OUTPUTS; first += GROUP) {
        Lanes some[GROUP];
#pragma GCC unroll 8
        for (int i = 0; i < GROUP; ++i) some[i] = sums[first + i];
        store(g + first, gradients(totals(some), load(labels + first), load(rates + first)));
    }
    for (int64_t k = 0; k < stride; k += LANES) {
        const Lanes mean = load(h + k);
        Lanes sum = load(error + k);
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) {
            const Lanes was = peek(y.rows[n] + k);
            sum += g[n] * was;
            poke(y.rows[n] + k, was + g[n] * mean);
        }
        store(error + k, sum);
    }
}

// The step compiled for so many output rows.
template <int N = 1, class Step>
GYEOL_INLINE void with_count(int64_t count, Step step) {
    if constexpr (N < MOST_OUTPUTS) {
        if (count != N) return with_count<N + 1>(count, step);
    }
    step(std::integral_constant<int, N>{});
}

// What the steps of one centre need: words around it and noise.
struct Centre {
    int64_t at, first, last;  // its place in the sentence; that of the first and past the last word around it
    int32_t* noise;
};

// Part `part` of `parts`: whole sentences of the tokens.
static void train_words(const Word2Vec& of, int64_t part, int64_t parts, char* scratch) {
    int32_t* sentence = reinterpret_cast<int32_t*>(scratch);
    float* h = reinterpret_cast<float*>(scratch + LONGEST_SENTENCE * 4);
    float* error = h + of.stride;
    int32_t* drawn = reinterpret_cast<int32_t*>(error + of.stride);
    const int64_t S = of.stride, K = of.negative;
    Draws draws{of.seed ^ static_cast<uint64_t>(part) * 0xD1342543DE82EF95u};
    draws.state = draws.next();
    // A part begins after the end of a sentence.
    const auto begin = [&](int64_t which) {
        int64_t at = of.count * which / parts;
        while (which > 0 && at < of.count && at > 0 && of.tokens[at - 1] >= 0) ++at;
        return at;
    };
    const int64_t last = begin(part + 1);
    for (int64_t at = begin(part); at < last;) {
        const float rate = of.rate + (of.last_rate - of.rate) * (static_cast<float>(at) / static_cast<float>(of.count));
        int64_t words = 0, read = 0;
        for (; at < last && read < LONGEST_SENTENCE; ++at, ++read) {
            const int32_t word = of.tokens[at];
            if (word < 0) {
                ++at;
                break;
            }
            const uint32_t keep = of.keep[word];
            if (keep == 0xFFFFFFFFu || static_cast<uint32_t>(draws.next() >> 32) <= keep) sentence[words++] = word;
        }
        const auto draw = [&](int64_t i, int32_t* to) {
            const int64_t reach = 1 + draws.below(static_cast<uint64_t>(of.window));
            const Centre centre{i, i < reach ? 0 : i - reach, words - i <= reach ? words : i + reach + 1, to};
            for (int64_t n = 0; n < K; ++n) {
                to[n] = noise(of, draws);
                fetch(of.output + to[n] * S, S);
            }
            fetch(of.output + sentence[i] * S, S);
            return centre;
        };
        // The output rows of a centre, MOST_OUTPUTS at a time; of the noise, what is the centre itself is left out.
        const auto outputs = [&](const Centre& centre, auto step) {
            const int32_t word = sentence[centre.at];
            for (int64_t n = 0; n < K;) {
                Outputs y;
                const bool positive = n == 0;
                if (positive) y.add(word, of.output + word * S);
                for (; n < K && y.count < MOST_OUTPUTS; ++n)
                    if (centre.noise[n] != word) y.add(centre.noise[n], of.output + centre.noise[n] * S);
                if (y.count) step(y, positive);
            }
        };
        Centre next{};
        if (words > 1) next = draw(0, drawn);
        for (int64_t i = 0; i < words && words > 1; ++i) {
            const Centre now = next;
            if (i + 1 < words) next = draw(i + 1, drawn + (i + 1) % 2 * K);  // its rows come while this one is worked at
            if (of.cbow) {
                const float share = 1.0f / static_cast<float>(now.last - now.first - 1);
                for (int64_t k = 0; k < S; k += LANES) {
                    Lanes sum = {};
                    for (int64_t j = now.first; j < now.last; ++j)
                        if (j != i) sum += peek(of.input + sentence[j] * S + k);
                    store(h + k, sum * share);
                    store(error + k, Lanes{});
                }
                outputs(now, [&](Outputs& y, bool positive) {
                    with_count(y.count, [&](auto n) { step_mean<n()>(h, error, y, positive, rate, S); });
                });
                for (int64_t j = now.first; j < now.last; ++j) {
                    if (j == i) continue;
                    float* row = of.input + sentence[j] * S;
                    for (int64_t k = 0; k < S; k += LANES) poke(row + k, peek(row + k) + load(error + k));
                }
                continue;
            }
            for (int64_t j = now.first; j < now.last;) {
                Inputs x;
                for (; j < now.last && x.count < MOST_INPUTS; ++j)
                    if (j != i) x.add(sentence[j], of.input + sentence[j] * S);
                if (!x.count) continue;
                outputs(now, [&](Outputs& y, bool positive) {
                    with_count(y.count, [&](auto n) { step_rows<n()>(x, y, positive, rate, S); });
                });
            }
        }
    }
}

}  // namespace gyeol::GYEOL_ISA
#endif

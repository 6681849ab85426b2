// The scores of attention with one learned query (Yang et al. 2016, eq. 5 and 6), for tokens whose vectors lie in pieces:
//
//     u_n = tanh(W x_n + b),   s_n = q . u_n          x_n is [x^1_n, x^2_n, ...], side by side
//
// Back, with g = ds_n q (1 - u_n^2):   dx_n (+)= W^T g,   dW += g x_n^T,   db += g,   dq += ds_n u_n
#pragma once

#include <cstdint>

namespace gyeol {

constexpr int64_t MOST_PIECES = 4;

// N tokens, A units, K numbers a token. All memory is the caller's; nothing overlaps.
struct Scores {
    int64_t units, inputs;           // A, K
    int64_t pieces;                  // of x, 1 or more, which hold K numbers together
    const float* x[MOST_PIECES];     // (N, widths[p])
    int64_t widths[MOST_PIECES];
    const void* packed;              // pack or, for the way back, pack_back of W
    const float *bias, *query;       // (A)
    float* hidden;                   // (N, A): u, output, and read by the way back
    float* scores;                   // (N): output
    const float* dscores;            // (N): read by the way back
    float* dx[MOST_PIECES];          // (N, widths[p]): output by the way back; null where not requested
    bool add;                        // to what is in dx
};

// Sums over tokens, the caller's: the gradients by W, for each piece (A, widths[p]), one after the other; by b and by q (A).
struct ScoreSums {
    float *weight, *bias, *query;
    bool fresh;  // nothing has been added yet, and the memory of `weight` is uninitialised; that of the others is zeros
};

// One element type: "float32" or "bfloat16".
struct ScoreKernels {
    const char* element;
    int64_t (*packed)(const Scores& of);   // bytes of W, packed for either way, at most
    int64_t (*scratch)(const Scores& of);  // bytes, each caller's own, aligned to 64
    void (*pack)(const Scores& of, const float* weight, void* packed);       // weight (A, K)
    void (*pack_back)(const Scores& of, const float* weight, void* packed);
    // Tokens first, first + 1, ..., last - 1.
    void (*forward)(const Scores& of, int64_t first, int64_t last, char* scratch);
    void (*backward)(const Scores& of, int64_t first, int64_t last, char* scratch, ScoreSums& sums);
};

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "../tokens.hpp"

namespace gyeol::GYEOL_ISA {

// How far apart rows of [x^1, x^2, ...] lie, and rows of g.
template <class T>
GYEOL_INLINE int64_t row_width(int64_t n) { return width_of<T>(n + LANES); }
GYEOL_INLINE int64_t g_width(int64_t units) { return round_up(units, 32) + 32; }

template <class T>
static int64_t score_scratch(const Scores& of) {
    const int64_t there = CHUNK * row_width<T>(of.inputs) * static_cast<int64_t>(sizeof(Stored<T>));
    const int64_t back = CHUNK * g_width(of.units) * static_cast<int64_t>(sizeof(Stored<T>)) + 64 +
                         gradients_size<T>(CHUNK, g_width(of.units));
    return there > back ? there : back;
}

template <class T>
struct Hidden {
    const Stored<T>* rows;
    int64_t width;
    const float* bias;
    float* hidden;
    int64_t units;
    GYEOL_INLINE_MEMBER const Stored<T>* row(int64_t r) const { return rows + r * width; }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
        store(hidden + r * units + unit, tanh(sums[0] + load(bias + unit, count)), count);
    }
};

template <class T>
static void score_forward(const Scores& of, int64_t first, int64_t last, char* scratch) {
    const int64_t A = of.units, width = row_width<T>(of.inputs);
    Stored<T>* rows = reinterpret_cast<Stored<T>*>(scratch);
    for (; first < last; first += CHUNK) {
        const int64_t n = last - first < CHUNK ? last - first : CHUNK;
        for (int64_t r = 0; r < n; ++r) {
            Stored<T>* to = rows + r * width;
            for (int64_t p = 0; p < of.pieces; to += of.widths[p++]) {  // what is written past a piece, the next one covers
                const int64_t K = of.widths[p];
                const float* from = of.x[p] + (first + r) * K;
                for (int64_t k = 0; k < K; k += LANES) store(to + k, load(from + k, K - k), LANES);
            }
        }
        product<T, 1, 4>(Hidden<T>{rows, width, of.bias, of.hidden + first * A, A}, n, static_cast<const T*>(of.packed), A, of.inputs);
        for (int64_t r = first; r < first + n; ++r) {
            Lanes sum = {};
            for (int64_t a = 0; a < A; a += LANES) sum += load(of.query + a, A - a) * load(of.hidden + r * A + a, A - a);
            float total = 0.0f;
            for (int lane = 0; lane < LANES; ++lane) total += sum[lane];
            of.scores[r] = total;
        }
    }
}

template <class T>
struct ByPiece {
    const Stored<T>* g;
    int64_t wide;
    float* dx;
    int64_t width;
    bool add;
    GYEOL_INLINE_MEMBER const Stored<T>* row(int64_t r) const { return g + r * wide; }
    GYEOL_INLINE_MEMBER void ahead(int64_t r, int64_t unit) const { fetch(dx + r * width + unit); }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
        float* at = dx + r * width + unit;
        store(at, add ? load(at, count) + sums[0] : sums[0], count);
    }
};

template <class T>
static void score_backward(const Scores& of, int64_t first, int64_t last, char* scratch, ScoreSums& sums) {
    const int64_t A = of.units, wide = g_width(A);
    Stored<T>* g = reinterpret_cast<Stored<T>*>(scratch);
    Factor<T>* panel = reinterpret_cast<Factor<T>*>(
        scratch + round_up(CHUNK * wide * static_cast<int64_t>(sizeof(Stored<T>)), 64));
    for (; first < last; first += CHUNK) {
        const int64_t n = last - first < CHUNK ? last - first : CHUNK;
        for (int64_t r = 0; r < n; ++r) {
            const float ds = of.dscores[first + r];
            const float* hidden = of.hidden + (first + r) * A;
            for (int64_t a = 0; a < A; a += LANES) {
                const int64_t count = A - a;
                const Lanes u = load(hidden + a, count), q = load(of.query + a, count), by = ds * (q - q * u * u);
                store(g + r * wide + a, by, LANES);
                store(sums.bias + a, load(sums.bias + a, count) + by, count);
                store(sums.query + a, load(sums.query + a, count) + ds * u, count);
            }
            __builtin_memset(g + r * wide + round_up(A), 0, static_cast<unsigned long>(wide - round_up(A)) * sizeof(Stored<T>));
        }
        const T* packed = static_cast<const T*>(of.packed);
        for (int64_t p = 0; p < of.pieces; packed += packed_size<T>(1, of.widths[p++], A))
            if (of.dx[p])
                product<T, 1, 4>(ByPiece<T>{g, wide, of.dx[p] + first * of.widths[p], of.widths[p], of.add}, n, packed, of.widths[p], A);
        const Tokens<T> tokens{n, nullptr, nullptr, g, wide};
        const Factor<T>* values = pair_up(tokens, 0, A, panel + TIMES<T> * (n + 1) * 4 * BLOCK<T>);
        float* weight = sums.weight;
        for (int64_t p = 0; p < of.pieces; weight += A * of.widths[p++]) {
            const int64_t K = of.widths[p];
            const float* x = of.x[p] + first * K;
            outer<T>(values, value_stride<T>(n, wide), GateBlock{0, 0, 1}, A, Units{0, A}, [&](int64_t i) { return x + i * K; }, K, n,
                     sums.fresh, weight, panel);
        }
        sums.fresh = false;
    }
}

template <class T>
static constexpr ScoreKernels scores_of(const char* element) {
    ScoreKernels kernels{};
    kernels.element = element;
    kernels.packed = [](const Scores& of) {
        int64_t back = 0;
        for (int64_t p = 0; p < of.pieces; ++p) back += packed_size<T>(1, of.widths[p], of.units);
        const int64_t there = packed_size<T>(1, of.units, of.inputs);
        return (there > back ? there : back) * static_cast<int64_t>(sizeof(T));
    };
    kernels.scratch = score_scratch<T>;
    kernels.pack = [](const Scores& of, const float* weight, void* packed) {
        pack<T, 1, 4>(weight, 0, of.inputs, 1, of.units, of.inputs, 0, 1, static_cast<T*>(packed));
    };
    kernels.pack_back = [](const Scores& of, const float* weight, void* packed) {
        T* to = static_cast<T*>(packed);
        for (int64_t p = 0; p < of.pieces; ++p) {
            pack<T, 1, 4>(weight, 0, 1, of.inputs, of.widths[p], of.units, 0, 1, to);
            to += packed_size<T>(1, of.widths[p], of.units);
            weight += of.widths[p];
        }
    };
    kernels.forward = [](const Scores& of, int64_t first, int64_t last, char* scratch) {
        score_forward<T>(of, first, last, scratch);
#if defined(GYEOL_HAS_TILES)
        leave_tiles();
#endif
    };
    kernels.backward = [](const Scores& of, int64_t first, int64_t last, char* scratch, ScoreSums& sums) {
        score_backward<T>(of, first, last, scratch, sums);
#if defined(GYEOL_HAS_TILES)
        leave_tiles();
#endif
    };
    return kernels;
}

}  // namespace gyeol::GYEOL_ISA
#endif

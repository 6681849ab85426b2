// What is done to many tokens at once: the projection W x + b before a walk, and after it the gradients by x and the weights.
//
// A thread does so for the tokens of its own walk, some hundred at a time, so that what it has just written is still in its
// cache and no other thread is waited for. Where there are fewer walks than threads, each takes a range of all tokens instead.
#pragma once

#include "products/gemm.hpp"
#include "scan.hpp"

namespace gyeol::GYEOL_ISA {

constexpr int64_t CHUNK = 512;  // tokens at once, or the first number above it that a step of the walk ends at

#if defined(GYEOL_HAS_TILES)
template <class T>
constexpr bool ON_TILES = !std::is_same_v<T, float>;
#else
template <class T>
constexpr bool ON_TILES = false;
#endif

// How far apart rows of h, and of rounded inputs, lie. Sixteen rows of a tile are loaded at once: they shall begin on a cache line,
// and not share their places in the cache, as rows a power of 2 apart would.
template <class T>
GYEOL_INLINE int64_t width_of(int64_t n) {
    return ON_TILES<T> ? round_up(n, 32) + 32 : round_up(n);
}

// ---- The projection ----------------------------------------------------------------------------------------------------

template <class T>
struct Projection {
    const Forward& layer;
    const int64_t* places;  // of the tokens
    const Stored<T>* rounded; // for Bfloat16 their inputs as T, rows `width` apart; floats are read where they lie
    int64_t width, wide;
    GYEOL_INLINE_MEMBER const Stored<T>* row(int64_t r) const {
        if constexpr (sizeof(Stored<T>) == sizeof(float)) return layer.x + places[r] * layer.inputs;
        else return rounded + r * width;
    }
    GYEOL_INLINE_MEMBER void ahead(int64_t r, int64_t unit) const { fetch(layer.gates + places[r] * wide + unit); }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
        const Lanes sum = layer.bias_in ? sums[0] + load(layer.bias_in + unit, count) : sums[0];
        store(layer.gates + places[r] * wide + unit, sum, count);
    }
};

// Bytes of scratch for `project`.
template <class T>
static int64_t project_size(int64_t tokens, int64_t inputs) {
    if constexpr (IS_QUAD<T>) return quads_size(tokens, inputs);
#if defined(GYEOL_HAS_BFLOAT16)
    if constexpr (IS_HIGH<T>) return split_size(tokens, inputs);
#endif
    return sizeof(T) == sizeof(float) ? 0 : tokens * width_of<T>(inputs) * static_cast<int64_t>(sizeof(T));
}

// gates[places[i]] = W x[places[i]] + b for n tokens. buffer: project_size bytes.
template <class T>
static void project(const Forward& layer, int64_t gates, const int64_t* places, int64_t n, char* buffer) {
    const int64_t width = width_of<T>(layer.inputs);
    Stored<T>* rounded = reinterpret_cast<Stored<T>*>(buffer);
    if constexpr (sizeof(Stored<T>) != sizeof(float))
        for (int64_t r = 0; r < n; ++r)
            for (int64_t k = 0; k < layer.inputs; k += LANES)
                store(rounded + r * width + k, load(layer.x + places[r] * layer.inputs + k, layer.inputs - k), LANES);
    product<T, 1, 4>(Projection<T>{layer, places, rounded, width, gates * layer.units}, n,
                     static_cast<const T*>(layer.packed_in), gates * layer.units, layer.inputs, buffer);
}

// ---- The gradients -----------------------------------------------------------------------------------------------------

// Tokens on the way back, in the order of the walk. The memory is the caller's; rows of da are `wide` apart, 0 past GRADIENT_BLOCKS*H.
template <class T>
struct Tokens {
    int64_t count;
    int64_t* places;
    const float** before;  // h_{t-1} of each
    Stored<T>* da;
    int64_t wide;
    Tokens from(int64_t first, int64_t n) const { return {n, places + first, before + first, da + first * wide, wide}; }
};

template <class T>
struct ByInput {
    const Tokens<T>& tokens;
    int64_t column;
    float* dx;
    int64_t inputs;
    bool add;
    GYEOL_INLINE_MEMBER const Stored<T>* row(int64_t r) const { return tokens.da + r * tokens.wide + column; }
    GYEOL_INLINE_MEMBER void ahead(int64_t r, int64_t unit) const { fetch(dx + tokens.places[r] * inputs + unit); }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
        float* at = dx + tokens.places[r] * inputs + unit;
        store(at, add ? load(at, count) + sums[0] : sums[0], count);
    }
};

// Units `first` to `last`, of every gate.
struct Units {
    int64_t first, last;
};

// What `outer` multiplies: a High is two Bfloat16s, see gemm.hpp.
template <class T>
using Factor = std::conditional_t<IS_HIGH<T>, Bfloat16, T>;

// How many times the tokens are multiplied: for High [high, high, low] of da with [high, low, high] of the inputs.
template <class T>
constexpr int TIMES = IS_HIGH<T> ? 3 : 1;

template <class T>
constexpr bool TRANSPOSED = ON_TILES<T>;  // da is what the rows of tiles are: each column's tokens lie together

// How far apart values of the next column, or of the next token, lie: no power of 2, as in wide_of.
template <class T>
GYEOL_INLINE int64_t value_stride(int64_t tokens, int64_t wide) {
    return TRANSPOSED<T> ? round_up(TIMES<T> * round_up(tokens, 2), 32) + 32 : wide;
}

// Values of columns `first` to `last`, and up to a register of those beyond, as `outer` reads them: for float da itself; for the others
// two tokens at a time, side by side (an odd last one with 0).
GYEOL_INLINE const float* pair_up(const Tokens<float>& tokens, int64_t, int64_t, float*) { return tokens.da; }
GYEOL_INLINE void pack_rows(const float* row, const float*, int64_t count, bool, float* to) { store(to, load(row, count)); }

#if defined(GYEOL_HAS_BFLOAT16)
GYEOL_INLINE Bfloat16Lanes part_of(const Bfloat16* row, bool) { return load_bfloat16(row); }
GYEOL_INLINE Bfloat16Lanes part_of(const float* row, bool rest) { return rest ? round_rest(load(row)) : round_all(load(row)); }

template <class T>
static const Bfloat16* pair_up(const Tokens<T>& tokens, int64_t first, int64_t last, Bfloat16* to) {
    const int64_t count = tokens.count, stride = value_stride<T>(count, tokens.wide);
    const auto pairs = [&](int64_t n, int64_t k, bool rest) __attribute__((always_inline)) {
        const Stored<T>* row = tokens.da + n * tokens.wide + k;
        return paired_lanes(n < count ? part_of(row, rest) : Bfloat16Lanes{},
                            n + 1 < count ? part_of(row + tokens.wide, rest) : Bfloat16Lanes{});
    };
    for (int time = 0; time < TIMES<T>; ++time) {
        const int64_t begin = time * round_up(count, 2);
        if constexpr (TRANSPOSED<T>) {  // what is written past the last token, the next time or nobody reads
            for (int64_t n = 0; n < count; n += 2 * LANES)
                for (int64_t k = first; k < last; k += LANES) {
                    Pairs square[LANES];
                    for (int i = 0; i < LANES; ++i) square[i] = pairs(n + 2 * i, k, time == 2);
                    turn(square);
                    for (int i = 0; i < LANES; ++i)
                        __builtin_memcpy(to + (k + i) * stride + begin + n, &square[i], sizeof square[i]);
                }
        } else {
            for (int64_t n = 0; n < count; n += 2)
                for (int64_t k = first; k < last; k += LANES) {
                    const Pairs both = pairs(n, k, time == 2);
                    __builtin_memcpy(to + (begin + n) * stride + 2 * k, &both, sizeof both);
                }
        }
    }
    return to;
}

// Up to a block of two rows; next: null for an odd last one.
GYEOL_INLINE void pack_rows(const float* row, const float* next, int64_t count, bool rest, Bfloat16* to) {
    for (int64_t k = 0; k < BLOCK<Bfloat16>; k += LANES) {
        const auto part = [&](const float* from) __attribute__((always_inline)) {
            if (!from || k >= count) return Bfloat16Lanes{};
            const Lanes v = load(from + k, count - k);
            return rest ? round_rest(v) : round_all(v);
        };
        store_pairs(to + 2 * k, part(row), part(next));
    }
}
#endif

// R rows of C registers of columns; of the last register `last` columns are real, 1 or more.
template <class T, int R, int C>
static __attribute__((noinline)) void outer_tile(const T* values, int64_t stride, const T* panel, int64_t K, bool fresh,
                                                 float* out, int64_t out_stride, int64_t last) {
    constexpr int WHOLE = C - 1;
    Lanes sums[R][C];
    for (int r = 0; r < R; ++r) {
        for (int c = 0; c < WHOLE; ++c) sums[r][c] = fresh ? Lanes{} : load(out + r * out_stride + c * LANES);
        sums[r][WHOLE] = fresh ? Lanes{} : load(out + r * out_stride + WHOLE * LANES, last);
    }
    multiply<R, C>(
        sums, [&](int r, int64_t k) __attribute__((always_inline)) { return element(values + k * stride * PAIR<T>, r); },
        panel, K);
    for (int r = 0; r < R; ++r) {
        for (int c = 0; c < WHOLE; ++c) store(out + r * out_stride + c * LANES, sums[r][c]);
        store(out + r * out_stride + WHOLE * LANES, sums[r][WHOLE], last);
    }
}

// All rows of one panel of C * LANES columns.
template <class T, int C>
static void outer_panel(const T* values, int64_t stride, int64_t rows, const T* panel, int64_t K, bool fresh, float* out,
                        int64_t out_stride, int64_t last) {
    in_tiles<TILE<C>>(rows, [&](auto size, int64_t at) {
        outer_tile<T, decltype(size)::rows, C>(values + PAIR<T> * at, stride, panel, K, fresh, out + at * out_stride,
                                               out_stride, last);
    });
}

#if defined(GYEOL_HAS_TILES)
// A phase of tiled_product: the sums themselves.
struct OuterSums {
    const Bfloat16* values;
    int64_t stride;
    float* out;
    int64_t out_stride;
    bool fresh;
    GYEOL_INLINE_MEMBER const Bfloat16* row(int64_t r) const { return values + r * stride; }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
        float* at = out + r * out_stride + unit;
        store(at, fresh ? sums[0] : load(at, count) + sums[0], count);
    }
};
#endif

// For each gate of a run, out (`units` rows of it, columns) [+]= sum over tokens of values[n][row] * input(n)[c], `input` giving
// each token's row of floats.
//
//   values   see pair_up; stride is value_stride
//   panel    TIMES * (tokens + 1) * 4 * BLOCK elements of scratch
template <class T, class Input>
static void outer(const Factor<T>* values, int64_t stride, const GateBlock& run, int64_t H, const Units& units, Input input,
                  int64_t columns, int64_t tokens, bool fresh, float* out, Factor<T>* panel) {
    constexpr int64_t P = PAIR<T>, B = BLOCK<T>;
    const int64_t K = TIMES<T> * round_up(tokens, P);
    // All units of all gates are one piece; some units of each gate are as many as there are gates.
    const bool whole = units.first == 0 && units.last == H;
    const int64_t pieces = whole ? 1 : run.count, rows = whole ? run.count * H : units.last - units.first;
    for (int64_t first = 0; first < columns; first += 4 * B) {
        const int64_t left = columns - first, blocks = left < 4 * B ? (left + B - 1) / B : 4;
        Factor<T>* to = panel;
        for (int time = 0; time < TIMES<T>; ++time)
            for (int64_t n = 0; n < tokens; n += P) {
                const float *row = input(n) + first, *next = P > 1 && n + 1 < tokens ? input(n + 1) + first : nullptr;
                for (int64_t c = 0; c < blocks; ++c, to += P * B)
                    pack_rows(row + c * B, next ? next + c * B : nullptr, left - c * B, time == 1, to);
            }
        for (int64_t piece = 0; piece < pieces; ++piece) {
            const int64_t from_row = (run.at + piece) * H + units.first;
            float* at = out + ((run.gate + piece) * H + units.first) * columns + first;
#if defined(GYEOL_HAS_TILES)
            if constexpr (TRANSPOSED<T>) {
                const OuterSums phase{values + from_row * stride, stride, at, columns, fresh};
                tiled_product<1, 4>(phase, rows, panel, left < 4 * B ? left : 4 * B, K);
            } else
#endif
            {
                const Factor<T>* from = values + P * from_row;
                const int64_t last = left - (blocks - 1) * B;
                switch (blocks) {
                    case 1: outer_panel<Factor<T>, 1>(from, stride, rows, panel, K / P, fresh, at, columns, last); break;
                    case 2: outer_panel<Factor<T>, 2>(from, stride, rows, panel, K / P, fresh, at, columns, last); break;
                    case 3: outer_panel<Factor<T>, 3>(from, stride, rows, panel, K / P, fresh, at, columns, last); break;
                    default: outer_panel<Factor<T>, 4>(from, stride, rows, panel, K / P, fresh, at, columns, last); break;
                }
            }
        }
    }
}

GYEOL_INLINE Lanes load_any(const float* from, int64_t count) { return load(from, count); }
#if defined(GYEOL_HAS_BFLOAT16)
GYEOL_INLINE Lanes load_any(const Bfloat16* from, int64_t) {  // up to a whole register past the last is readable
    return widened(load_bfloat16(from));
}
#endif

// sums [+]= all rows of da, columns `begin` to `end`, a few registers of them at a time.
template <class T>
static void add_rows(const Tokens<T>& tokens, int64_t begin, int64_t end, bool fresh, float* sums) {
    constexpr int C = 4;
    for (int64_t first = begin; first < end; first += C * LANES) {
        Lanes own[C];
        for (int c = 0; c < C; ++c) {
            const int64_t k = first + c * LANES;
            own[c] = fresh || k >= end ? Lanes{} : load(sums + k, end - k);
        }
        if (first + C * LANES <= end)
            for (int64_t i = 0; i < tokens.count; ++i)
                for (int c = 0; c < C; ++c) own[c] += load_any(tokens.da + i * tokens.wide + first + c * LANES, LANES);
        else
            for (int64_t i = 0; i < tokens.count; ++i)
                for (int c = 0; c < C; ++c) {
                    const int64_t k = first + c * LANES;
                    if (k < end) own[c] += load_any(tokens.da + i * tokens.wide + k, end - k);
                }
        for (int c = 0; c < C; ++c) {
            const int64_t k = first + c * LANES;
            if (k < end) store(sums + k, own[c], end - k);
        }
    }
}

// Bytes of scratch for `gradients`, and for a product of so many rows of da.
template <class T>
static int64_t gradients_size(int64_t tokens, int64_t wide) {
    const int64_t times = TIMES<T> * (tokens + 1), panel = times * 4 * BLOCK<T>;
    const int64_t values = sizeof(T) == sizeof(float) ? 0 : TRANSPOSED<T> ? wide * value_stride<T>(tokens, wide) : times * wide;
    const int64_t size = (panel + values) * static_cast<int64_t>(sizeof(Factor<T>));
#if defined(GYEOL_HAS_BFLOAT16)
    if (IS_HIGH<T> && split_size(tokens, wide) > size) return split_size(tokens, wide);
#endif
    return size;
}

// Write the gradient by x of some tokens. scratch: gradients_size bytes.
template <class Cell, class T>
static void gradients_by_input(const Backward& layer, const Tokens<T>& tokens, char* scratch) {
    const int64_t H = layer.units, D = layer.inputs;
    if (!layer.dx) return;
    const T* packed = static_cast<const T*>(layer.packed_in);
    bool add = false;
    for (const GateBlock& run : Cell::INPUT) {
        product<T, 1, 4>(ByInput<T>{tokens, run.at * H, layer.dx, D, add}, tokens.count, packed, D, run.count * H, scratch);
        packed += packed_size<T>(1, D, run.count * H);
        add = true;
    }
}

// Add what some tokens give to the sums of some units' weights. scratch: gradients_size bytes.
template <class Cell, class T>
static void gradients_by_weights(const Backward& layer, const Tokens<T>& tokens, const Units& units, Sums& sums, char* scratch) {
    const int64_t H = layer.units, D = layer.inputs, n = tokens.count;
    if (!sums.da || n == 0 || units.first >= units.last) return;
    const bool whole = units.first == 0 && units.last == H;
    Factor<T>* panel = reinterpret_cast<Factor<T>*>(scratch);
    const Factor<T>* values = nullptr;
    for (int64_t block = 0, count = whole ? 1 : Cell::GRADIENT_BLOCKS; block < count; ++block) {
        const int64_t first = block * H + units.first, last = whole ? Cell::GRADIENT_BLOCKS * H : block * H + units.last;
        values = pair_up(tokens, first, last, panel + TIMES<T> * (n + 1) * 4 * BLOCK<T>);
        add_rows(tokens, first, last, sums.fresh, sums.da);
    }
    const int64_t stride = value_stride<T>(n, tokens.wide);
    if (sums.w_ih)
        for (const GateBlock& run : Cell::INPUT)
            outer<T>(values, stride, run, H, units, [&](int64_t i) { return layer.x + tokens.places[i] * D; }, D, n, sums.fresh,
                     sums.w_ih, panel);
    for (const GateBlock& run : Cell::HIDDEN) {
        if (run.extra)
            outer<T>(values, stride, run, H, units, [&](int64_t i) { return layer.extra + tokens.places[i] * Cell::EXTRA * H; }, H, n,
                     sums.fresh, sums.w_hh, panel);
        else
            outer<T>(values, stride, run, H, units, [&](int64_t i) { return tokens.before[i]; }, H, n, sums.fresh, sums.w_hh, panel);
    }
    sums.fresh = false;
}

template <class Cell, class T>
static void gradients(const Backward& layer, const Tokens<T>& tokens, Sums& sums, char* scratch) {
    gradients_by_input<Cell>(layer, tokens, scratch);
    gradients_by_weights<Cell>(layer, tokens, {0, layer.units}, sums, scratch);
}

}  // namespace gyeol::GYEOL_ISA

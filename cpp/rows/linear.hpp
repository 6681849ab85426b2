// y = W x + b for a few rows x, with W packed once: the words that a decoder chooses among, and the smaller layers before them.
//
// With few rows a product takes the time that its weights take to be read. They are read strictly forwards, in the order that
// gemm.hpp packs them in (one gate, panels of LINEAR_BLOCKS registers), and each panel may be multiplied by any thread: how the
// panels are shared out changes no result.
#pragma once

#include <cstdint>

namespace gyeol {

// One element type: "float32", "bfloat16" or "int8" (quad.hpp: a scale for each row of W and for each x, whole sums).
struct LinearKernels {
    const char* element;
    int64_t (*packed)(int64_t units, int64_t inputs);               // bytes of packed weights
    int64_t (*prepared)(int64_t rows, int64_t inputs);              // bytes of `rows` rows as `multiply` reads them
    int64_t panel;                                                  // units of a panel
    void (*pack)(const float* weight, int64_t units, int64_t inputs, void* packed);  // weight (units, inputs)
    void (*prepare)(const float* x, int64_t stride, int64_t rows, int64_t inputs, char* buffer);
    // Units first, first + 1, ..., last - 1, where `first` begins a panel: y (rows, units), rows y_stride floats apart, is written.
    // bias (units), or null.
    void (*multiply)(const char* buffer, int64_t rows, const void* packed, const float* bias, int64_t units, int64_t inputs,
                     int64_t first, int64_t last, float* y, int64_t y_stride);
};

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "../products/gemm.hpp"

namespace gyeol::GYEOL_ISA {

constexpr int LINEAR_BLOCKS = 4;

template <class T>
struct LinearPhase {
    const T* x;
    int64_t width;
    const float* scales;  // of Quads
    const float* bias;
    float* y;
    int64_t y_stride;
    GYEOL_INLINE_MEMBER const T* row(int64_t r) const { return x + r * width; }
    GYEOL_INLINE_MEMBER float scale(int64_t r) const { return scales[r]; }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
        const Lanes sum = bias ? sums[0] + load(bias + unit, count) : sums[0];
        store(y + r * y_stride + unit, sum, count);
    }
};

template <class T>
static int64_t linear_prepared(int64_t rows, int64_t inputs) {
    if constexpr (IS_QUAD<T>) return quads_size(rows, inputs);
    return rows * round_up(inputs) * static_cast<int64_t>(sizeof(T));
}

template <class T>
static void linear_prepare(const float* x, int64_t stride, int64_t rows, int64_t inputs, char* buffer) {
#if defined(__AVX512VNNI__)
    if constexpr (IS_QUAD<T>) {
        quantise([&](int64_t r) __attribute__((always_inline)) { return x + r * stride; }, rows, inputs, buffer);
        return;
    }
    else
#endif
    {
        const int64_t width = round_up(inputs);
        T* to = reinterpret_cast<T*>(buffer);
        for (int64_t r = 0; r < rows; ++r)
            for (int64_t k = 0; k < inputs; k += LANES) {
                if constexpr (sizeof(T) == sizeof(float)) store(to + r * width + k, load(x + r * stride + k, inputs - k));
                else store(to + r * width + k, load(x + r * stride + k, inputs - k), LANES);
            }
    }
}

template <class T>
static void linear_multiply(const char* buffer, int64_t rows, const void* packed, const float* bias, int64_t units,
                            int64_t inputs, int64_t first, int64_t last, float* y, int64_t y_stride) {
    const T* weights = static_cast<const T*>(packed) + first * padded_depth<T>(inputs);
    const int64_t width = round_up(inputs);
    LinearPhase<T> phase{reinterpret_cast<const T*>(buffer), width, nullptr, bias ? bias + first : nullptr, y + first, y_stride};
    if constexpr (IS_QUAD<T>) {  // as `quantise` lays them out
        phase.scales = reinterpret_cast<const float*>(buffer);
        phase.x = reinterpret_cast<const T*>(buffer + round_up(rows) * 4);
    }
    (void)units;
    panels<T, 1, LINEAR_BLOCKS>(phase, rows, weights, last - first, inputs);
}

template <class T>
static constexpr LinearKernels linear_of(const char* element) {
    LinearKernels of{};
    of.element = element;
    of.packed = [](int64_t units, int64_t inputs) { return packed_size<T>(1, units, inputs) * static_cast<int64_t>(sizeof(T)); };
    of.prepared = linear_prepared<T>;
    of.panel = LINEAR_BLOCKS * LANES;
    of.pack = [](const float* weight, int64_t units, int64_t inputs, void* packed) {
        pack<T, 1, LINEAR_BLOCKS>(weight, 0, inputs, 1, units, inputs, 0, 1, static_cast<T*>(packed));
    };
    of.prepare = linear_prepare<T>;
    of.multiply = linear_multiply<T>;
    return of;
}

}  // namespace gyeol::GYEOL_ISA
#endif

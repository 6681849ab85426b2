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
    int64_t (*scratch)(int64_t rows, int64_t inputs);               // bytes of scratch, each caller's own, aligned to 64
    int64_t panel;                                                  // units of a panel
    void (*pack)(const float* weight, int64_t units, int64_t inputs, void* packed);  // weight (units, inputs)
    // Units first, first + 1, ..., last - 1, where `first` begins a panel, of x (rows, inputs): y (rows, units), rows y_stride
    // floats apart, is written. bias (units), or null.
    void (*multiply)(const float* x, int64_t rows, const void* packed, const float* bias, int64_t inputs, int64_t first,
                     int64_t last, float* y, int64_t y_stride, char* scratch);
};

}  // namespace gyeol

#ifdef GYEOL_ISA
#include "steps.hpp"

namespace gyeol::GYEOL_ISA {

constexpr int LINEAR_BLOCKS = 4;

// One panel of U blocks, the first unit of which is `unit`, of which there are `units`.
template <class T, int U>
GYEOL_INLINE void linear_panel(const Operand<T>& x, int64_t rows, int64_t unit, int64_t units, const T* panel, int64_t inputs,
                               const float* bias, float* y, int64_t y_stride) {
    in_tiles<TILE<U>>(rows, [&](auto size, int64_t at) {
        constexpr int R = decltype(size)::rows;
        Lanes sums[R][U];
        Dot<T, R, U>::of(x, at, panel, inputs, sums);
        for (int r = 0; r < R; ++r)
            for (int u = 0; u < U; ++u) {
                const int64_t from = unit + u * LANES, count = units - from;
                store(y + (at + r) * y_stride + from, bias ? sums[r][u] + load(bias + from, count) : sums[r][u], count);
            }
    });
}

template <class T>
static void linear_multiply(const float* x, int64_t rows, const void* packed, const float* bias, int64_t inputs, int64_t first,
                            int64_t last, float* y, int64_t y_stride, char* scratch) {
    const Operand<T> from = operand<T>(x, inputs, rows, inputs, scratch);
    for (int64_t unit = first; unit < last; unit += LINEAR_BLOCKS * LANES) {
        const T* panel = panel_of<T, 1>(static_cast<const T*>(packed), unit, inputs);
        switch ((last - unit + LANES - 1) / LANES) {
            case 1: linear_panel<T, 1>(from, rows, unit, last, panel, inputs, bias, y, y_stride); break;
            case 2: linear_panel<T, 2>(from, rows, unit, last, panel, inputs, bias, y, y_stride); break;
            case 3: linear_panel<T, 3>(from, rows, unit, last, panel, inputs, bias, y, y_stride); break;
            default: linear_panel<T, LINEAR_BLOCKS>(from, rows, unit, last, panel, inputs, bias, y, y_stride); break;
        }
    }
}

template <class T>
static constexpr LinearKernels linear_of(const char* element) {
    LinearKernels of{};
    of.element = element;
    of.packed = [](int64_t units, int64_t inputs) { return packed_size<T>(1, units, inputs) * static_cast<int64_t>(sizeof(T)); };
    of.scratch = operand_size<T>;
    of.panel = LINEAR_BLOCKS * LANES;
    of.pack = [](const float* weight, int64_t units, int64_t inputs, void* packed) {
        pack<T, 1, LINEAR_BLOCKS>(weight, 0, inputs, 1, units, inputs, 0, 1, static_cast<T*>(packed));
    };
    of.multiply = linear_multiply<T>;
    return of;
}

}  // namespace gyeol::GYEOL_ISA
#endif

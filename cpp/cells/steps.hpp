// The cells' formulas (each in its own file) for a single step of a few rows, which keeps nothing for a way back.
//
// A form has PANEL, the units of its last panels, and
//
//     pack<T>(w_ih, w_hh, D, H, packed)                      step_packed_size<T> elements
//     take<T>(steps, layer, x, next, y, team, scratch)       h_t of this member's units into `next` and `y`, which may be null
#pragma once

#include "../rows/steps.hpp"
#include "gru.hpp"
#include "lstm.hpp"
#include "rnn.hpp"

namespace gyeol::GYEOL_ISA {

template <class Cell>
struct StepForm;

// Where h_t goes.
struct StepOutput {
    int64_t units, width;
    float *next, *y;
    GYEOL_INLINE_MEMBER void operator()(int64_t r, int64_t unit, int64_t count, Lanes h) const {
        store(next + r * width + unit, h);
        if (y) store(y + r * units + unit, h, count);
    }
};

// A step that is one product.
template <class T, int G, int U, class Finish>
GYEOL_INLINE void take_all(const Steps& steps, const StepLayer& layer, const Operand<T>& x, float* next, float* y, const Team& team,
                           char* scratch) {
    const int64_t H = steps.units;
    step_panels<T, G, U>(x, layer.inputs, operand<T>(layer.h, H, steps.rows, H, scratch), H, steps.rows,
                         static_cast<const T*>(layer.packed), team, Finish{layer, {H, round_up(H), next, y}});
}

template <bool RELU>
struct StepForm<Rnn<RELU>> {
    static constexpr int PANEL = 4 * LANES;
    template <class T>
    static void pack(const float* w_ih, const float* w_hh, int64_t D, int64_t H, T* packed) {
        pack_both<T, 1, 4>(w_ih, w_hh, D, H, packed);
    }

    struct Finish {
        const StepLayer& layer;
        StepOutput out;
        template <int U>
        GYEOL_INLINE_MEMBER void operator()(int64_t r, int64_t unit, int64_t count, const Lanes* in, const Lanes* hidden) const {
            const Lanes a = hidden[0] + (in[0] + load(layer.bias_in + r * layer.bias_stride + unit, count));
            Lanes h;
            if constexpr (RELU) h = a < 0.0f ? Lanes{} : a;  // a NaN stays one
            else h = tanh(a);
            out(r, unit, count, h);
        }
    };

    template <class T>
    static void take(const Steps& steps, const StepLayer& layer, const Operand<T>& x, float* next, float* y, Team& team, char* scratch) {
        take_all<T, 1, 4, Finish>(steps, layer, x, next, y, team, scratch);
    }
};

template <>
struct StepForm<Lstm> {
    static constexpr int PANEL = LANES;
    template <class T>
    static void pack(const float* w_ih, const float* w_hh, int64_t D, int64_t H, T* packed) {
        pack_both<T, 4, 1>(w_ih, w_hh, D, H, packed);
    }

    struct Finish {
        const StepLayer& layer;
        StepOutput out;
        template <int U>
        GYEOL_INLINE_MEMBER void operator()(int64_t r, int64_t unit, int64_t count, const Lanes* in, const Lanes* hidden) const {
            const int64_t H = out.units;
            const float* bias = layer.bias_in + r * layer.bias_stride + unit;
            float* c = layer.c + r * H + unit;
            const Lanes i = sigmoid(hidden[0 * U] + (in[0 * U] + load(bias, count)));
            const Lanes f = sigmoid(hidden[1 * U] + (in[1 * U] + load(bias + H, count)));
            const Lanes g = tanh(hidden[2 * U] + (in[2 * U] + load(bias + 2 * H, count)));
            const Lanes o = sigmoid(hidden[3 * U] + (in[3 * U] + load(bias + 3 * H, count)));
            const Lanes memory = f * load(c, count) + i * g;
            store(c, memory, count);
            out(r, unit, count, o * tanh(memory));
        }
    };

    template <class T>
    static void take(const Steps& steps, const StepLayer& layer, const Operand<T>& x, float* next, float* y, Team& team, char* scratch) {
        take_all<T, 4, 1, Finish>(steps, layer, x, next, y, team, scratch);
    }
};

template <>
struct StepForm<GruBefore> {
    static constexpr int PANEL = 4 * LANES;
    template <class T>
    static void pack(const float* w_ih, const float* w_hh, int64_t D, int64_t H, T* packed) {
        pack_both<T, 2, 2>(w_ih, w_hh, D, H, packed);
        pack_both<T, 1, 4>(w_ih + 2 * H * D, w_hh + 2 * H * H, D, H, packed + step_packed_size<T>(2, H, D));
    }

    struct Gates {
        const Steps& steps;
        const StepLayer& layer;
        template <int U>
        GYEOL_INLINE_MEMBER void operator()(int64_t r, int64_t unit, int64_t count, const Lanes* in, const Lanes* hidden) const {
            const int64_t H = steps.units, at = r * round_up(H) + unit;
            const float* bias = layer.bias_in + r * layer.bias_stride + unit;
            const Lanes reset = sigmoid(hidden[0 * U] + (in[0 * U] + load(bias, count)));
            store(steps.update + at, sigmoid(hidden[1 * U] + (in[1 * U] + load(bias + H, count))));
            store(steps.between + at, reset * load(layer.h + r * H + unit, count));
        }
    };

    struct New {
        const Steps& steps;
        const StepLayer& layer;
        StepOutput out;
        template <int U>
        GYEOL_INLINE_MEMBER void operator()(int64_t r, int64_t unit, int64_t count, const Lanes* in, const Lanes* hidden) const {
            const int64_t H = steps.units;
            const Lanes n = tanh(hidden[0] + (in[0] + load(layer.bias_in + r * layer.bias_stride + 2 * H + unit, count)));
            const Lanes z = load(steps.update + r * out.width + unit);
            out(r, unit, count, (1.0f - z) * load(layer.h + r * H + unit, count) + z * n);
        }
    };

    template <class T>
    static void take(const Steps& steps, const StepLayer& layer, const Operand<T>& x, float* next, float* y, Team& team, char* scratch) {
        const int64_t H = steps.units, D = layer.inputs, B = steps.rows, width = round_up(H);
        const T* packed = static_cast<const T*>(layer.packed);
        step_panels<T, 2, 2>(x, D, operand<T>(layer.h, H, B, H, scratch), H, B, packed, team, Gates{steps, layer});
        meet(team);
        step_panels<T, 1, 4>(x, D, operand<T>(steps.between, width, B, H, scratch), H, B, packed + step_packed_size<T>(2, H, D),
                             team, New{steps, layer, {H, width, next, y}});
    }
};

template <>
struct StepForm<GruAfter> {
    static constexpr int PANEL = LANES;
    template <class T>
    static void pack(const float* w_ih, const float* w_hh, int64_t D, int64_t H, T* packed) {
        pack_both<T, 3, 1>(w_ih, w_hh, D, H, packed);
    }

    struct Finish {
        const StepLayer& layer;
        StepOutput out;
        template <int U>
        GYEOL_INLINE_MEMBER void operator()(int64_t r, int64_t unit, int64_t count, const Lanes* in, const Lanes* hidden) const {
            const int64_t H = out.units;
            const float* bias = layer.bias_in + r * layer.bias_stride + unit;
            const Lanes reset = sigmoid(hidden[0 * U] + (in[0 * U] + load(bias, count)));
            const Lanes z = sigmoid(hidden[1 * U] + (in[1 * U] + load(bias + H, count)));
            const Lanes v = layer.bias ? hidden[2 * U] + load(layer.bias + unit, count) : hidden[2 * U];
            const Lanes n = tanh((in[2 * U] + load(bias + 2 * H, count)) + reset * v);
            out(r, unit, count, (1.0f - z) * n + z * load(layer.h + r * H + unit, count));
        }
    };

    template <class T>
    static void take(const Steps& steps, const StepLayer& layer, const Operand<T>& x, float* next, float* y, Team& team, char* scratch) {
        take_all<T, 3, 1, Finish>(steps, layer, x, next, y, team, scratch);
    }
};

}  // namespace gyeol::GYEOL_ISA

// Elman's cell (Elman 1990), with tanh or a rectifier (Le, Jaitly and Hinton 2015):
//
//     h_t = f(W x_t + U h_{t-1} + b)
//
// Back, with dh the gradient by h_t:   da = dh * f'(a) = dh * (1 - h_t^2)  or  dh where h_t > 0;   dh_{t-1} = da U
//
// `gates` is only read and `extra` is not used: h_t itself says what f' was.
#pragma once

#include "../layer.hpp"

namespace gyeol::GYEOL_ISA {

template <bool RELU>
struct Rnn {
    static constexpr int GATES = 1, EXTRA = 0, GRADIENT_BLOCKS = 1;
    static constexpr bool MEMORY = false, NORM = false, READS_GATES = false;
    static constexpr GateBlock INPUT[] = {{0, 0, 1}};
    static constexpr GateBlock HIDDEN[] = {{0, 0, 1}};

    template <class T>
    static void pack_forward(const float* w, int64_t H, int64_t part, int64_t parts, T* packed) {
        pack<T, 1, 4>(w, 0, H, 1, H, H, part, parts, packed);
    }
    template <class T>
    static void pack_backward(const float* w, int64_t H, int64_t part, int64_t parts, T* packed) {
        pack<T, 1, 4>(w, 0, 1, H, H, H, part, parts, packed);
    }

    template <class T>
    struct Phase {
        const Forward& layer;
        const Step& step;
        const State<T>& state;
        GYEOL_INLINE_MEMBER const Stored<T>* row(int64_t r) const { return state.h + r * state.width; }
        GYEOL_INLINE_MEMBER void ahead(int64_t r, int64_t unit) const {
            const int64_t at = place(layer.batch, step, r);
            fetch(layer.gates + at * layer.units + unit);
            fetch(layer.y + at * layer.stride + unit);
        }
        template <int U>
        GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
            const int64_t at = place(layer.batch, step, r);
            const Lanes a = sums[0] + load(layer.gates + at * layer.units + unit, count);
            Lanes h;
            if constexpr (RELU) h = a < 0.0f ? Lanes{} : a;  // a NaN stays one
            else h = tanh(a);
            store(layer.y + at * layer.stride + unit, h, count);
            store(state.h_next + r * state.width + unit, h, LANES);
        }
    };

    template <class T>
    static void forward(const Forward& layer, const Step& step, const State<T>& state) {
        product<T, 1, 4>(Phase<T>{layer, step, state}, step.alive, static_cast<const T*>(layer.packed), layer.units,
                         layer.units, state.buffer, state.team);
    }

    template <class T>
    static void backward(const Backward& layer, const Step& step, BackState<T>& state) {
        const int64_t H = layer.units;
        const Units own = own_units(state.team, H);
        for (int64_t r = 0; r < step.alive; ++r) {
            const int64_t at = place(layer.batch, step, r);
            for (int64_t unit = own.first; unit < own.last; unit += LANES) {
                const int64_t count = H - unit;
                const Lanes dh = load(layer.dy + at * layer.stride + unit, count) + load(state.dh + r * state.width + unit);
                const Lanes h = load(layer.y + at * layer.stride + unit, count);
                Lanes da;
                if constexpr (RELU) da = h <= 0.0f ? Lanes{} : dh;
                else da = dh * (1.0f - h * h);
                store(state.da + r * state.wide + unit, da, count);
            }
        }
        meet(state.team);
        product<T, 1, 4>(Into<T>{state.da, state.wide, state.dh, state.width, false}, step.alive,
                         static_cast<const T*>(layer.packed), H, H, state.buffer, state.team);
    }
};

}  // namespace gyeol::GYEOL_ISA

// The LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
//
//     i, f, o = sigmoid(W x_t + U h_{t-1} + b),  g = tanh(W x_t + U h_{t-1} + b)
//     c_t = f * c_{t-1} + i * g,                 h_t = o * tanh(c_t)
//
// The four gates of a unit are computed side by side and never leave the registers before their functions are applied.
//
// Back, with dh, dc the gradients by h_t and c_t from later steps:
//
//     dc += dh * o * (1 - tanh(c_t)^2)
//     da_o = dh tanh(c_t) o (1 - o),  da_i = dc g i (1 - i),  da_f = dc c_{t-1} f (1 - f),  da_g = dc i (1 - g^2)
//     dh_{t-1} = da U,  dc_{t-1} = dc * f
//
// `gates` (i, f, g, o: PyTorch's order) and `memory` (c) are kept; `extra` is not used.
#pragma once

#include "../layer.hpp"

namespace gyeol::GYEOL_ISA {

struct Lstm {
    static constexpr int GATES = 4, EXTRA = 0, GRADIENT_BLOCKS = 4;
    static constexpr bool MEMORY = true, NORM = false, READS_GATES = true;
    static constexpr GateBlock INPUT[] = {{0, 0, 4}};
    static constexpr GateBlock HIDDEN[] = {{0, 0, 4}};

    template <class T>
    static void pack_forward(const float* w, int64_t H, int64_t part, int64_t parts, T* packed) {
        pack<T, 4, 1>(w, H * H, H, 1, H, H, part, parts, packed);
    }
    template <class T>
    static void pack_backward(const float* w, int64_t H, int64_t part, int64_t parts, T* packed) {
        pack<T, 1, 4>(w, 0, 1, H, H, 4 * H, part, parts, packed);
    }

    template <class T>
    struct Phase {
        const Forward& layer;
        const Step& step;
        const State<T>& state;
        GYEOL_INLINE_MEMBER const Stored<T>* row(int64_t r) const { return state.h + r * state.width; }
        GYEOL_INLINE_MEMBER void ahead(int64_t r, int64_t unit) const {
            const int64_t H = layer.units, at = place(layer.batch, step, r);
            for (int gate = 0; gate < 4; ++gate) fetch(layer.gates + (at * 4 + gate) * H + unit);
            if (layer.memory) fetch(layer.memory + at * H + unit);
            fetch(layer.y + at * layer.stride + unit);
        }
        template <int U>
        GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
            const int64_t H = layer.units, at = place(layer.batch, step, r);
            float* gates = layer.gates + at * 4 * H + unit;
            float* c = state.c + r * state.width + unit;
            const Lanes i = sigmoid(sums[0 * U] + load(gates, count));
            const Lanes f = sigmoid(sums[1 * U] + load(gates + H, count));
            const Lanes g = tanh(sums[2 * U] + load(gates + 2 * H, count));
            const Lanes o = sigmoid(sums[3 * U] + load(gates + 3 * H, count));
            const Lanes memory = f * load(c) + i * g;
            const Lanes h = o * tanh(memory);
            store(gates, i, count);
            store(gates + H, f, count);
            store(gates + 2 * H, g, count);
            store(gates + 3 * H, o, count);
            if (layer.memory) store(layer.memory + at * H + unit, memory, count);
            store(layer.y + at * layer.stride + unit, h, count);
            store(c, memory);
            store(state.h_next + r * state.width + unit, h, LANES);
        }
    };

    template <class T>
    static void forward(const Forward& layer, const Step& step, const State<T>& state) {
        product<T, 4, 1>(Phase<T>{layer, step, state}, step.alive, static_cast<const T*>(layer.packed), layer.units,
                         layer.units, state.buffer, state.team);
    }

    template <class T>
    static void backward(const Backward& layer, const Step& step, BackState<T>& state) {
        const int64_t H = layer.units;
        const Units own = own_units(state.team, H);
        for (int64_t r = 0; r < step.alive; ++r) {
            const int64_t at = place(layer.batch, step, r);
            const float* before = c_before(layer, step, r);
            for (int64_t unit = own.first; unit < own.last; unit += LANES) {
                const int64_t count = H - unit;
                const float* gates = layer.gates + at * 4 * H + unit;
                float* carried = state.dc + r * state.width + unit;
                const Lanes i = load(gates, count), f = load(gates + H, count), g = load(gates + 2 * H, count),
                            o = load(gates + 3 * H, count), bent = tanh(load(layer.memory + at * H + unit, count));
                const Lanes dh = load(layer.dy + at * layer.stride + unit, count) + load(state.dh + r * state.width + unit);
                const Lanes dc = load(carried) + dh * o * (1.0f - bent * bent);
                store(carried, dc * f);
                const Lanes da[4] = {dc * g * i * (1.0f - i), dc * load(before + unit, count) * f * (1.0f - f),
                                     dc * i * (1.0f - g * g), dh * bent * o * (1.0f - o)};
                for (int gate = 0; gate < 4; ++gate) store(state.da + r * state.wide + gate * H + unit, da[gate], count);
            }
        }
        meet(state.team);
        product<T, 1, 4>(Into<T>{state.da, state.wide, state.dh, state.width, false}, step.alive,
                         static_cast<const T*>(layer.packed), H, 4 * H, state.buffer, state.team);
    }
};

}  // namespace gyeol::GYEOL_ISA

// The gated recurrent unit (Cho et al. 2014), in its two forms. Gates r, z, n: PyTorch's order.
//
// GruBefore, the course's: the reset gate before the product.
//
//     r, z = sigmoid(W x_t + U h_{t-1} + b),  n = tanh(W x_t + U (r * h_{t-1}) + b),  h_t = (1 - z) * h_{t-1} + z * n
//
//     da_z = dh (n - h_{t-1}) z (1 - z),  da_n = dh z (1 - n^2),  dm = da_n U_n,  da_r = dm h_{t-1} r (1 - r)
//     dh_{t-1} = dh (1 - z) + dm r + [da_r, da_z] U_rz                   `extra` keeps m = r * h_{t-1}
//
// GruAfter, PyTorch's: the reset gate after the product, and the other z.
//
//     r, z = sigmoid(W x_t + U h_{t-1} + b),  v = U h_{t-1} + b_v,  n = tanh(W x_t + r * v),  h_t = (1 - z) * n + z * h_{t-1}
//
//     da_z = dh (h_{t-1} - n) z (1 - z),  da_n = dh (1 - z) (1 - n^2),  da_r = da_n v r (1 - r),  dv = da_n r
//     dh_{t-1} = dh z + [da_r, da_z, dv] U                               `extra` keeps v
#pragma once

#include "../layer.hpp"

namespace gyeol::GYEOL_ISA {

struct GruBefore {
    static constexpr int GATES = 3, EXTRA = 1, GRADIENT_BLOCKS = 3;
    static constexpr bool MEMORY = false, NORM = false, READS_GATES = true;
    static constexpr GateBlock INPUT[] = {{0, 0, 3}};
    static constexpr GateBlock HIDDEN[] = {{0, 0, 2}, {2, 2, 1, true}};

    // r and z side by side; then n.
    template <class T>
    static void pack_forward(const float* w, int64_t H, int64_t part, int64_t parts, T* packed) {
        pack<T, 2, 2>(w, H * H, H, 1, H, H, part, parts, packed);
        pack<T, 1, 4>(w + 2 * H * H, 0, H, 1, H, H, part, parts, packed + packed_size<T>(2, H, H));
    }
    template <class T>
    static void pack_backward(const float* w, int64_t H, int64_t part, int64_t parts, T* packed) {
        pack<T, 1, 4>(w, 0, 1, H, H, 2 * H, part, parts, packed);
        pack<T, 1, 4>(w + 2 * H * H, 0, 1, H, H, H, part, parts, packed + packed_size<T>(1, H, 2 * H));
    }

    template <class T>
    struct Gates {
        const Forward& layer;
        const Step& step;
        const State<T>& state;
        GYEOL_INLINE_MEMBER const Stored<T>* row(int64_t r) const { return state.h + r * state.width; }
        GYEOL_INLINE_MEMBER void ahead(int64_t r, int64_t unit) const {
            const int64_t H = layer.units, at = place(layer.batch, step, r);
            for (int gate = 0; gate < 2; ++gate) fetch(layer.gates + (at * 3 + gate) * H + unit);
            if (layer.extra) fetch(layer.extra + at * H + unit);
        }
        template <int U>
        GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
            const int64_t H = layer.units, at = place(layer.batch, step, r);
            float* gates = layer.gates + at * 3 * H + unit;
            const Lanes reset = sigmoid(sums[0 * U] + load(gates, count));
            const Lanes update = sigmoid(sums[1 * U] + load(gates + H, count));
            // state.c holds h_{t-1} in float here, whatever T is.
            const Lanes m = reset * load(state.c + r * state.width + unit);
            store(gates, reset, count);
            store(gates + H, update, count);
            store(state.between + r * state.width + unit, m, LANES);
            if (layer.extra) store(layer.extra + at * H + unit, m, count);
        }
    };

    template <class T>
    struct New {
        const Forward& layer;
        const Step& step;
        const State<T>& state;
        GYEOL_INLINE_MEMBER const Stored<T>* row(int64_t r) const { return state.between + r * state.width; }
        GYEOL_INLINE_MEMBER void ahead(int64_t r, int64_t unit) const {
            const int64_t H = layer.units, at = place(layer.batch, step, r);
            fetch(layer.gates + (at * 3 + 2) * H + unit);
            fetch(layer.y + at * layer.stride + unit);
        }
        template <int U>
        GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
            const int64_t H = layer.units, at = place(layer.batch, step, r);
            float *gates = layer.gates + at * 3 * H + unit, *own = state.c + r * state.width + unit;
            const Lanes n = tanh(sums[0] + load(gates + 2 * H, count));
            const Lanes z = load(gates + H, count);
            const Lanes h = (1.0f - z) * load(own) + z * n;
            store(gates + 2 * H, n, count);
            store(layer.y + at * layer.stride + unit, h, count);
            store(own, h);
            store(state.h_next + r * state.width + unit, h, LANES);
        }
    };

    template <class T>
    static void forward(const Forward& layer, const Step& step, State<T>& state) {
        const T* packed = static_cast<const T*>(layer.packed);
        const int64_t H = layer.units;
        product<T, 2, 2>(Gates<T>{layer, step, state}, step.alive, packed, H, H, state.buffer, state.team);
        meet(state.team);
        product<T, 1, 4>(New<T>{layer, step, state}, step.alive, packed + packed_size<T>(2, H, H), H, H, state.buffer, state.team);
    }

    template <class T>
    static void backward(const Backward& layer, const Step& step, BackState<T>& state) {
        const Units mine = own_units(state.team, layer.units);
        const T* packed = static_cast<const T*>(layer.packed);
        const int64_t H = layer.units;
        for (int64_t r = 0; r < step.alive; ++r) {
            const int64_t at = place(layer.batch, step, r);
            const float* before = h_before(layer, step, r);
            for (int64_t unit = mine.first; unit < mine.last; unit += LANES) {
                const int64_t count = H - unit;
                const float* gates = layer.gates + at * 3 * H + unit;
                float* carried = state.dh + r * state.width + unit;
                const Lanes z = load(gates + H, count), n = load(gates + 2 * H, count), h = load(before + unit, count);
                const Lanes dh = load(layer.dy + at * layer.stride + unit, count) + load(carried);
                const Lanes da_z = dh * (n - h) * z * (1.0f - z), da_n = dh * z * (1.0f - n * n);
                store(carried, dh * (1.0f - z));
                Stored<T>* own = state.da + r * state.wide + unit;
                store(own + H, da_z, count);
                store(own + 2 * H, da_n, count);
            }
        }
        meet(state.team);
        product<T, 1, 4>(Into<T>{state.da + 2 * H, state.wide, state.dm, state.width, false}, step.alive,
                         packed + packed_size<T>(1, H, 2 * H), H, H, state.buffer, state.team);
        for (int64_t r = 0; r < step.alive; ++r) {
            const int64_t at = place(layer.batch, step, r);
            const float* before = h_before(layer, step, r);
            for (int64_t unit = mine.first; unit < mine.last; unit += LANES) {
                const int64_t count = H - unit;
                float* carried = state.dh + r * state.width + unit;
                const Lanes reset = load(layer.gates + at * 3 * H + unit, count);
                const Lanes dm = load(state.dm + r * state.width + unit);
                const Lanes da_r = dm * load(before + unit, count) * reset * (1.0f - reset);
                store(carried, load(carried) + dm * reset);
                store(state.da + r * state.wide + unit, da_r, count);
            }
        }
        meet(state.team);
        product<T, 1, 4>(Into<T>{state.da, state.wide, state.dh, state.width, true}, step.alive, packed, H, 2 * H, state.buffer, state.team);
    }
};

struct GruAfter {
    static constexpr int GATES = 3, EXTRA = 1, GRADIENT_BLOCKS = 4;  // da_r, da_z, dv, da_n
    static constexpr bool MEMORY = false, NORM = false, READS_GATES = true;
    static constexpr GateBlock INPUT[] = {{0, 0, 2}, {3, 2, 1}};
    static constexpr GateBlock HIDDEN[] = {{0, 0, 3}};

    template <class T>
    static void pack_forward(const float* w, int64_t H, int64_t part, int64_t parts, T* packed) {
        pack<T, 3, 1>(w, H * H, H, 1, H, H, part, parts, packed);
    }
    template <class T>
    static void pack_backward(const float* w, int64_t H, int64_t part, int64_t parts, T* packed) {
        pack<T, 1, 4>(w, 0, 1, H, H, 3 * H, part, parts, packed);
    }

    template <class T>
    struct Phase {
        const Forward& layer;
        const Step& step;
        const State<T>& state;
        GYEOL_INLINE_MEMBER const Stored<T>* row(int64_t r) const { return state.h + r * state.width; }
        GYEOL_INLINE_MEMBER void ahead(int64_t r, int64_t unit) const {
            const int64_t H = layer.units, at = place(layer.batch, step, r);
            for (int gate = 0; gate < 3; ++gate) fetch(layer.gates + (at * 3 + gate) * H + unit);
            if (layer.extra) fetch(layer.extra + at * H + unit);
            fetch(layer.y + at * layer.stride + unit);
        }
        template <int U>
        GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
            const int64_t H = layer.units, at = place(layer.batch, step, r);
            float *gates = layer.gates + at * 3 * H + unit, *own = state.c + r * state.width + unit;
            const Lanes reset = sigmoid(sums[0 * U] + load(gates, count));
            const Lanes z = sigmoid(sums[1 * U] + load(gates + H, count));
            const Lanes v = layer.bias ? sums[2 * U] + load(layer.bias + unit, count) : sums[2 * U];
            const Lanes n = tanh(load(gates + 2 * H, count) + reset * v);
            const Lanes h = (1.0f - z) * n + z * load(own);
            store(gates, reset, count);
            store(gates + H, z, count);
            store(gates + 2 * H, n, count);
            if (layer.extra) store(layer.extra + at * H + unit, v, count);
            store(layer.y + at * layer.stride + unit, h, count);
            store(own, h);
            store(state.h_next + r * state.width + unit, h, LANES);
        }
    };

    template <class T>
    static void forward(const Forward& layer, const Step& step, State<T>& state) {
        const int64_t H = layer.units;
        product<T, 3, 1>(Phase<T>{layer, step, state}, step.alive, static_cast<const T*>(layer.packed), H, H, state.buffer, state.team);
    }

    template <class T>
    static void backward(const Backward& layer, const Step& step, BackState<T>& state) {
        const Units mine = own_units(state.team, layer.units);
        const int64_t H = layer.units;
        for (int64_t r = 0; r < step.alive; ++r) {
            const int64_t at = place(layer.batch, step, r);
            const float* before = h_before(layer, step, r);
            for (int64_t unit = mine.first; unit < mine.last; unit += LANES) {
                const int64_t count = H - unit;
                const float* gates = layer.gates + at * 3 * H + unit;
                float* carried = state.dh + r * state.width + unit;
                const Lanes reset = load(gates, count), z = load(gates + H, count), n = load(gates + 2 * H, count);
                const Lanes v = load(layer.extra + at * H + unit, count);
                const Lanes dh = load(layer.dy + at * layer.stride + unit, count) + load(carried);
                const Lanes da_z = dh * (load(before + unit, count) - n) * z * (1.0f - z);
                const Lanes da_n = dh * (1.0f - z) * (1.0f - n * n);
                const Lanes dv = da_n * reset, da_r = dv * v * (1.0f - reset);
                store(carried, dh * z);
                Stored<T>* own = state.da + r * state.wide + unit;
                store(own, da_r, count);
                store(own + H, da_z, count);
                store(own + 2 * H, dv, count);
                store(own + 3 * H, da_n, count);
            }
        }
        meet(state.team);
        product<T, 1, 4>(Into<T>{state.da, state.wide, state.dh, state.width, true}, step.alive,
                         static_cast<const T*>(layer.packed), H, 3 * H, state.buffer, state.team);
    }
};

}  // namespace gyeol::GYEOL_ISA

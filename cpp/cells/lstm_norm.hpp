// The LSTM with layer normalisation (Ba, Kiros and Hinton 2016, equations 20 to 22):
//
//     i, f, g, o = u_t + gain * norm(U h_{t-1})      over all 4H sums;   norm(a) = (a - mean(a)) / sqrt(var(a) + 1e-5)
//     c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g),   h_t = sigmoid(o) * tanh(gain_c * norm(c_t) + shift_c)
//
// u_t, the normalised projection of x_t and the bias, is already in `gates`. `norm` is (10, H): four rows that the
// caller has used for u_t, the four gains of U h, gain_c, shift_c. `extra` keeps U h (N, 4H) as it was, and `da` on
// the way back is the gradient by it; `dgates` is the one by u_t; `dnorm` (N, H) the one by what the last tanh was taken of.
#pragma once

#include "../layer.hpp"

namespace gyeol::GYEOL_ISA {

GYEOL_INLINE float sum_of(Lanes v) {
    float total = 0.0f;
    for (int lane = 0; lane < LANES; ++lane) total += v[lane];
    return total;
}

// Lanes from `count` on become 0.
GYEOL_INLINE Lanes only(Lanes v, int64_t count) {
    if (count >= LANES) return v;
    for (int64_t lane = count; lane < LANES; ++lane) v[lane] = 0.0f;
    return v;
}

struct Moments {
    float mean, scale;  // scale = 1 / sqrt(var + 1e-5)
};

// Of `blocks` runs of H floats, one after the other `apart` floats.
static Moments moments(const float* x, int64_t H, int64_t blocks, int64_t apart) {
    const float n = static_cast<float>(blocks * H);
    Lanes sum = {}, square = {};
    for (int64_t b = 0; b < blocks; ++b)
        for (int64_t unit = 0; unit < H; unit += LANES) sum += load(x + b * apart + unit, H - unit);
    const float mean = sum_of(sum) / n;
    for (int64_t b = 0; b < blocks; ++b)
        for (int64_t unit = 0; unit < H; unit += LANES) {
            const Lanes off = only(load(x + b * apart + unit, H - unit) - mean, H - unit);
            square += off * off;
        }
    return {mean, 1.0f / __builtin_sqrtf(sum_of(square) / n + 1e-5f)};
}

struct LstmNorm {
    static constexpr int GATES = 4, EXTRA = 4, GRADIENT_BLOCKS = 4;
    static constexpr bool MEMORY = true, NORM = true, READS_GATES = true;
    static constexpr GateBlock INPUT[] = {{0, 0, 0}};  // its projection is the caller's
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
        const State<T>& state;
        GYEOL_INLINE_MEMBER const Stored<T>* row(int64_t r) const { return state.h + r * state.width; }
        template <int U>
        GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t, const Lanes* sums) const {
            for (int gate = 0; gate < 4; ++gate) store(state.raw + (r * 4 + gate) * state.width + unit, sums[gate * U]);
        }
    };

    template <class T>
    static void forward(const Forward& layer, const Step& step, const State<T>& state) {
        const int64_t H = layer.units;
        const float *gain = layer.norm + 4 * H, *gain_c = layer.norm + 8 * H, *shift_c = layer.norm + 9 * H;
        product<T, 4, 1>(Phase<T>{state}, step.alive, static_cast<const T*>(layer.packed), H, H, state.buffer);
        for (int64_t r = 0; r < step.alive; ++r) {
            const int64_t at = place(layer.batch, step, r);
            const float* raw = state.raw + r * 4 * state.width;
            float *gates = layer.gates + at * 4 * H, *c = state.c + r * state.width;
            const Moments own = moments(raw, H, 4, state.width);
            for (int64_t unit = 0; unit < H; unit += LANES) {
                const int64_t count = H - unit;
                Lanes a[4];
                for (int gate = 0; gate < 4; ++gate) {
                    const Lanes sum = load(raw + gate * state.width + unit);
                    a[gate] = load(gates + gate * H + unit, count) +
                              load(gain + gate * H + unit, count) * ((sum - own.mean) * own.scale);
                    if (layer.extra) store(layer.extra + (at * 4 + gate) * H + unit, sum, count);
                }
                const Lanes i = sigmoid(a[0]), f = sigmoid(a[1]), g = tanh(a[2]), o = sigmoid(a[3]);
                const Lanes memory = only(f * load(c + unit) + i * g, count);
                store(gates + unit, i, count);
                store(gates + H + unit, f, count);
                store(gates + 2 * H + unit, g, count);
                store(gates + 3 * H + unit, o, count);
                store(c + unit, memory);
                if (layer.memory) store(layer.memory + at * H + unit, memory, count);
            }
            const Moments of_c = moments(c, H, 1, 0);
            for (int64_t unit = 0; unit < H; unit += LANES) {
                const int64_t count = H - unit;
                const Lanes normal = (load(c + unit) - of_c.mean) * of_c.scale;
                const Lanes bent = tanh(load(gain_c + unit, count) * normal + load(shift_c + unit, count));
                const Lanes h = only(load(gates + 3 * H + unit, count) * bent, count);
                store(layer.y + at * layer.stride + unit, h, count);
                store(state.h_next + r * state.width + unit, h, LANES);
            }
        }
    }

    template <class T>
    static void backward(const Backward& layer, const Step& step, const BackState<T>& state) {
        const int64_t H = layer.units;
        const float *gain = layer.norm + 4 * H, *gain_c = layer.norm + 8 * H, *shift_c = layer.norm + 9 * H;
        const float share = 1.0f / static_cast<float>(H), share_4 = 0.25f * share;
        for (int64_t r = 0; r < step.alive; ++r) {
            const int64_t at = place(layer.batch, step, r);
            const float *c = layer.memory + at * H, *gates = layer.gates + at * 4 * H, *raw = layer.extra + at * 4 * H;
            const float* before = c_before(layer, step, r);
            float *dm = state.dm + r * state.width, *carried = state.dc + r * state.width, *dv = state.raw + r * 4 * state.width;
            Stored<T>* own = state.da + r * state.wide;
            const Moments of_c = moments(c, H, 1, 0), of_raw = moments(raw, H, 4, H);
            Lanes sum = {}, product_sum = {};
            for (int64_t unit = 0; unit < H; unit += LANES) {
                const int64_t count = H - unit;
                const Lanes normal = (load(c + unit, count) - of_c.mean) * of_c.scale, gain_here = load(gain_c + unit, count);
                const Lanes bent = tanh(gain_here * normal + load(shift_c + unit, count));
                const Lanes o = load(gates + 3 * H + unit, count);
                const Lanes dh = load(layer.dy + at * layer.stride + unit, count) + load(state.dh + r * state.width + unit);
                const Lanes dn = dh * o * (1.0f - bent * bent), dnormal = only(dn * gain_here, count);
                store(layer.dnorm + at * H + unit, dn, count);
                store(dm + unit, dnormal);
                store(dv + 3 * state.width + unit, dh * bent * o * (1.0f - o));
                sum += dnormal;
                product_sum += dnormal * normal;
            }
            const float mean_d = sum_of(sum) * share, mean_dn = sum_of(product_sum) * share;
            sum = product_sum = Lanes{};
            for (int64_t unit = 0; unit < H; unit += LANES) {
                const int64_t count = H - unit;
                const Lanes normal = (load(c + unit, count) - of_c.mean) * of_c.scale;
                const Lanes dc = load(carried + unit) + of_c.scale * (load(dm + unit) - mean_d - normal * mean_dn);
                const Lanes i = load(gates + unit, count), f = load(gates + H + unit, count), g = load(gates + 2 * H + unit, count);
                const Lanes da[4] = {dc * g * i * (1.0f - i), dc * load(before + unit, count) * f * (1.0f - f),
                                     dc * i * (1.0f - g * g), load(dv + 3 * state.width + unit)};
                store(carried + unit, dc * f);
                for (int gate = 0; gate < 4; ++gate) {
                    store(layer.dgates + (at * 4 + gate) * H + unit, da[gate], count);
                    const Lanes dnormal = only(da[gate] * load(gain + gate * H + unit, count), count);
                    const Lanes normal_here = (load(raw + gate * H + unit, count) - of_raw.mean) * of_raw.scale;
                    store(dv + gate * state.width + unit, dnormal);
                    sum += dnormal;
                    product_sum += dnormal * normal_here;
                }
            }
            const float mean_v = sum_of(sum) * share_4, mean_vn = sum_of(product_sum) * share_4;
            for (int gate = 0; gate < 4; ++gate)
                for (int64_t unit = 0; unit < H; unit += LANES) {
                    const int64_t count = H - unit;
                    const Lanes normal = (load(raw + gate * H + unit, count) - of_raw.mean) * of_raw.scale;
                    const Lanes by_sum = of_raw.scale * (load(dv + gate * state.width + unit) - mean_v - normal * mean_vn);
                    store(own + gate * H + unit, by_sum, count);
                }
        }
        product<T, 1, 4>(Into<T>{state.da, state.wide, state.dh, state.width, false}, step.alive,
                         static_cast<const T*>(layer.packed), H, 4 * H, state.buffer);
    }
};

}  // namespace gyeol::GYEOL_ISA

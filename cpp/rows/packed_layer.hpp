// A recurrent layer that walks many times with the same weights, packed once: what a search does at every step.
#pragma once

#include <atomic>

#include "../call.hpp"

namespace gyeol {
namespace {

class PackedLayer {
public:
    // For each of one or two directions w_ih (G*H, D), w_hh (G*H, H), and both biases (G*H) or none. The second walks backwards.
    PackedLayer(const std::string& cell_name, const std::string& element, const std::vector<std::vector<Array<const float, 2>>>& weights,
                const std::vector<std::vector<Array<const float, 1>>>& biases, const std::string& instruction_set)
        : cell_(find(find(instruction_set), cell_name, element)) {
        expect(!weights.empty() && weights.size() <= 2 && weights.size() == biases.size(), "a layer has one or two directions");
        for (const auto& w : weights) expect(w.size() == 2, "a direction has two matrices, w_ih and w_hh");
        units_ = weights[0][1].shape(1);
        inputs_ = weights[0][0].shape(1);
        const int64_t H = units_, D = inputs_, G = cell_.gates;
        expect(H >= 1 && D >= 1, "a layer without units or inputs");
        expect(!cell_.norm && cell_.forward, "a cell with a norm, or weights in int8, have no packed layer");
        for (size_t d = 0; d < weights.size(); ++d) {
            expect_shape(weights[d][0], {G * H, D}, "w_ih");
            expect_shape(weights[d][1], {G * H, H}, "w_hh");
            expect(biases[d].size() == 2 || biases[d].empty(), "a direction has two biases or none");
            for (const auto& b : biases[d]) expect_shape(b, {G * H}, "a bias");
            packed_.push_back(allocate_weights(cell_.packed(H, H)));
            cell_.pack_forward(weights[d][1].data(), H, 0, 1, packed_.back().get());
            packed_.push_back(allocate_weights(cell_.packed(H, D)));
            cell_.pack_in(weights[d][0].data(), D, H, 0, 1, packed_.back().get());
            // Both biases are added to the projection, but for a hidden one that something multiplies (the reset gate of PyTorch's GRU).
            const int64_t separate = separate_hidden_bias(cell_);
            std::vector<float> input(G * H, 0.0f), hidden(H, 0.0f);
            for (int64_t i = 0; i < G * H && !biases[d].empty(); ++i) {
                const bool apart = i / H == separate;
                input[i] = biases[d][0].data()[i] + (apart ? 0.0f : biases[d][1].data()[i]);
                if (apart) hidden[i % H] = biases[d][1].data()[i];
            }
            input_bias_.push_back(input);
            hidden_bias_.push_back(separate >= 0 ? hidden : std::vector<float>());
        }
    }

    PackedLayer(const PackedLayer&) = delete;

    // Walk x (N, D), tokens by time, over rows of these lengths, longest first; states (directions, B, H).
    void walk(const Whole& lengths, const Array<const float, 2>& x, const Array<const float, 3>& h_0,
              const Maybe<Array<const float, 3>>& c_0, const Array<float, 2>& y, const Array<float, 3>& h_n,
              const Maybe<Array<float, 3>>& c_n, int64_t threads) const {
        const int64_t directions = static_cast<int64_t>(input_bias_.size()), N = x.shape(0), B = lengths.shape(0), H = units_;
        const std::vector<int64_t> offsets = checked_offsets(lengths, N);
        expect(threads >= 1 && cell_.memory == c_0.has_value() && cell_.memory == c_n.has_value(), "c_0 and c_n go with a memory");
        expect_shape(x, {N, inputs_}, "x");
        expect_shape(h_0, {directions, B, H}, "h_0");
        expect_shape(c_0, {directions, B, H}, "c_0");
        expect_shape(y, {N, directions * H}, "y");
        expect_shape(h_n, {directions, B, H}, "h_n");
        expect_shape(c_n, {directions, B, H}, "c_n");
        nb::gil_scoped_release without_the_gil;
        const int64_t parts = std::clamp<int64_t>(threads / directions, 1, B), tasks = parts * directions;
        const int64_t scratch = (cell_.forward_size((B + parts - 1) / parts, H, inputs_) + 63) / 64 * 64;
        const int64_t gates = (N * cell_.gates * H * 4 + 63) / 64 * 64;
        const Bytes memory = allocate(tasks * scratch + directions * gates);
        std::atomic<int64_t> next{0};
        run_team(std::min(threads, tasks), [&](int64_t, int64_t) {
            for (int64_t task; (task = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) {
                const int64_t d = task / parts;
                char* own = memory.get() + directions * gates + task * scratch;
                std::memset(own, 0, static_cast<size_t>(cell_.state_size((B + parts - 1) / parts, H)));
                Forward layer{};
                layer.batch = {B, static_cast<int64_t>(offsets.size()) - 1, lengths.data(), offsets.data()};
                layer.reverse = d == 1;
                layer.units = H;
                layer.packed = packed_[2 * d].get();
                layer.x = x.data();
                layer.inputs = inputs_;
                layer.packed_in = packed_[2 * d + 1].get();
                layer.bias_in = input_bias_[d].data();
                layer.bias = hidden_bias_[d].empty() ? nullptr : hidden_bias_[d].data();
                layer.h_0 = h_0.data() + d * B * H;
                layer.c_0 = c_0 ? c_0->data() + d * B * H : nullptr;
                layer.gates = reinterpret_cast<float*>(memory.get() + d * gates);
                layer.y = y.data() + d * H;
                layer.stride = directions * H;
                layer.h_n = h_n.data() + d * B * H;
                layer.c_n = c_n ? c_n->data() + d * B * H : nullptr;
                cell_.forward(layer, task % parts, parts, own);
            }
        });
    }

private:
    const CellKernels& cell_;
    int64_t units_ = 0, inputs_ = 0;
    std::vector<Bytes> packed_;
    std::vector<std::vector<float>> input_bias_, hidden_bias_;
};

}  // namespace
}  // namespace gyeol

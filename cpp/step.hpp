// One step at a time, as a stream brings it: layers with their weights packed once, and all memory they will ever need.
#pragma once

#include "call.hpp"

namespace gyeol {
namespace {

// L layers of H units over D inputs, one direction, a fixed number B of rows, one thread. Owns everything it touches; step()
// allocates nothing, and needs no GIL.
class Stepper {
public:
    // For each layer: w_ih (G*H, D or H), w_hh (G*H, H), b_ih and b_hh (G*H).
    using Layers = std::vector<std::vector<Array<const float, 2>>>;
    using Biases = std::vector<std::vector<Array<const float, 1>>>;

    // element: how the weights are kept, "float32", "bfloat16" or "int8".
    Stepper(const std::string& cell_name, const std::string& element, const Layers& weights, const Biases& biases, int64_t rows,
            const std::string& instruction_set)
        : cell_(find(find(instruction_set), cell_name, element)), rows_(rows) {
        expect(!weights.empty() && weights.size() == biases.size(), "weights and biases must hold an entry for each layer");
        expect(rows >= 1 && !cell_.norm, "rows must be 1 or more; a cell with a norm has no stepper");
        for (const auto& w : weights) expect(w.size() == 2, "a layer has two matrices, w_ih and w_hh");
        units_ = weights[0][1].shape(1);
        inputs_ = weights[0][0].shape(1);
        const int64_t H = units_, G = cell_.gates, L = static_cast<int64_t>(weights.size()), widest = std::max(inputs_, H);
        expect(H >= 1 && inputs_ >= 1, "a layer without units or inputs");
        expect(element != "int8" || widest <= MOST_QUADS, "int8 takes 131072 inputs or units at most: keep the weights in float32");
        for (int64_t l = 0; l < L; ++l) {
            const int64_t D = l == 0 ? inputs_ : H;
            expect_shape(weights[l][0], {G * H, D}, "w_ih");
            expect_shape(weights[l][1], {G * H, H}, "w_hh");
            expect(biases[l].size() == 2 || biases[l].empty(), "a layer has two biases or none");
            for (const auto& b : biases[l]) expect_shape(b, {G * H}, "a bias");
            w_ih_.push_back(allocate(cell_.packed(H, D)));
            cell_.pack_in(weights[l][0].data(), D, H, 0, 1, w_ih_.back().get());
            w_hh_.push_back(allocate(cell_.packed(H, H)));
            cell_.pack_forward(weights[l][1].data(), H, 0, 1, w_hh_.back().get());
            // Both biases are added to the projection, but for a hidden one that something multiplies (the reset gate of PyTorch's GRU).
            const int64_t separate = separate_hidden_bias(cell_);
            std::vector<float> input(G * H, 0.0f), hidden(H, 0.0f);
            for (int64_t i = 0; i < G * H && !biases[l].empty(); ++i) {
                const bool apart = i / H == separate;
                input[i] = biases[l][0].data()[i] + (apart ? 0.0f : biases[l][1].data()[i]);
                if (apart) hidden[i % H] = biases[l][1].data()[i];
            }
            input_bias_.push_back(input);
            hidden_bias_.push_back(separate >= 0 ? hidden : std::vector<float>());
        }
        x_.assign(rows * inputs_, 0.0f);
        y_.assign(rows * H, 0.0f);
        h_.assign(L * rows * H, 0.0f);
        if (cell_.memory) c_.assign(L * rows * H, 0.0f);
        gates_.assign(rows * G * H, 0.0f);
        lengths_.assign(rows, 1);
        offsets_ = {0, rows};
        scratch_ = allocate(cell_.forward_size(rows, H, widest));
        std::memset(scratch_.get(), 0, static_cast<size_t>(cell_.state_size(rows, H)));
    }

    // Take x through all layers: y and the state are changed.
    void step() {
        const int64_t H = units_;
        const float* x = x_.data();
        for (size_t l = 0; l < w_ih_.size(); ++l) {
            const int64_t D = l == 0 ? inputs_ : H;
            float *h = h_.data() + l * rows_ * H, *c = c_.empty() ? nullptr : c_.data() + l * rows_ * H;
            // Of a single step x, h_0 and c_0 are read before y, h_n and c_n are output: they may be the same memory.
            cell_.forward({.batch = {rows_, 1, lengths_.data(), offsets_.data()},
                           .reverse = false,
                           .units = H,
                           .packed = w_hh_[l].get(),
                           .x = x,
                           .inputs = D,
                           .packed_in = w_ih_[l].get(),
                           .bias_in = input_bias_[l].data(),
                           .bias = hidden_bias_[l].empty() ? nullptr : hidden_bias_[l].data(),
                           .norm = nullptr,
                           .h_0 = h,
                           .c_0 = c,
                           .gates = gates_.data(),
                           .memory = nullptr,
                           .extra = nullptr,
                           .y = y_.data(),
                           .stride = H,
                           .h_n = h,
                           .c_n = c},
                          0, 1, scratch_.get());
            x = y_.data();
        }
    }

    // Forget everything: the state is zeros.
    void reset() {
        std::fill(h_.begin(), h_.end(), 0.0f);
        std::fill(c_.begin(), c_.end(), 0.0f);
    }

    int64_t rows() const { return rows_; }
    int64_t layers() const { return static_cast<int64_t>(w_ih_.size()); }
    int64_t units() const { return units_; }
    int64_t inputs() const { return inputs_; }
    float* x() { return x_.data(); }
    float* y() { return y_.data(); }
    float* h() { return h_.data(); }
    float* c() { return c_.empty() ? nullptr : c_.data(); }

private:
    const CellKernels& cell_;
    int64_t rows_, units_ = 0, inputs_ = 0;
    std::vector<Bytes> w_ih_, w_hh_;
    std::vector<std::vector<float>> input_bias_, hidden_bias_;
    std::vector<float> x_, y_, h_, c_, gates_;
    std::vector<int64_t> lengths_, offsets_;
    Bytes scratch_{nullptr, std::free};
};

}  // namespace
}  // namespace gyeol

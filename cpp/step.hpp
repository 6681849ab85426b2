// One step at a time, as a stream brings it: layers with their weights packed once, and all memory they will ever need.
#pragma once

#include "call.hpp"
#include "rows/thread_choice.hpp"

namespace gyeol {
namespace {

// L layers of H units over D inputs, one direction, a fixed number B of rows. Owns everything it touches; step() allocates
// nothing, and needs no GIL.
class Stepper {
public:
    // For each layer: w_ih (G*H, D or H), w_hh (G*H, H), b_ih and b_hh (G*H).
    using Layers = std::vector<std::vector<Array<const float, 2>>>;
    using Biases = std::vector<std::vector<Array<const float, 1>>>;

    // element: how the weights are kept, "float32", "bfloat16" or "int8". threads: how many share a step; 0 for as many of those
    // available as are fastest, -1 for as many as are fastest for one row, and to find that of more rows along the way.
    Stepper(const std::string& cell_name, const std::string& element, const Layers& weights, const Biases& biases, int64_t rows,
            int64_t threads, int64_t available, const std::string& instruction_set)
        : cell_(find(find(instruction_set), cell_name, element)), rows_(rows) {
        expect(!weights.empty() && weights.size() == biases.size(), "weights and biases must hold an entry for each layer");
        expect(rows >= 1 && cell_.step, "rows must be 1 or more; a cell with a norm has no stepper");
        expect(available >= 1 && threads >= -1 && threads <= available, "threads must be from 1 to those available");
        for (const auto& w : weights) expect(w.size() == 2, "a layer has two matrices, w_ih and w_hh");
        units_ = weights[0][1].shape(1);
        inputs_ = weights[0][0].shape(1);
        const int64_t H = units_, G = cell_.gates, L = static_cast<int64_t>(weights.size()), widest = std::max(inputs_, H);
        expect(H >= 1 && inputs_ >= 1, "a layer without units or inputs");
        expect(element != "int8" || widest <= MOST_QUADS, "int8 takes 131072 inputs or units at most: keep the weights in float32");
        h_.assign(L * rows * H, 0.0f);
        if (cell_.memory) c_.assign(L * rows * H, 0.0f);
        for (int64_t l = 0; l < L; ++l) {
            const int64_t D = l == 0 ? inputs_ : H;
            expect_shape(weights[l][0], {G * H, D}, "w_ih");
            expect_shape(weights[l][1], {G * H, H}, "w_hh");
            expect(biases[l].size() == 2 || biases[l].empty(), "a layer has two biases or none");
            for (const auto& b : biases[l]) expect_shape(b, {G * H}, "a bias");
            bytes_ += cell_.step_packed(H, D);
            packed_.push_back(allocate_weights(cell_.step_packed(H, D)));
            cell_.pack_step(weights[l][0].data(), weights[l][1].data(), D, H, packed_.back().get());
            // Both biases are added to the projection, but for a hidden one that something multiplies (the reset gate of PyTorch's GRU).
            const int64_t separate = separate_hidden_bias(cell_);
            std::vector<float> input(G * H, 0.0f), hidden(H, 0.0f);
            for (int64_t i = 0; i < G * H && !biases[l].empty(); ++i) {
                const bool apart = i / H == separate;
                input[i] = biases[l][0].data()[i] + (apart ? 0.0f : biases[l][1].data()[i]);
                if (apart) hidden[i % H] = biases[l][1].data()[i];
            }
            input_bias_.push_back(std::move(input));
            hidden_bias_.push_back(separate >= 0 ? std::move(hidden) : std::vector<float>());
            layers_.push_back({D, packed_.back().get(), input_bias_.back().data(), 0, separate >= 0 ? hidden_bias_.back().data() : nullptr,
                               h_.data() + l * rows * H, cell_.memory ? c_.data() + l * rows * H : nullptr});
        }
        x_.assign(rows * inputs_, 0.0f);
        y_.assign(rows * H, 0.0f);
        const int64_t shared = rows * ((H + 15) / 16 * 16);  // floats, whatever the registers' width
        shared_ = allocate(64 + 4 * shared * 4);
        const auto at = [&](int64_t n) { return reinterpret_cast<float*>(shared_.get() + 64) + n * shared; };
        steps_ = {rows, H, L, layers_.data(), x_.data(), y_.data(), {at(0), at(1)}, at(2), at(3)};
        size_ = (cell_.step_size(rows, H, inputs_) + 63) / 64 * 64;
        scratch_ = allocate(available * size_ + 64);
        if (threads > 0) choices_.assign(rows, ThreadChoice());
        else choices_.assign(rows, ThreadChoice(bytes_ >= LEAST ? available : 1));
        if (threads > 0) fixed_ = threads;
        if (threads <= 0) {
            if (threads < 0) take_rows(1);
            ThreadChoice& choice = choices_[steps_.rows - 1];
            // Threads that are asleep, or not there yet, are called first.
            for (const auto start = Clock::now(); choice.trying() && Clock::now() - start < std::chrono::milliseconds(1);) step(available);
            while (choice.trying()) step();
            steps_.rows = rows;
        }
        reset();
        std::fill(y_.begin(), y_.end(), 0.0f);
    }

    // Take x through all layers: y and the state are changed.
    void step() {
        if (fixed_) return step(fixed_);
        choices_[steps_.rows - 1].run([&](int64_t threads) { step(threads); });
    }

    // From here on there are only the first `rows` rows; of a single layer.
    void take_rows(int64_t rows) {
        expect(layers() == 1 && rows >= 1 && rows <= rows_, "a stepper of a single layer takes as many rows as it has, or fewer");
        steps_.rows = rows;
    }

    // Add what W has not multiplied to the bias of each row for the next step: extra (rows, G*H), rows `stride` floats apart.
    void add_to_bias(const float* extra, int64_t stride) {
        const int64_t width = cell_.gates * units_;
        row_bias_.resize(rows_ * width);
        for (int64_t r = 0; r < steps_.rows; ++r)
            for (int64_t i = 0; i < width; ++i) row_bias_[r * width + i] = input_bias_[0][i] + extra[r * stride + i];
        layers_[0].bias_in = row_bias_.data();
        layers_[0].bias_stride = width;
    }

    // Forget everything: the state is zeros.
    void reset() {
        std::fill(h_.begin(), h_.end(), 0.0f);
        std::fill(c_.begin(), c_.end(), 0.0f);
    }

    int64_t rows() const { return rows_; }
    int64_t layers() const { return static_cast<int64_t>(layers_.size()); }
    int64_t units() const { return units_; }
    int64_t inputs() const { return inputs_; }
    int64_t gates() const { return cell_.gates; }
    int64_t threads() const { return fixed_ ? fixed_ : choices_.back().threads(); }
    bool quick() const { return threads() == 1 && !choices_.back().trying() && rows_ * bytes_ < 2 * 1024 * 1024; }  // some 20 microseconds
    float* x() { return x_.data(); }
    float* y() { return y_.data(); }
    float* h() { return h_.data(); }
    float* c() { return c_.empty() ? nullptr : c_.data(); }

private:
    void step(int64_t threads) {
        int64_t* arrived = reinterpret_cast<int64_t*>(shared_.get());  // on a cache line of its own
        *arrived = 0;
        run_team(threads, [&](int64_t member, int64_t members) {
            cell_.step(steps_, {member, members, arrived, 0}, scratch_.get() + member * size_);
        });
    }

    using Clock = std::chrono::steady_clock;
    static constexpr int64_t LEAST = 128 * 1024;  // bytes of weights that are read within the time that sharing them costs

    const CellKernels& cell_;
    int64_t rows_, units_ = 0, inputs_ = 0, fixed_ = 0, size_ = 0, bytes_ = 0;
    std::vector<ThreadChoice> choices_;  // for each number of rows
    std::vector<Bytes> packed_;
    std::vector<std::vector<float>> input_bias_, hidden_bias_;
    std::vector<float> x_, y_, h_, c_, row_bias_;
    std::vector<StepLayer> layers_;
    Steps steps_{};
    Bytes shared_{nullptr, std::free}, scratch_{nullptr, std::free};
};

}  // namespace
}  // namespace gyeol

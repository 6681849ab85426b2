// A linear layer that owns its weights, packed once, and shares its panels among the threads of a crew.
#pragma once

#include <atomic>

#include "../call.hpp"

namespace gyeol {
namespace {

class Linear {
public:
    // element: how the weights are stored, "float32", "bfloat16" or "int8".
    Linear(const Array<const float, 2>& weight, const Maybe<Array<const float, 1>>& bias, const std::string& element,
           const std::string& instruction_set)
        : kernels_(linear(find(instruction_set), element)), units_(weight.shape(0)), inputs_(weight.shape(1)) {
        expect(units_ >= 1 && inputs_ >= 1, "a linear layer without units or inputs");
        expect(element != "int8" || inputs_ <= MOST_QUADS, "int8 takes 131072 inputs at most: keep the weights in float32");
        expect_shape(bias, {units_}, "bias");
        if (bias) bias_.assign(bias->data(), bias->data() + units_);
        packed_ = allocate_weights(kernels_.packed(units_, inputs_));
        kernels_.pack(weight.data(), units_, inputs_, packed_.get());
    }

    // y (rows, units) = W x + b of x (rows, inputs); x and y do not overlap.
    void multiply(const float* x, int64_t rows, float* y, int64_t threads) const {
        const int64_t scratch = kernels_.scratch(rows, inputs_);
        const float* bias = bias_.empty() ? nullptr : bias_.data();
        const int64_t step = kernels_.panel * std::max<int64_t>(1, CHUNK / (kernels_.packed(kernels_.panel, inputs_) * (1 + rows / 4)));
        std::atomic<int64_t> next{0};
        const Bytes memory = allocate(threads * scratch + 64);
        run_team(2 * step > units_ ? 1 : threads, [&](int64_t member, int64_t) {
            for (int64_t first; (first = next.fetch_add(step, std::memory_order_relaxed)) < units_;)
                kernels_.multiply(x, rows, packed_.get(), bias, inputs_, first, std::min(first + step, units_), y, units_,
                                  memory.get() + member * scratch);
        });
    }

    int64_t units() const { return units_; }
    int64_t inputs() const { return inputs_; }

private:
    static constexpr int64_t CHUNK = 1 << 18;  // bytes of weights that a thread takes at a time, some microseconds' worth

    static const LinearKernels& linear(const Kernels& kernels, const std::string& element) {
        for (int64_t i = 0; i < kernels.linears; ++i)
            if (element == kernels.linear[i].element) return kernels.linear[i];
        throw std::invalid_argument("there is no linear layer in " + element + " for " + kernels.name);
    }

    const LinearKernels& kernels_;
    int64_t units_, inputs_;
    std::vector<float> bias_;
    Bytes packed_{nullptr, std::free};
};

}  // namespace
}  // namespace gyeol

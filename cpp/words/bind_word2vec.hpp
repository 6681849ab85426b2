// Word vectors' door to Python: check everything, release the GIL, call word2vec.hpp.
#pragma once

#include <cmath>

#include "../call.hpp"

namespace gyeol {
namespace {

void train_words(Array<float, 2> input, Array<float, 2> output, Array<const int32_t, 1> tokens, Array<const uint32_t, 1> keep,
                 Array<const uint32_t, 1> chance, Array<const int32_t, 1> other, int64_t window, int64_t negative, bool cbow,
                 float rate, float last_rate, uint64_t seed, int64_t threads, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const int64_t V = input.shape(0), S = input.shape(1), N = tokens.shape(0);
    constexpr int64_t most = int64_t{1} << 16;
    expect(V >= 1 && V <= INT32_MAX, "no words, or more than 2^31 - 1");
    expect(S >= 16 && S % 16 == 0 && S <= most, "rows are not a multiple of 16 numbers, at most 65,536");
    expect_shape(output, {V, S}, "output");
    expect_shape(keep, {V}, "keep");
    expect_shape(chance, {V}, "chance");
    expect_shape(other, {V}, "other");
    expect(window >= 1 && window <= most && negative >= 1 && negative <= most, "window or negative is not from 1 to 65,536");
    expect(threads >= 1 && threads <= 1024, "threads are not from 1 to 1,024");
    expect(std::isfinite(rate) && std::isfinite(last_rate), "a learning rate is not finite");
    nb::gil_scoped_release without_the_gil;
    for (int64_t n = 0; n < V; ++n) expect(other.data()[n] >= 0 && other.data()[n] < V, "`other` holds a number that is no word");
    for (int64_t n = 0; n < N; ++n)
        expect(tokens.data()[n] >= -1 && tokens.data()[n] < V, "`tokens` holds a number that is neither a word nor -1");
    const Word2Vec of{V, S, input.data(), output.data(), tokens.data(), N, keep.data(), chance.data(), other.data(), window,
                      negative, cbow, rate, last_rate, seed};
    const int64_t size = (word2vec_size(of) + 127) / 128 * 128;
    const Bytes scratch = allocate(threads * size);
    run_tasks(threads, threads, [&](int64_t part) { kernels.train_words(of, part, threads, scratch.get() + part * size); });
}

void bind_word2vec(nb::module_& m) {
    using namespace nb::literals;
    m.def("train_words", &train_words, "input"_a.noconvert(), "output"_a.noconvert(), "tokens"_a.noconvert(), "keep"_a.noconvert(),
          "chance"_a.noconvert(), "other"_a.noconvert(), "window"_a, "negative"_a, "cbow"_a, "rate"_a, "last_rate"_a, "seed"_a,
          "threads"_a, "instruction_set"_a, "Train word vectors on some sentences: see cpp/words/word2vec.hpp.");
}

}  // namespace
}  // namespace gyeol

// Python's door to the weights of attention with a learned query: checked as in bind.cpp.
#pragma once

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>

#include "../call.hpp"

namespace gyeol {
namespace {

using Pieces = std::vector<Array<const float, 2>>;

struct CheckedScores {
    const ScoreKernels& kernels;
    Scores of;
    int64_t tokens, parts;
    std::vector<int64_t> offsets;
};

template <class Hidden>
CheckedScores check_scores(const std::string& element, const Pieces& x, const Whole& lengths, const Array<const float, 2>& weight,
                           const Array<const float, 1>& bias, const Array<const float, 1>& query, const Hidden& hidden,
                           int64_t threads, const std::string& instruction_set) {
    const Kernels& all = find(instruction_set);
    const ScoreKernels* kernels = nullptr;
    for (int64_t i = 0; i < all.scorers; ++i)
        if (element == all.scorer[i].element) kernels = &all.scorer[i];
    if (!kernels) throw std::invalid_argument("there are no scores in " + element + " for " + all.name);
    expect(threads >= 1 && !x.empty() && static_cast<int64_t>(x.size()) <= MOST_PIECES, "no threads, or no pieces or too many");
    Scores of{};
    const int64_t N = x[0].shape(0);
    of.units = weight.shape(0);
    of.inputs = weight.shape(1);
    of.pieces = static_cast<int64_t>(x.size());
    int64_t inputs = 0;
    for (int64_t p = 0; p < of.pieces; ++p) {
        of.x[p] = x[p].data();
        of.widths[p] = x[p].shape(1);
        expect(of.widths[p] >= 1, "a piece without columns");
        expect_shape(x[p], {N, of.widths[p]}, "x");
        inputs += of.widths[p];
    }
    expect(of.units >= 1 && inputs == of.inputs, "no units, or the pieces have not together as many columns as the weight");
    expect_shape(bias, {of.units}, "bias");
    expect_shape(query, {of.units}, "query");
    expect_shape(hidden, {N, of.units}, "hidden");
    of.bias = bias.data();
    of.query = query.data();
    // A token's share of a product; waking a thread costs about what a hundred thousand multiplications do.
    const int64_t parts = std::max<int64_t>(1, std::min({threads, N, N * of.units * of.inputs / 200000 + 1}));
    return {*kernels, of, N, parts, checked_offsets(lengths, N)};
}

// weights (N): the softmax of the scores over each row's tokens; hidden (N, A) is kept for the way back.
void attention_weights(const std::string& element, const Pieces& x, Whole lengths, Array<const float, 2> weight,
                       Array<const float, 1> bias, Array<const float, 1> query, Array<float, 2> hidden, Array<float, 1> weights,
                       int64_t threads, const std::string& instruction_set) {
    CheckedScores all = check_scores(element, x, lengths, weight, bias, query, hidden, threads, instruction_set);
    expect_shape(weights, {all.tokens}, "weights");
    all.of.hidden = hidden.data();
    all.of.scores = weights.data();
    nb::gil_scoped_release without_the_gil;
    const Bytes packed = allocate(all.kernels.packed(all.of));
    all.kernels.pack(all.of, weight.data(), packed.get());
    all.of.packed = packed.get();
    run_tasks(all.parts, all.parts, [&](int64_t part) {
        const Bytes scratch = allocate(all.kernels.scratch(all.of));
        all.kernels.forward(all.of, all.tokens * part / all.parts, all.tokens * (part + 1) / all.parts, scratch.get());
    });
    const int64_t B = static_cast<int64_t>(lengths.shape(0));
    for (int64_t rank = 0; rank < B; ++rank) {
        const int64_t T = lengths.data()[rank];
        const auto at = [&](int64_t t) -> float& { return weights.data()[all.offsets[t] + rank]; };
        float most = at(0), sum = 0.0f;
        for (int64_t t = 1; t < T; ++t) most = at(t) <= most ? most : at(t);  // a NaN is greater than all
        for (int64_t t = 0; t < T; ++t) sum += at(t) = std::exp(at(t) - most);
        for (int64_t t = 0; t < T; ++t) at(t) /= sum;
    }
}

// The way back. dx: as many as x, or none; `add`: to what is in them. The gradients by weight, bias and query are written.
void attention_weights_backward(const std::string& element, const Pieces& x, Whole lengths, Array<const float, 2> weight,
                                Array<const float, 1> bias, Array<const float, 1> query, Array<float, 2> hidden,
                                Array<const float, 1> weights, Array<const float, 1> dweights, std::vector<Array<float, 2>> dx,
                                bool add, Array<float, 2> d_weight, Array<float, 1> d_bias, Array<float, 1> d_query, int64_t threads,
                                const std::string& instruction_set) {
    CheckedScores all = check_scores(element, x, lengths, weight, bias, query, hidden, threads, instruction_set);
    const int64_t A = all.of.units, K = all.of.inputs;
    expect_shape(weights, {all.tokens}, "weights");
    expect_shape(dweights, {all.tokens}, "dweights");
    expect(dx.empty() || dx.size() == x.size(), "dx must hold as many as x, or none");
    for (size_t p = 0; p < dx.size(); ++p) {
        expect_shape(dx[p], {all.tokens, all.of.widths[p]}, "dx");
        all.of.dx[p] = dx[p].data();
    }
    expect_shape(d_weight, {A, K}, "d_weight");
    expect_shape(d_bias, {A}, "d_bias");
    expect_shape(d_query, {A}, "d_query");
    all.of.hidden = hidden.data();
    all.of.add = add;
    nb::gil_scoped_release without_the_gil;
    std::vector<float> dscores(static_cast<size_t>(all.tokens));
    for (int64_t rank = 0; rank < static_cast<int64_t>(lengths.shape(0)); ++rank) {
        float mean = 0.0f;
        for (int64_t t = 0; t < lengths.data()[rank]; ++t)
            mean += weights.data()[all.offsets[t] + rank] * dweights.data()[all.offsets[t] + rank];
        for (int64_t t = 0; t < lengths.data()[rank]; ++t) {
            const int64_t n = all.offsets[t] + rank;
            dscores[static_cast<size_t>(n)] = weights.data()[n] * (dweights.data()[n] - mean);
        }
    }
    all.of.dscores = dscores.data();
    const Bytes packed = allocate(all.kernels.packed(all.of));
    all.kernels.pack_back(all.of, weight.data(), packed.get());
    all.of.packed = packed.get();
    const int64_t size = A * K + 2 * A;
    std::vector<float> sums(static_cast<size_t>(all.parts * size), 0.0f);
    run_tasks(all.parts, all.parts, [&](int64_t part) {
        const Bytes scratch = allocate(all.kernels.scratch(all.of));
        float* own = sums.data() + part * size;
        ScoreSums to{own, own + A * K, own + A * K + A, true};
        all.kernels.backward(all.of, all.tokens * part / all.parts, all.tokens * (part + 1) / all.parts, scratch.get(), to);
    });
    for (int64_t part = 1; part < all.parts; ++part)
        for (int64_t i = 0; i < size; ++i) sums[static_cast<size_t>(i)] += sums[static_cast<size_t>(part * size + i)];
    const float* from = sums.data();
    for (int64_t p = 0, column = 0; p < all.of.pieces; column += all.of.widths[p++])
        for (int64_t a = 0; a < A; ++a, from += all.of.widths[p])
            std::copy(from, from + all.of.widths[p], d_weight.data() + a * K + column);
    std::copy(from, from + A, d_bias.data());
    std::copy(from + A, from + 2 * A, d_query.data());
}

}  // namespace

inline void bind_scores(nb::module_& m) {
    using namespace nb::literals;
    m.def("attention_weights", &attention_weights, "element"_a, "x"_a.noconvert(), "lengths"_a.noconvert(), "weight"_a.noconvert(),
          "bias"_a.noconvert(), "query"_a.noconvert(), "hidden"_a.noconvert(), "weights"_a.noconvert(), "threads"_a,
          "instruction_set"_a, "How much each of a row's tokens counts: cpp/rows/scores.hpp.");
    m.def("attention_weights_backward", &attention_weights_backward, "element"_a, "x"_a.noconvert(), "lengths"_a.noconvert(),
          "weight"_a.noconvert(), "bias"_a.noconvert(), "query"_a.noconvert(), "hidden"_a.noconvert(), "weights"_a.noconvert(),
          "dweights"_a.noconvert(), "dx"_a.noconvert(), "add"_a, "d_weight"_a.noconvert(), "d_bias"_a.noconvert(),
          "d_query"_a.noconvert(), "threads"_a, "instruction_set"_a, "The way back over the same.");
}

}  // namespace gyeol

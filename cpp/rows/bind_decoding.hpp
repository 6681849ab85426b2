// Python's door to what decoding takes: see gyeol.kernels.decoding.
#pragma once

#include "../step.hpp"
#include "decoder_step.hpp"
#include "linear_layer.hpp"
#include "packed_layer.hpp"
#include "token_choice.hpp"

namespace gyeol {
namespace {

std::vector<int64_t> checked_tokens(const Whole& tokens, int64_t V) {
    for (size_t i = 0; i < tokens.shape(0); ++i)
        if (tokens.data()[i] < 0 || tokens.data()[i] >= V)
            throw std::invalid_argument("token " + std::to_string(tokens.data()[i]) + ", expected 0 to " + std::to_string(V - 1));
    return {tokens.data(), tokens.data() + tokens.shape(0)};
}

// scores (V): log probabilities, or anything that differs from them by a constant.
int64_t choose_token(const Array<const float, 1>& scores, double chance, double temperature, Maybe<int64_t> top_k,
                     Maybe<double> top_p, const Whole& repeated, double penalty, const Whole& never,
                     const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const int64_t V = scores.shape(0);
    expect(chance >= 0.0 && chance < 1.0, "chance must be from 0 up to, not including, 1");
    expect(temperature > 0.0 && std::isfinite(temperature), "temperature must be above 0");
    expect(!top_k || *top_k >= 1, "top_k must be 1 or more");
    expect(!top_p || (*top_p > 0.0 && *top_p <= 1.0), "top_p must be above 0, at most 1");
    const std::vector<int64_t> seen = checked_tokens(repeated, V), forbidden = checked_tokens(never, V);
    nb::gil_scoped_release without_the_gil;
    TokenChoice choice(kernels, scores.data(), V);
    choice.penalise(seen, penalty);
    choice.forbid(forbidden);
    return choice.draw({temperature, top_k, top_p}, chance);
}

void multiply(const Linear& linear, const Array<const float, 2>& x, const Array<float, 2>& y, int64_t threads) {
    expect_shape(x, {static_cast<int64_t>(x.shape(0)), linear.inputs()}, "x");
    expect_shape(y, {static_cast<int64_t>(x.shape(0)), linear.units()}, "y");
    expect(x.shape(0) >= 1 && threads >= 1, "no rows or no threads");
    nb::gil_scoped_release without_the_gil;
    linear.multiply(x.data(), x.shape(0), y.data(), threads);
}

// Queries of B sources: shapes in attend.hpp.
void attend(const Array<const float, 3>& q, const Array<const float, 3>& k, const Array<const float, 3>& x,
            const Maybe<Array<const float, 1>>& v, double scale, const Whole& lengths, const Array<float, 3>& weights,
            const Array<float, 3>& context, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const int64_t B = q.shape(0), K = q.shape(1), A = q.shape(2), T = k.shape(1), V = x.shape(2);
    expect(A >= 1 && V >= 1, "no columns");
    expect_shape(k, {B, T, A}, "k");
    expect_shape(x, {B, T, V}, "x");
    expect_shape(v, {A}, "v");
    expect_shape(lengths, {B}, "lengths");
    expect_shape(weights, {B, K, T}, "weights");
    expect_shape(context, {B, K, V}, "context");
    for (int64_t b = 0; b < B; ++b) expect(lengths.data()[b] >= 1 && lengths.data()[b] <= T, "a length is not from 1 to the steps");
    const Attend of{B, K, T, A, V, lengths.data(), q.data(), k.data(), x.data(), pointer(v), static_cast<float>(scale),
                    weights.data(), context.data()};
    nb::gil_scoped_release without_the_gil;
    kernels.attend(of);
}

// Tokens read one after the other by a chain of steppers of one row, then the scores of the next one.
class TokenReader {
public:
    // Keeps the objects alive; the embedding (V, E) is read where it lies.
    TokenReader(Array<const float, 2> embedding, nb::list steppers, nb::object linear)
        : embedding_(std::move(embedding)), objects_(nb::make_tuple(steppers, linear)), linear_(nb::cast<const Linear*>(linear)) {
        int64_t width = embedding_.shape(1);
        for (nb::handle stepper : steppers) {
            Stepper* of = nb::cast<Stepper*>(stepper);
            expect(of->rows() == 1 && of->inputs() == width, "the layers of a reader take one row, each what the one before gives");
            width = of->units();
            steppers_.push_back(of);
        }
        expect(!steppers_.empty() && linear_->inputs() == width, "the words are chosen from what the last layer gives");
    }

    // anew: a token before which everything read is forgotten; -1 for none.
    void feed(const Whole& tokens, int64_t anew, const Array<float, 1>& scores, int64_t threads) {
        const std::vector<int64_t> checked = checked_tokens(tokens, embedding_.shape(0));
        expect_shape(scores, {linear_->units()}, "scores");
        expect(!checked.empty() && threads >= 1, "no tokens or no threads");
        nb::gil_scoped_release without_the_gil;
        const int64_t E = embedding_.shape(1);
        const float* x = nullptr;
        for (int64_t token : checked) {
            x = embedding_.data() + token * E;
            for (Stepper* of : steppers_) {
                if (token == anew) of->reset();
                std::memcpy(of->x(), x, sizeof(float) * of->inputs());
                of->step();
                x = of->y();
            }
        }
        linear_->multiply(x, 1, scores.data(), threads);
    }

private:
    Array<const float, 2> embedding_;
    nb::object objects_;
    std::vector<Stepper*> steppers_;
    const Linear* linear_;
};

void bind_decoding(nb::module_& m) {
    using namespace nb::literals;
    nb::class_<Linear>(m, "Linear", "A linear layer of packed weights: cpp/rows/linear_layer.hpp.")
        .def(nb::init<const Array<const float, 2>&, const Maybe<Array<const float, 1>>&, const std::string&, const std::string&>(),
             "weight"_a.noconvert(), "bias"_a.noconvert().none(), "element"_a, "instruction_set"_a)
        .def("multiply", &multiply, "x"_a.noconvert(), "y"_a.noconvert(), "threads"_a);
    nb::class_<TokenReader>(m, "TokenReader", "Tokens to the scores of the next one: cpp/rows/bind_decoding.hpp.")
        .def(nb::init<Array<const float, 2>, nb::list, nb::object>(), "embedding"_a.noconvert(), "steppers"_a, "linear"_a)
        .def("feed", &TokenReader::feed, "tokens"_a.noconvert(), "anew"_a, "scores"_a.noconvert(), "threads"_a);
    nb::class_<DecoderStep>(m, "DecoderStep", "The last words to the log probabilities of the next ones: cpp/rows/decoder_step.hpp.")
        .def(nb::init<Array<const float, 2>, nb::list, nb::object, Maybe<Array<const float, 1>>, double, nb::object, nb::object,
                      const std::string&>(),
             "words"_a.noconvert(), "steppers"_a, "query"_a.none(), "vector"_a.noconvert().none(), "scale"_a, "combine"_a, "softmax"_a,
             "instruction_set"_a)
        .def("take", &DecoderStep::take, "tokens"_a.noconvert(), "h"_a.noconvert(), "c"_a.noconvert().none(), "v"_a.noconvert(),
             "keys"_a.noconvert().none(), "values"_a.noconvert(), "lengths"_a.noconvert(), "weights"_a.noconvert(),
             "logs"_a.noconvert(), "threads"_a);
    nb::class_<PackedLayer>(m, "PackedLayer", "A recurrent layer of packed weights: cpp/rows/packed_layer.hpp.")
        .def(nb::init<const std::string&, const std::string&, const std::vector<std::vector<Array<const float, 2>>>&,
                      const std::vector<std::vector<Array<const float, 1>>>&, const std::string&>(),
             "cell"_a, "element"_a, "weights"_a.noconvert(), "biases"_a.noconvert(), "instruction_set"_a)
        .def("walk", &PackedLayer::walk, "lengths"_a.noconvert(), "x"_a.noconvert(), "h_0"_a.noconvert(),
             "c_0"_a.noconvert().none(), "y"_a.noconvert(), "h_n"_a.noconvert(), "c_n"_a.noconvert().none(), "threads"_a);
    m.def("attend", &attend, "q"_a.noconvert(), "k"_a.noconvert(), "x"_a.noconvert(), "v"_a.noconvert().none(), "scale"_a,
          "lengths"_a.noconvert(), "weights"_a.noconvert(), "context"_a.noconvert(), "instruction_set"_a,
          "Attention without gradients: shapes in cpp/rows/attend.hpp.");
    m.def("choose_token", &choose_token, "scores"_a.noconvert(), "chance"_a, "temperature"_a, "top_k"_a.none(),
          "top_p"_a.none(), "repeated"_a.noconvert(), "penalty"_a, "never"_a.noconvert(), "instruction_set"_a,
          "Draw a token: see gyeol.engine.search.token_sampling.");
}

}  // namespace
}  // namespace gyeol

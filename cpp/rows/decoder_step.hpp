// A step of a decoder that looks at its source: the last words of R = B * K continuations, K of each of B sources, to the log
// probabilities of the next ones, in one call.
//
//     h_0 = layer_0([word, fed])        a = softmax(score(h_0, keys))        n_l = sum_t a_t (W_l x_t)
//     h_l = layer_l(h_{l-1}), n_l added to its projection                    v = tanh(W h_L + b + n_{L+1})
//     logs = log_softmax(E v + b)
//
// The layers above the first read [h_{l-1}, c] with c = sum_t a_t x_t, and W_l c = sum_t a_t (W_l x_t): what their weights of c
// make of each of the source's vectors is computed once, when it is read, and these weights are not read in a step.
#pragma once

#include <cmath>
#include <mutex>

#include "../step.hpp"
#include "linear_layer.hpp"

namespace gyeol {
namespace {

class DecoderStep {
public:
    // words (V, E) is read where it lies, vector (A) is that of additive scores; query: null for scores of h_0 itself.
    DecoderStep(Array<const float, 2> words, nb::list steppers, nb::object query, Maybe<Array<const float, 1>> vector, double scale,
                nb::object combine, nb::object softmax, const std::string& instruction_set)
        : kernels_(find(instruction_set)), words_(std::move(words)), vector_(std::move(vector)), scale_(static_cast<float>(scale)),
          objects_(nb::make_tuple(steppers, query, combine, softmax)), query_(query.is_none() ? nullptr : nb::cast<const Linear*>(query)),
          combine_(nb::cast<const Linear*>(combine)), softmax_(nb::cast<const Linear*>(softmax)) {
        for (nb::handle each : steppers) steppers_.push_back(nb::cast<Stepper*>(each));
        expect(!steppers_.empty(), "a decoder has a layer or more");
        const int64_t E = words_.shape(1), H = steppers_[0]->units(), O = combine_->units();
        fed_ = steppers_[0]->inputs() == E + O;
        expect(fed_ || steppers_[0]->inputs() == E, "the first layer takes a word, and what is fed");
        for (Stepper* of : steppers_) {
            expect(of->layers() == 1 && of->units() == H && of->rows() == steppers_[0]->rows(), "the layers are alike, one each");
            expect(of == steppers_[0] || of->inputs() == H, "a layer above takes what the one before gives");
            expect((of->c() == nullptr) == (steppers_[0]->c() == nullptr), "the layers are of the same cell");
            if (of != steppers_[0]) width_ += of->gates() * H;
        }
        width_ += O;
        expect(combine_->inputs() == H && softmax_->inputs() == O && (!query_ || query_->inputs() == H), "the products do not fit");
        expect(!vector_ || (query_ && static_cast<int64_t>(vector_->shape(0)) == query_->units()), "additive scores have a query");
    }

    DecoderStep(const DecoderStep&) = delete;

    // Words of V, R of them; read and written: the states (L, R, H), and v (R, O). keys (B, T, A), or none for a source of one
    // vector without attention; values (B, T, W): each W_l x_t, side by side. Written: weights (B, K, T), logs (R, V).
    void take(const Whole& tokens, const Array<float, 3>& h, const Maybe<Array<float, 3>>& c, const Array<float, 2>& v,
              const Maybe<Array<const float, 3>>& keys, const Array<const float, 3>& values, const Whole& lengths,
              const Array<float, 3>& weights, const Array<float, 2>& logs, int64_t threads) {
        const int64_t L = static_cast<int64_t>(steppers_.size()), H = steppers_[0]->units(), E = words_.shape(1), O = combine_->units();
        const int64_t V = softmax_->units(), R = tokens.shape(0), B = values.shape(0), T = values.shape(1), G = steppers_[0]->gates();
        const int64_t A = query_ ? query_->units() : H;
        expect(B >= 1 && T >= 1 && R >= 1 && R % B == 0 && R <= steppers_[0]->rows() && threads >= 1, "no rows, too many, or no threads");
        expect((steppers_[0]->c() != nullptr) == c.has_value(), "c goes with a memory");
        const int64_t K = R / B;
        expect_shape(h, {L, R, H}, "h");
        expect_shape(c, {L, R, H}, "c");
        expect_shape(v, {R, O}, "v");
        expect_shape(keys, {B, T, A}, "keys");
        expect_shape(values, {B, T, width_}, "values");
        expect_shape(lengths, {B}, "lengths");
        expect_shape(weights, {B, K, T}, "weights");
        expect_shape(logs, {R, V}, "logs");
        for (int64_t b = 0; b < B; ++b) expect(lengths.data()[b] >= 1 && lengths.data()[b] <= T, "a length is not from 1 to the steps");
        for (int64_t r = 0; r < R; ++r)
            expect(tokens.data()[r] >= 0 && tokens.data()[r] < static_cast<int64_t>(words_.shape(0)), "a token is none of the words");
        nb::gil_scoped_release without_the_gil;
        const std::scoped_lock alone(busy_);
        found_.resize(R * width_);
        projected_.resize(R * A);
        shares_.resize(V);
        sums_.resize((V + SHARES_BLOCK - 1) / SHARES_BLOCK);
        const float* before = nullptr;
        for (int64_t l = 0; l < L; ++l) {
            Stepper& of = *steppers_[l];
            of.take_rows(R);
            for (int64_t r = 0; r < R && l == 0; ++r) {
                float* x = of.x() + r * of.inputs();
                std::memcpy(x, words_.data() + tokens.data()[r] * E, sizeof(float) * E);
                if (fed_) std::memcpy(x + E, v.data() + r * O, sizeof(float) * O);
            }
            if (l > 0) {
                std::memcpy(of.x(), before, sizeof(float) * R * H);
                of.add_to_bias(found_.data() + (l - 1) * G * H, width_);
            }
            std::memcpy(of.h(), h.data() + l * R * H, sizeof(float) * R * H);
            if (c) std::memcpy(of.c(), c->data() + l * R * H, sizeof(float) * R * H);
            of.step();
            std::memcpy(h.data() + l * R * H, of.h(), sizeof(float) * R * H);
            if (c) std::memcpy(c->data() + l * R * H, of.c(), sizeof(float) * R * H);
            before = of.y();
            if (l == 0) look(before, keys, values, lengths, weights, threads);
        }
        combine_->multiply(before, R, v.data(), threads);
        for (int64_t r = 0; r < R; ++r) kernels_.add_and_squash(v.data() + r * O, found_.data() + (r + 1) * width_ - O, O);
        softmax_->multiply(v.data(), R, logs.data(), threads);
        for (int64_t r = 0; r < R; ++r) {
            float* row = logs.data() + r * V;
            const float most = kernels_.highest_score(row, V);
            kernels_.shares_of(row, V, most, 1.0f, shares_.data(), sums_.data());
            double total = 0.0;
            for (const double sum : sums_) total += sum;
            const float log_total = static_cast<float>(std::log(total));
            for (int64_t i = 0; i < V; ++i) row[i] = row[i] - most - log_total;
        }
    }

private:
    void look(const float* query, const Maybe<Array<const float, 3>>& keys, const Array<const float, 3>& values, const Whole& lengths,
              const Array<float, 3>& weights, int64_t threads) {
        const int64_t B = values.shape(0), T = values.shape(1), K = weights.shape(1);
        if (!keys) {
            for (int64_t row = 0; row < B * K; ++row) {
                std::memcpy(found_.data() + row * width_, values.data() + row / K * T * width_, sizeof(float) * width_);
                std::fill_n(weights.data() + row * T, T, 0.0f);
                weights.data()[row * T] = 1.0f;
            }
            return;
        }
        const int64_t A = keys->shape(2);
        if (query_) {
            query_->multiply(query, B * K, projected_.data(), threads);
            query = projected_.data();
        }
        kernels_.attend({B, K, T, A, width_, lengths.data(), query, keys->data(), values.data(), pointer(vector_), scale_,
                         weights.data(), found_.data()});
    }

    const Kernels& kernels_;
    Array<const float, 2> words_;
    Maybe<Array<const float, 1>> vector_;
    float scale_;
    nb::object objects_;  // kept alive
    std::vector<Stepper*> steppers_;
    const Linear *query_, *combine_, *softmax_;
    bool fed_ = false;
    int64_t width_ = 0;
    std::mutex busy_;  // the layers' memory is shared by all who step
    std::vector<float> found_, projected_, shares_;
    std::vector<double> sums_;
};

}  // namespace
}  // namespace gyeol

// The next token by chance, as gyeol.engine.search.token_sampling draws it in Python, which is the reference implementation.
#pragma once

#include <cmath>
#include <functional>

#include "../call.hpp"

namespace gyeol {
namespace {

struct Sampling {
    double temperature;
    Maybe<int64_t> top_k;
    Maybe<double> top_p;
};

class TokenChoice {
public:
    TokenChoice(const Kernels& kernels, const float* scores, int64_t count)
        : kernels_(kernels), scores_(scores, scores + count), shares_(count), sums_((count + SHARES_BLOCK - 1) / SHARES_BLOCK) {
        bool numbers = true;
        for (int64_t i = 0; i < count; ++i) numbers &= scores[i] == scores[i];
        expect(count >= 1 && numbers, "the scores of the next token hold NaN");
    }

    // Multiply the log probability of each of these tokens, named once, by `penalty`.
    void penalise(const std::vector<int64_t>& tokens, double penalty) {
        if (penalty == 1.0 || tokens.empty()) return;
        const double total = share_out(1.0), log_sum = most_ + std::log(total);
        for (int64_t token : tokens) {
            float& score = scores_[token];
            score = static_cast<float>((score - log_sum) * penalty + log_sum);
        }
    }

    void forbid(const std::vector<int64_t>& tokens) {
        for (int64_t token : tokens) scores_[token] = -INFINITY;
    }

    // chance: uniform from 0 up to, not including, 1.
    int64_t draw(const Sampling& how, double chance) {
        if (!how.top_k && !how.top_p) return among_all(how, chance);
        const std::vector<int64_t> order =
            how.top_k ? best(std::min(*how.top_k, static_cast<int64_t>(scores_.size()))) : likeliest(how);
        std::vector<double> reached(order.size());
        double sum = 0.0;
        for (size_t i = 0; i < order.size(); ++i) {
            sum += std::exp((static_cast<double>(scores_[order[i]]) - scores_[order[0]]) / how.temperature);
            reached[i] = sum;
        }
        const double total = how.top_k ? sum : total_;
        finite(total);
        const auto enough = std::find_if(reached.begin(), reached.end(), [&](double r) { return how.top_p && r / total >= *how.top_p; });
        const auto last = enough == reached.end() ? enough : enough + 1;
        auto at = std::upper_bound(reached.begin(), last, chance * *(last - 1));
        if (at == last) --at;  // by rounding
        while (at > reached.begin() && *at == *(at - 1)) --at;  // never a share of 0
        return order[at - reached.begin()];
    }

private:
    static constexpr int64_t BLOCK = 16, BINS = 1024, BINS_A_NAT = 16;

    static void finite(double total) {
        expect(std::isfinite(total) && total > 0.0, "the scores of the next token hold inf, or none may be chosen");
    }

    // 1 / temperature, kept where neither 0 * inf nor inf * 0 can come of it.
    static float factor(double temperature) { return static_cast<float>(std::clamp(1.0 / temperature, 1e-30, 1e30)); }

    // The shares of all tokens, relative to the highest; their sum.
    double share_out(double temperature) {
        const int64_t V = static_cast<int64_t>(scores_.size());
        most_ = kernels_.highest_score(scores_.data(), V);
        kernels_.shares_of(scores_.data(), V, most_, factor(temperature), shares_.data(), sums_.data());
        double total = 0.0;
        for (double sum : sums_) total += sum;
        finite(total);
        return total_ = total;
    }

    // Whether a token comes before another: by score, ties by number.
    auto before() const {
        return [this](int64_t a, int64_t b) { return scores_[a] != scores_[b] ? scores_[a] > scores_[b] : a < b; };
    }

    // The tokens with the highest scores in descending order, as many at least as have the share top_p. Shares are first summed
    // in bins of a sixteenth of a nat, so that nothing is ordered that is not needed.
    std::vector<int64_t> likeliest(const Sampling& how) {
        const double total = share_out(how.temperature);
        const float steps = BINS_A_NAT * factor(how.temperature);
        const int64_t V = static_cast<int64_t>(scores_.size());
        const auto bin_of = [&](int64_t i) {
            const float down = (most_ - scores_[i]) * steps;
            return down < static_cast<float>(BINS - 1) ? static_cast<int64_t>(down) : BINS - 1;
        };
        std::vector<double> bins(BINS, 0.0);
        for (int64_t i = 0; i < V; ++i) bins[bin_of(i)] += shares_[i];
        int64_t last = 0;
        for (double sum = bins[0]; last < BINS - 1 && sum < *how.top_p * total * 1.00001; ++last) sum += bins[last + 1];
        std::vector<int64_t> some;
        for (int64_t i = 0; i < V; ++i)
            if (bin_of(i) <= last) some.push_back(i);
        std::sort(some.begin(), some.end(), before());
        return some;
    }

    // First which block the sum of shares passes its part of the whole in, then which token of it.
    int64_t among_all(const Sampling& how, double chance) {
        const int64_t V = static_cast<int64_t>(scores_.size());
        double left = chance * share_out(how.temperature);
        int64_t block = 0;
        const int64_t blocks = static_cast<int64_t>(sums_.size());
        while (block + 1 < blocks && left >= sums_[block]) left -= sums_[block++];
        while (block > 0 && sums_[block] == 0.0) --block;  // by rounding
        int64_t last = -1;
        for (int64_t i = block * SHARES_BLOCK; i < std::min(V, (block + 1) * SHARES_BLOCK); ++i) {
            if (shares_[i] > 0.0f) last = i;
            if (left < shares_[i]) return i;
            left -= shares_[i];
        }
        return last;
    }

    // The tokens with the `count` highest scores, in descending order; ties in order of number.
    std::vector<int64_t> best(int64_t count) const {
        const int64_t V = static_cast<int64_t>(scores_.size()), blocks = (V + BLOCK - 1) / BLOCK;
        std::vector<int64_t> some;
        if (count < blocks) {
            // At least `count` scores are as high as the count-th highest of the blocks' tops: only few have to be ordered.
            std::vector<float> tops(blocks);
            kernels_.highest_of_blocks(scores_.data(), V, BLOCK, tops.data());
            std::vector<float> highest(tops);
            std::nth_element(highest.begin(), highest.begin() + count - 1, highest.end(), std::greater<float>());
            const float least = highest[count - 1];
            for (int64_t block = 0; block < blocks; ++block)
                for (int64_t i = block * BLOCK; tops[block] >= least && i < std::min(V, (block + 1) * BLOCK); ++i)
                    if (scores_[i] >= least) some.push_back(i);
        } else {
            some.resize(V);
            for (int64_t i = 0; i < V; ++i) some[i] = i;
        }
        std::nth_element(some.begin(), some.begin() + count - 1, some.end(), before());
        some.resize(count);
        std::sort(some.begin(), some.end(), before());
        return some;
    }

    const Kernels& kernels_;
    float most_ = 0.0f;
    double total_ = 0.0;
    std::vector<float> scores_, shares_;
    std::vector<double> sums_;
};

}  // namespace
}  // namespace gyeol

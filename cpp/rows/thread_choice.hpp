// How many threads work that is done again and again is worth: found by trying, once and then again from time to time.
//
// Sharing costs a microsecond or so for starting and meeting, and pays where the work takes longer and the processors are free.
// Neither can be read off a processor, and both change. What is tried is the work itself, which is done anyway.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace gyeol {
namespace {

class ThreadChoice {
public:
    // At most so many; 1 leaves nothing to be tried.
    explicit ThreadChoice(int64_t available = 1) {
        for (int64_t n = 1; n < available; n *= 2) candidates_.push_back(n);
        candidates_.push_back(available);
        times_.resize(candidates_.size());
        left_ = candidates_.size() > 1 ? rounds() : 0;
    }

    // Do work(threads).
    template <class Work>
    void run(const Work& work) {
        if (candidates_.size() == 1) return work(candidates_[0]);
        if (left_ == 0 && threads_ == 1 && until_ > 0) {  // nothing has to be timed
            --until_;
            return work(int64_t{1});
        }
        const size_t arm = static_cast<size_t>((left_ - 1) / BURST) % candidates_.size();
        const auto start = Clock::now();
        work(left_ > 0 ? candidates_[arm] : threads_);
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        if (left_ > 0) {
            if ((left_ - 1) % BURST < BURST - COLD) times_[arm].push_back(seconds);
            if (--left_ == 0) decide();
        } else if (seconds > LATE * alone_) {
            // A thread that has lost its processor keeps the others waiting for milliseconds. Then one goes on alone for some time.
            threads_ = 1;
            until_ = ALONE;
        } else if (--until_ <= 0) {
            left_ = rounds();
        }
    }

    bool trying() const { return left_ > 0; }
    int64_t threads() const { return threads_; }

private:
    using Clock = std::chrono::steady_clock;
    // Pieces of work: each number of threads has BURSTS of BURST, of which the first COLD meet what others left in the caches.
    static constexpr int64_t BURSTS = 4, BURST = 6, COLD = 2, AGAIN = 4000, ALONE = 200;
    static constexpr double WORTH = 0.9, LATE = 4.0;                  // of one thread's time

    int64_t rounds() const { return BURSTS * BURST * static_cast<int64_t>(candidates_.size()); }

    void decide() {
        double best = 0.0;
        for (size_t i = 0; i < candidates_.size(); ++i) {
            const auto middle = times_[i].begin() + BURSTS * (BURST - COLD) / 2;
            std::nth_element(times_[i].begin(), middle, times_[i].end());
            const double median = *middle;
            times_[i].clear();
            if (i == 0) alone_ = median;
            if (i == 0 || median < WORTH * best) {
                best = median;
                threads_ = candidates_[i];
            }
        }
        until_ = AGAIN;
    }

    std::vector<int64_t> candidates_;
    std::vector<std::vector<double>> times_;
    int64_t threads_ = 1, left_ = 0, until_ = 0;
    double alone_ = 0.0;  // seconds that one thread takes
};

}  // namespace
}  // namespace gyeol

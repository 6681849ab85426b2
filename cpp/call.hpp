// What every call from Python goes through: array types, checks, the choice of an instruction set, memory, threads.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>
#include <pthread.h>
#include <sys/mman.h>
#ifndef _OPENMP
#include <thread>
#endif

#include "instruction_sets.hpp"
#include "rows/crew.hpp"

namespace nb = nanobind;

namespace gyeol {
namespace {

template <class Scalar, int DIMENSIONS>
using Array = nb::ndarray<Scalar, nb::ndim<DIMENSIONS>, nb::c_contig, nb::device::cpu>;
using Whole = Array<const int64_t, 1>;
template <class T>
using Maybe = std::optional<T>;

const Kernels& find(const std::string& name) {
    for (const Kernels* kernels : runnable())
        if (name == kernels->name) return *kernels;
    throw std::invalid_argument("this processor has no instruction set '" + name + "'; see instruction_sets()");
}

const CellKernels& find(const Kernels& kernels, const std::string& cell, const std::string& element) {
    for (int64_t i = 0; i < kernels.count; ++i)
        if (cell == kernels.cells[i].name && element == kernels.cells[i].element) return kernels.cells[i];
    throw std::invalid_argument("there is no kernel for the cell '" + cell + "' in " + element + " for " + kernels.name);
}

void expect(bool right, const char* what) {
    if (!right) throw std::invalid_argument(what);
}

std::string shape_text(const int64_t* shape, size_t count) {
    std::string text = "(";
    for (size_t i = 0; i < count; ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + ")";
}

template <class T>
void expect_shape(const T& array, std::initializer_list<int64_t> expected, const char* name) {
    std::vector<int64_t> came;
    for (size_t i = 0; i < array.ndim(); ++i) came.push_back(array.shape(i));
    if (!std::equal(came.begin(), came.end(), expected.begin(), expected.end()))
        throw std::invalid_argument(std::string(name) + " is " + shape_text(came.data(), came.size()) + ", expected " +
                                    shape_text(expected.begin(), expected.size()));
}
template <class T>
void expect_shape(const Maybe<T>& array, std::initializer_list<int64_t> expected, const char* name) {
    if (array) expect_shape(*array, expected, name);
}

template <class T>
auto* pointer(const Maybe<T>& array) {
    return array ? array->data() : nullptr;
}

// A child of fork has one thread, and no runtime that could be trusted to start more.
bool forked = false;
[[maybe_unused]] const int watched = pthread_atfork(nullptr, nullptr, [] { forked = true; });

template <class Work>
void run_tasks(int64_t tasks, int64_t threads, Work work) {
    if (tasks == 1 || threads == 1 || forked) {
        for (int64_t task = 0; task < tasks; ++task) work(task);
        return;
    }
#ifdef _OPENMP
    // schedule(static, 1): task p on thread p, which keeps its weights and states in its own cache.
#pragma omp parallel for num_threads(static_cast<int>(std::min(tasks, threads))) schedule(static, 1)
    for (int64_t task = 0; task < tasks; ++task) work(task);
#else
    const int64_t workers = std::min(tasks, threads);
    const auto some = [&](int64_t worker) {
        for (int64_t task = worker; task < tasks; task += workers) work(task);
    };
    std::vector<std::thread> others;
    for (int64_t worker = 1; worker < workers; ++worker) others.emplace_back(some, worker);
    some(0);
    for (std::thread& other : others) other.join();
#endif
}

// A team of up to `threads`, as many as are awake, in which everybody runs at the same time: work(member, members), for members that meet (rows/team.hpp).
template <class Work>
void run_team(int64_t threads, Work work) {
    if (threads == 1 || forked) return work(int64_t{0}, int64_t{1});
    Crew::shared().run(threads, work);
}

// Memory on a cache line, released at the end of a call.
using Bytes = std::unique_ptr<char, void (*)(void*)>;
Bytes allocate(int64_t size) {
    void* memory = std::aligned_alloc(64, static_cast<size_t>((size + 63) / 64 * 64));
    if (!memory) throw std::bad_alloc();
    return Bytes(static_cast<char*>(memory), std::free);
}

// Memory for weights that are read again and again. Of many of them each 4 KB page would be looked up by walking through tables:
// on an AMD EPYC (Zen 4) 35 MB were read at 50 GB/s in pages of 2 MB, at 29 in pages of 4 KB.
Bytes allocate_weights(int64_t size) {
#ifdef MADV_HUGEPAGE
    constexpr int64_t PAGE = 2 << 20;
    if (size >= PAGE) {
        const size_t whole = static_cast<size_t>((size + PAGE - 1) / PAGE * PAGE);
        void* memory = std::aligned_alloc(PAGE, whole);
        if (!memory) throw std::bad_alloc();
        madvise(memory, whole, MADV_HUGEPAGE);  // where it is refused, small pages do
        return Bytes(static_cast<char*>(memory), std::free);
    }
#endif
    return allocate(size);
}

std::vector<int64_t> checked_offsets(const Whole& lengths, int64_t N) {
    const int64_t B = lengths.shape(0);
    expect(B >= 1, "an empty batch");
    for (int64_t i = 0; i < B; ++i) {
        expect(lengths.data()[i] >= 1, "a length is below 1");
        expect(i == 0 || lengths.data()[i] <= lengths.data()[i - 1], "rank the rows by length, longest first");
        expect(lengths.data()[i] <= N, "a length is above the number of tokens");
    }
    std::vector<int64_t> offsets{0};
    for (int64_t t = 0, alive = B; alive > 0; ++t) {
        offsets.push_back(offsets.back() + alive);
        expect(offsets.back() <= N, "the lengths sum to more than the tokens given");
        while (alive > 0 && lengths.data()[alive - 1] == t + 1) --alive;
    }
    expect(offsets.back() == N, "the lengths sum to less than the tokens given");
    return offsets;
}

// How a layer's walks are spread: a direction's rows in `parts`, task n being part n % parts of direction n / parts.
struct Spread {
    int64_t threads, parts, tasks;  // threads worth starting; a direction's parts; all parts
    Spread(int64_t available, int64_t directions, int64_t rows, int64_t work) {
        // Waking a thread costs about what a hundred thousand multiplications do.
        threads = std::min(available, work / 200000 + 1);
        // With as many threads as both directions can share evenly each keeps to one, whose weights then stay in its cache.
        parts = std::max<int64_t>(1, threads % directions == 0 ? threads / directions : threads);
        parts = std::min(parts, rows);
        tasks = parts * directions;
    }
    // Whether every thread has walks of its own, and can do all that belongs to them.
    bool independent() const { return tasks >= threads; }
};

}  // namespace
}  // namespace gyeol

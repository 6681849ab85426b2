// Python's door to the kernels: check everything, release the GIL, call. The only file that knows Python.
//
// Arrays are never converted or copied on the way in (noconvert): what does not fit is a TypeError or a ValueError here, so
// that the kernels need no checks of their own.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>
#ifndef _OPENMP
#include <thread>
#endif

#include "lstm.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace gyeol {
namespace portable { extern const Kernels kernels; }
namespace avx2 { extern const Kernels kernels; }
namespace avx512 { extern const Kernels kernels; }

namespace {

using Matrix = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Vector = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Result = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Whole = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// What this processor can run, best first.
std::vector<const Kernels*> runnable() {
    std::vector<const Kernels*> all;
#ifdef GYEOL_X86
    __builtin_cpu_init();
    const bool fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        all.push_back(&avx512::kernels);
    if (fma) all.push_back(&avx2::kernels);
#endif
    all.push_back(&portable::kernels);
    return all;
}

const Kernels& find(const std::string& name) {
    for (const Kernels* kernels : runnable())
        if (name == kernels->name) return *kernels;
    throw std::invalid_argument("this processor has no instruction set '" + name + "'; see instruction_sets()");
}

void expect(bool right, const char* what) {
    if (!right) throw std::invalid_argument(what);
}

template <class Array>
void expect_shape(const Array& array, int64_t rows, int64_t columns, const char* name) {
    if (static_cast<int64_t>(array.shape(0)) != rows || static_cast<int64_t>(array.shape(1)) != columns)
        throw std::invalid_argument(std::string(name) + " is (" + std::to_string(array.shape(0)) + ", " +
                                    std::to_string(array.shape(1)) + "), expected (" + std::to_string(rows) + ", " +
                                    std::to_string(columns) + ")");
}

// Every place that the walk will touch lies in [0, places): see scan.hpp.
void check(const Ragged& batch, int64_t steps, int64_t places) {
    std::vector<int64_t> lowest(steps), highest(steps);
    for (int64_t t = 0; t < steps; ++t) {
        const int64_t at = batch.time_offset[t];
        expect(at >= 0 && at < places, "time_offset points outside x");
        lowest[t] = t ? std::min(lowest[t - 1], at) : at;
        highest[t] = t ? std::max(highest[t - 1], at) : at;
    }
    for (int64_t i = 0; i < batch.rows; ++i) {
        const int64_t length = batch.lengths[i], at = batch.row_offset[i];
        expect(length >= 1 && length <= steps, "a length is not in 1..T");
        expect(i == 0 || length <= batch.lengths[i - 1], "lengths must fall: rank the rows by length, longest first");
        expect(at >= -places && at < places && at + lowest[length - 1] >= 0 && at + highest[length - 1] < places,
               "row_offset points outside x");
    }
}

template <class Work>
void run_parts(int64_t parts, Work work) {
#ifdef _OPENMP
    // schedule(static, 1): part p on thread p, which keeps its weights and states in its own cache.
#pragma omp parallel for num_threads(static_cast<int>(parts)) schedule(static, 1)
    for (int64_t part = 0; part < parts; ++part) work(part);
#else
    std::vector<std::thread> others;
    for (int64_t part = 1; part < parts; ++part) others.emplace_back(work, part);
    work(int64_t{0});
    for (std::thread& other : others) other.join();
#endif
}

void lstm_forward(Matrix x, Whole lengths, Whole row_offset, Whole time_offset, bool reverse, std::optional<Matrix> w_ih,
                  Matrix w_hh, std::optional<Vector> b_ih, std::optional<Vector> b_hh, Matrix h_0, Matrix c_0, Result y,
                  Result h_n, Result c_n, int64_t threads, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const int64_t N = x.shape(0), B = lengths.shape(0), T = time_offset.shape(0), H = w_hh.shape(1);
    const int64_t D = w_ih ? static_cast<int64_t>(w_ih->shape(1)) : 0, K = D + H;
    expect(H >= 1 && B >= 1 && T >= 1, "an empty batch or a layer without units");
    expect(!w_ih || D >= 1, "w_ih has no columns");
    expect(threads >= 1, "threads must be 1 or more");
    expect(static_cast<int64_t>(row_offset.shape(0)) == B, "row_offset and lengths differ in size");
    expect_shape(x, N, w_ih ? D : LSTM_GATES * H, "x");
    expect_shape(w_hh, LSTM_GATES * H, H, "w_hh");
    if (w_ih) expect_shape(*w_ih, LSTM_GATES * H, D, "w_ih");
    for (const auto* bias : {&b_ih, &b_hh}) {
        expect(!*bias || w_ih, "a bias beside projections: add it to them");
        expect(!*bias || static_cast<int64_t>((*bias)->shape(0)) == LSTM_GATES * H, "a bias is not (4H)");
    }
    expect_shape(h_0, B, H, "h_0");
    expect_shape(c_0, B, H, "c_0");
    expect_shape(y, N, H, "y");
    expect_shape(h_n, B, H, "h_n");
    expect_shape(c_n, B, H, "c_n");
    const Ragged batch{B, lengths.data(), row_offset.data(), time_offset.data(), reverse};
    check(batch, T, N);

    nb::gil_scoped_release without_the_gil;
    int64_t steps = 0;
    for (int64_t i = 0; i < B; ++i) steps += lengths.data()[i];
    // Waking a thread costs about what a hundred thousand multiplications do.
    const int64_t worth = steps * K * LSTM_GATES * H / 200000 + 1;
    const int64_t parts = std::min({threads, B, worth});
    const int64_t padded = (H + kernels.lanes - 1) / kernels.lanes * kernels.lanes;
    std::vector<float> packed(K * LSTM_GATES * padded), bias(LSTM_GATES * padded);
    kernels.lstm_pack(w_ih ? w_ih->data() : nullptr, w_hh.data(), b_ih ? b_ih->data() : nullptr,
                      b_hh ? b_hh->data() : nullptr, D, H, packed.data(), bias.data());
    const LstmForward layer{batch,      D,          H,        x.data(),   packed.data(), bias.data(),
                            h_0.data(), c_0.data(), y.data(), h_n.data(), c_n.data()};
    const int64_t most = (B + parts - 1) / parts, floats = lstm_scratch(most, padded), pointers = lstm_pointers(most);
    std::vector<float> scratch(parts * floats);
    std::vector<const float*> places(parts * pointers);
    run_parts(parts, [&](int64_t part) {
        kernels.lstm_forward(layer, part, parts, scratch.data() + part * floats, places.data() + part * pointers);
    });
}

}  // namespace
}  // namespace gyeol

NB_MODULE(_native, m) {
    m.doc() = "gyeol's kernels in C++: see gyeol.kernels.native for the Python side.";
    m.def(
        "instruction_sets",
        [] {
            std::vector<std::string> names;
            for (const gyeol::Kernels* kernels : gyeol::runnable()) names.emplace_back(kernels->name);
            return names;
        },
        "The instruction sets that this processor can run, best first.");
    m.def("lstm_forward", &gyeol::lstm_forward, "x"_a.noconvert(), "lengths"_a.noconvert(), "row_offset"_a.noconvert(),
          "time_offset"_a.noconvert(), "reverse"_a, "w_ih"_a.noconvert().none(), "w_hh"_a.noconvert(),
          "b_ih"_a.noconvert().none(), "b_hh"_a.noconvert().none(), "h_0"_a.noconvert(), "c_0"_a.noconvert(),
          "y"_a.noconvert(), "h_n"_a.noconvert(), "c_n"_a.noconvert(), "threads"_a, "instruction_set"_a,
          "One LSTM layer, one direction, float32: shapes, owners and aliasing in cpp/lstm.hpp.");
}

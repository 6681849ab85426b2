// Python's door to the kernels: check everything, release the GIL, call. The only file that knows Python.
//
// Arrays are never converted or copied on the way in (noconvert): what does not fit is a TypeError or a ValueError here, so
// that the kernels need no checks of their own. Half matrices come as int16, which NumPy and PyTorch both have.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>
#ifndef _OPENMP
#include <thread>
#endif

#include "kernels.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace gyeol {
namespace portable { extern const Kernels kernels; }
namespace avx2 { extern const Kernels kernels; }
namespace avx512 { extern const Kernels kernels; }
namespace avx512bf16 { extern const Kernels kernels; }

namespace {

template <class Scalar, int DIMENSIONS>
using Array = nb::ndarray<Scalar, nb::ndim<DIMENSIONS>, nb::c_contig, nb::device::cpu>;
template <int DIMENSIONS>
using Elements = nb::ndarray<nb::ndim<DIMENSIONS>, nb::c_contig, nb::device::cpu>;  // float, or int16 for Half
using Whole = Array<const int64_t, 1>;
template <class T>
using Maybe = std::optional<T>;

// What this processor can run, best first.
std::vector<const Kernels*> runnable() {
    std::vector<const Kernels*> all;
#ifdef GYEOL_X86
    __builtin_cpu_init();
    const bool fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool wide = fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#ifdef GYEOL_BF16
    if (wide && __builtin_cpu_supports("avx512bf16")) all.push_back(&avx512bf16::kernels);
#endif
    if (wide) all.push_back(&avx512::kernels);
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

const CellKernels& find(const Kernels& kernels, const std::string& cell, bool half) {
    for (int64_t i = 0; i < kernels.count; ++i)
        if (cell == kernels.cells[i].name && half == kernels.cells[i].half) return kernels.cells[i];
    throw std::invalid_argument("there is no kernel for the cell '" + cell + "' in " + (half ? "bfloat16" : "float32") +
                                " for " + kernels.name);
}

void expect(bool right, const char* what) {
    if (!right) throw std::invalid_argument(what);
}

std::string written(const int64_t* shape, size_t count) {
    std::string text = "(";
    for (size_t i = 0; i < count; ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + ")";
}

template <class T>
void expect_shape(const T& array, std::initializer_list<int64_t> expected, const char* name) {
    std::vector<int64_t> came;
    for (size_t i = 0; i < array.ndim(); ++i) came.push_back(array.shape(i));
    if (!std::equal(came.begin(), came.end(), expected.begin(), expected.end()))
        throw std::invalid_argument(std::string(name) + " is " + written(came.data(), came.size()) + ", expected " +
                                    written(expected.begin(), expected.size()));
}
template <class T>
void expect_shape(const Maybe<T>& array, std::initializer_list<int64_t> expected, const char* name) {
    if (array) expect_shape(*array, expected, name);
}
template <class T>
void expect_type(const T& array, bool half, const char* name) {
    const nb::dlpack::dtype type = half ? nb::dtype<int16_t>() : nb::dtype<float>();
    if (array.dtype() != type)
        throw nb::type_error((std::string(name) + " must be " + (half ? "int16 (bfloat16 bits)" : "float32")).c_str());
}

template <class T>
auto* pointer(const Maybe<T>& array) {
    return array ? array->data() : nullptr;
}

template <class Work>
void run_tasks(int64_t tasks, int64_t threads, Work work) {
    if (tasks == 1 || threads == 1) {
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

// Memory on a cache line, released at the end of a call.
using Bytes = std::unique_ptr<char, void (*)(void*)>;
Bytes allocate(int64_t size) {
    void* memory = std::aligned_alloc(64, static_cast<size_t>((size + 63) / 64 * 64));
    if (!memory) throw std::bad_alloc();
    return Bytes(static_cast<char*>(memory), std::free);
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
    int64_t worth, parts, tasks;  // threads worth waking; a direction's parts; all parts
    Spread(int64_t threads, int64_t directions, int64_t rows, int64_t work) {
        // Waking a thread costs about what a hundred thousand multiplications do.
        worth = std::min(threads, work / 200000 + 1);
        // With as many threads as both directions can share evenly each keeps to one, whose weights then stay in its cache.
        parts = std::max<int64_t>(1, worth % directions == 0 ? worth / directions : worth);
        parts = std::min(parts, rows);
        tasks = parts * directions;
    }
};

template <class Layer>
struct Walks {
    const CellKernels& cell;
    std::vector<Layer> layers;  // one a direction
    std::vector<const float*> weights;
    int64_t threads;

    void run(bool forwards) {
        const int64_t directions = static_cast<int64_t>(layers.size()), H = layers[0].units;
        const Ragged& batch = layers[0].batch;
        const Spread spread(threads, directions, batch.rows, batch.offsets[batch.steps] * cell.gates * H * H * directions);
        const int64_t size = cell.packed(cell.gates, H) * (cell.half ? 2 : 4);
        std::vector<Bytes> packed;
        for (Layer& layer : layers) {
            packed.push_back(allocate(size));
            layer.packed = packed.back().get();
        }
        // As many parts as the walks have: for one row of few tokens no second thread is woken.
        const int64_t pieces = spread.worth;
        run_tasks(directions * pieces, pieces, [&](int64_t task) {
            const int64_t d = task / pieces;
            (forwards ? cell.pack_forward : cell.pack_backward)(weights[d], H, task % pieces, pieces, packed[d].get());
        });
        const int64_t most = (batch.rows + spread.parts - 1) / spread.parts;
        const int64_t scratch = (cell.scratch(most, cell.gates, H) + 63) / 64 * 64;
        const Bytes memory = allocate(spread.tasks * scratch);
        run_tasks(spread.tasks, threads, [&](int64_t task) {
            char* own = memory.get() + task * scratch;
            std::memset(own, 0, static_cast<size_t>(scratch));
            const Layer& layer = layers[task / spread.parts];
            if constexpr (std::is_same_v<Layer, Forward>) cell.forward(layer, task % spread.parts, spread.parts, own);
            else cell.backward(layer, task % spread.parts, spread.parts, own);
        });
    }
};

void forward(const std::string& cell_name, bool half, Whole lengths, bool down, Array<float, 3> gates,
             std::vector<Array<const float, 2>> w_hh, Maybe<Array<const float, 2>> bias, Array<const float, 3> h_0,
             Maybe<Array<const float, 3>> c_0, Array<float, 2> y, Maybe<Array<float, 3>> memory, Maybe<Array<float, 3>> extra,
             Array<float, 3> h_n, Maybe<Array<float, 3>> c_n, int64_t threads, const std::string& instruction_set) {
    const CellKernels& cell = find(find(instruction_set), cell_name, half);
    const int64_t directions = gates.shape(0), N = gates.shape(1), B = lengths.shape(0), H = h_0.shape(2);
    expect(H >= 1 && threads >= 1 && directions >= 1 && directions <= 2, "no units, no threads, or not 1 or 2 directions");
    expect(static_cast<int64_t>(w_hh.size()) == directions, "w_hh must hold a matrix for each direction");
    const std::vector<int64_t> offsets = checked_offsets(lengths, N);
    expect_shape(gates, {directions, N, cell.gates * H}, "gates");
    for (const auto& w : w_hh) expect_shape(w, {cell.gates * H, H}, "w_hh");
    expect_shape(bias, {directions, H}, "bias");
    expect_shape(h_0, {directions, B, H}, "h_0");
    expect_shape(c_0, {directions, B, H}, "c_0");
    expect_shape(y, {N, directions * H}, "y");
    expect_shape(memory, {directions, N, H}, "memory");
    expect_shape(extra, {directions, N, H}, "extra");
    expect_shape(h_n, {directions, B, H}, "h_n");
    expect_shape(c_n, {directions, B, H}, "c_n");
    expect((cell_name == "lstm") == c_0.has_value() && c_0.has_value() == c_n.has_value(), "c_0 and c_n go with the LSTM");
    Walks<Forward> walks{cell, {}, {}, threads};
    for (int64_t d = 0; d < directions; ++d) {
        const auto at = [&](auto* from, int64_t rows) { return from ? from + d * rows * H : nullptr; };
        walks.weights.push_back(w_hh[d].data());
        walks.layers.push_back({{B, static_cast<int64_t>(offsets.size()) - 1, lengths.data(), offsets.data()},
                                d == 1 || down, H, nullptr, at(pointer(bias), 1), at(h_0.data(), B), at(pointer(c_0), B),
                                at(gates.data(), N * cell.gates), at(pointer(memory), N), at(pointer(extra), N),
                                y.data() + d * H, directions * H, at(h_n.data(), B), at(pointer(c_n), B)});
    }
    nb::gil_scoped_release without_the_gil;
    walks.run(true);
}

void backward(const std::string& cell_name, bool half, Whole lengths, bool down, Array<const float, 3> gates,
              std::vector<Array<const float, 2>> w_hh, Array<const float, 3> h_0, Maybe<Array<const float, 3>> c_0,
              Array<const float, 2> y, Maybe<Array<const float, 3>> memory, Maybe<Array<const float, 3>> extra,
              Array<const float, 2> dy, Array<const float, 3> dh_n, Maybe<Array<const float, 3>> dc_n, Elements<3> dgates,
              Maybe<Elements<3>> dextra, Elements<3> previous, Array<float, 3> dh_0, Maybe<Array<float, 3>> dc_0,
              int64_t threads, const std::string& instruction_set) {
    const CellKernels& cell = find(find(instruction_set), cell_name, half);
    const int64_t directions = gates.shape(0), N = gates.shape(1), B = lengths.shape(0), H = h_0.shape(2);
    expect(H >= 1 && threads >= 1 && directions >= 1 && directions <= 2, "no units, no threads, or not 1 or 2 directions");
    expect(static_cast<int64_t>(w_hh.size()) == directions, "w_hh must hold a matrix for each direction");
    const std::vector<int64_t> offsets = checked_offsets(lengths, N);
    expect_shape(gates, {directions, N, cell.gates * H}, "gates");
    for (const auto& w : w_hh) expect_shape(w, {cell.gates * H, H}, "w_hh");
    expect_shape(h_0, {directions, B, H}, "h_0");
    expect_shape(c_0, {directions, B, H}, "c_0");
    expect_shape(y, {N, directions * H}, "y");
    expect_shape(memory, {directions, N, H}, "memory");
    expect_shape(extra, {directions, N, H}, "extra");
    expect_shape(dy, {N, directions * H}, "dy");
    expect_shape(dh_n, {directions, B, H}, "dh_n");
    expect_shape(dc_n, {directions, B, H}, "dc_n");
    expect_shape(dgates, {directions, N, cell.gates * H}, "dgates");
    expect_shape(dextra, {directions, N, H}, "dextra");
    expect_shape(previous, {directions, N, H}, "previous");
    expect_shape(dh_0, {directions, B, H}, "dh_0");
    expect_shape(dc_0, {directions, B, H}, "dc_0");
    expect_type(dgates, half, "dgates");
    expect_type(previous, half, "previous");
    if (dextra) expect_type(*dextra, half, "dextra");
    const bool lstm = cell_name == "lstm", gru = cell_name == "gru_after";
    expect(lstm == c_0.has_value() && lstm == memory.has_value() && lstm == dc_n.has_value() && lstm == dc_0.has_value(),
           "c_0, memory, dc_n and dc_0 go with the LSTM");
    expect((gru || cell_name == "gru_before") == extra.has_value() && gru == dextra.has_value(),
           "extra goes with the GRUs, dextra with gru_after");
    Walks<Backward> walks{cell, {}, {}, threads};
    for (int64_t d = 0; d < directions; ++d) {
        const auto at = [&](auto* from, int64_t rows) { return from ? from + d * rows * H : nullptr; };
        const auto element = [&](void* from, int64_t rows) -> void* {
            return from ? static_cast<char*>(from) + d * rows * H * (half ? 2 : 4) : nullptr;
        };
        walks.weights.push_back(w_hh[d].data());
        walks.layers.push_back({{B, static_cast<int64_t>(offsets.size()) - 1, lengths.data(), offsets.data()},
                                d == 1 || down, H, nullptr, at(h_0.data(), B), at(pointer(c_0), B),
                                at(gates.data(), N * cell.gates), at(pointer(memory), N), at(pointer(extra), N),
                                y.data() + d * H, dy.data() + d * H, directions * H, at(dh_n.data(), B),
                                at(pointer(dc_n), B), element(dgates.data(), N * cell.gates),
                                element(dextra ? dextra->data() : nullptr, N), element(previous.data(), N),
                                at(dh_0.data(), B), at(pointer(dc_0), B)});
    }
    nb::gil_scoped_release without_the_gil;
    walks.run(false);
}

// out (M, N) [+]= x (M, K), bfloat16 bits, times weight (N, K), or (K, N) where `transposed`; plus bias.
void half_product(Array<const int16_t, 2> x, Array<const float, 2> weight, bool transposed,
                  Maybe<Array<const float, 1>> bias, Array<float, 2> out, bool add, int64_t threads,
                  const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    expect(kernels.half_product, "this instruction set multiplies no bfloat16");
    const int64_t M = x.shape(0), K = x.shape(1), N = out.shape(1);
    expect(threads >= 1 && K % 2 == 0, "no threads, or an odd number of inputs");
    if (transposed) expect_shape(weight, {K, N}, "weight");
    else expect_shape(weight, {N, K}, "weight");
    expect_shape(out, {M, N}, "out");
    expect_shape(bias, {N}, "bias");
    nb::gil_scoped_release without_the_gil;
    const Bytes packed = allocate(kernels.half_product->packed(N, K) * 2);
    run_tasks(threads, threads, [&](int64_t task) {
        kernels.half_product->pack(weight.data(), transposed ? 1 : K, transposed ? N : 1, N, K, task, threads, packed.get());
    });
    const Product product{M, K, N, x.data(), K, packed.get(), pointer(bias), add, out.data()};
    // 48 rows are eight tiles: of so many at once the last may be small.
    const int64_t tasks = std::min(threads, (M + 47) / 48), each = (M / std::max<int64_t>(tasks, 1) + 5) / 6 * 6;
    run_tasks(tasks, threads, [&](int64_t task) {
        const int64_t first = std::min(M, task * each), last = task == tasks - 1 ? M : std::min(M, first + each);
        if (first < last) kernels.half_product->run(product, first, last - first);
    });
}

// Pools checked once for both ways; out is (B, views * K), or its gradient.
Pool checked_pool(const Array<const float, 2>& x, const Whole& lengths, const std::vector<int64_t>& offsets,
                  const Maybe<Array<const float, 1>>& weights, bool mean, bool most, int64_t out_rows, int64_t out_columns) {
    const int64_t N = x.shape(0), K = x.shape(1), B = lengths.shape(0);
    const int64_t views = weights.has_value() + mean + most;
    expect(K >= 1 && views >= 1, "no columns or no views");
    expect_shape(weights, {N}, "weights");
    expect(out_rows == B && out_columns == views * K, "out is not (B, views * K)");
    return {{B, static_cast<int64_t>(offsets.size()) - 1, lengths.data(), offsets.data()},
            K, x.data(), pointer(weights), mean, most, views * K, nullptr, nullptr, nullptr, nullptr};
}

void pool_forward(Array<const float, 2> x, Whole lengths, Maybe<Array<const float, 1>> weights, bool mean, bool most,
                  Array<float, 2> out, Maybe<Array<int32_t, 2>> at, int64_t threads, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const std::vector<int64_t> offsets = checked_offsets(lengths, x.shape(0));
    Pool pool = checked_pool(x, lengths, offsets, weights, mean, most, out.shape(0), out.shape(1));
    expect(threads >= 1 && most == at.has_value(), "no threads, or `at` does not go with `most`");
    expect_shape(at, {pool.batch.rows, pool.width}, "at");
    pool.out = out.data();
    pool.at = pointer(at);
    nb::gil_scoped_release without_the_gil;
    const int64_t parts = std::min({threads, pool.batch.rows, offsets.back() * pool.width / 20000 + 1});
    run_tasks(parts, parts, [&](int64_t part) { kernels.pool_forward(pool, part, parts); });
}

void pool_backward(Array<const float, 2> x, Whole lengths, Maybe<Array<const float, 1>> weights, bool mean, bool most,
                   Array<float, 2> dout, Maybe<Array<int32_t, 2>> at, Array<float, 2> dx, Maybe<Array<float, 1>> dweights,
                   int64_t threads, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const std::vector<int64_t> offsets = checked_offsets(lengths, x.shape(0));
    Pool pool = checked_pool(x, lengths, offsets, weights, mean, most, dout.shape(0), dout.shape(1));
    expect(threads >= 1 && most == at.has_value(), "no threads, or `at` does not go with `most`");
    expect(weights.has_value() == dweights.has_value(), "dweights goes with weights");
    expect_shape(at, {pool.batch.rows, pool.width}, "at");
    expect_shape(dx, {offsets.back(), pool.width}, "dx");
    expect_shape(dweights, {offsets.back()}, "dweights");
    pool.out = dout.data();
    pool.at = pointer(at);
    pool.dx = dx.data();
    pool.dweights = pointer(dweights);
    nb::gil_scoped_release without_the_gil;
    const int64_t parts = std::min({threads, pool.batch.rows, offsets.back() * pool.width / 20000 + 1});
    run_tasks(parts, parts, [&](int64_t part) { kernels.pool_backward(pool, part, parts); });
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
    m.def("forward", &gyeol::forward, "cell"_a, "half"_a, "lengths"_a.noconvert(), "down"_a, "gates"_a.noconvert(),
          "w_hh"_a.noconvert(), "bias"_a.noconvert().none(), "h_0"_a.noconvert(), "c_0"_a.noconvert().none(),
          "y"_a.noconvert(), "memory"_a.noconvert().none(), "extra"_a.noconvert().none(), "h_n"_a.noconvert(),
          "c_n"_a.noconvert().none(), "threads"_a, "instruction_set"_a,
          "One layer of any cell, one or two directions: shapes, owners and aliasing in cpp/scan.hpp.");
    m.def("backward", &gyeol::backward, "cell"_a, "half"_a, "lengths"_a.noconvert(), "down"_a, "gates"_a.noconvert(),
          "w_hh"_a.noconvert(), "h_0"_a.noconvert(), "c_0"_a.noconvert().none(), "y"_a.noconvert(),
          "memory"_a.noconvert().none(), "extra"_a.noconvert().none(), "dy"_a.noconvert(), "dh_n"_a.noconvert(),
          "dc_n"_a.noconvert().none(), "dgates"_a.noconvert(), "dextra"_a.noconvert().none(), "previous"_a.noconvert(),
          "dh_0"_a.noconvert(), "dc_0"_a.noconvert().none(), "threads"_a, "instruction_set"_a,
          "The way back over the same.");
    m.def("half_product", &gyeol::half_product, "x"_a.noconvert(), "weight"_a.noconvert(), "transposed"_a,
          "bias"_a.noconvert().none(), "out"_a.noconvert(), "add"_a, "threads"_a, "instruction_set"_a,
          "A product of bfloat16 with sums in float32: shapes in cpp/kernels.hpp.");
    m.def("pool_forward", &gyeol::pool_forward, "x"_a.noconvert(), "lengths"_a.noconvert(), "weights"_a.noconvert().none(),
          "mean"_a, "most"_a, "out"_a.noconvert(), "at"_a.noconvert().none(), "threads"_a, "instruction_set"_a,
          "Pool packed tokens row by row: shapes in cpp/pool.hpp.");
    m.def("pool_backward", &gyeol::pool_backward, "x"_a.noconvert(), "lengths"_a.noconvert(),
          "weights"_a.noconvert().none(), "mean"_a, "most"_a, "dout"_a.noconvert(), "at"_a.noconvert().none(),
          "dx"_a.noconvert(), "dweights"_a.noconvert().none(), "threads"_a, "instruction_set"_a, "The way back over the same.");
}

// Python's door to the kernels: check everything, release the GIL, call. With call.hpp and step.hpp the only one that knows Python.
//
// Arrays are never converted or copied on the way in (noconvert): what does not fit is a TypeError or a ValueError here, so
// that the kernels need no checks of their own. Half matrices come as int16, which NumPy and PyTorch both have.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "call.hpp"
#include "step.hpp"

using namespace nb::literals;

namespace gyeol {
namespace {

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
             std::vector<Array<const float, 2>> w_hh, Maybe<Array<const float, 2>> bias,
             Maybe<Array<const float, 3>> norm, Array<const float, 3> h_0, Maybe<Array<const float, 3>> c_0, Array<float, 2> y, Maybe<Array<float, 3>> memory, Maybe<Array<float, 3>> extra,
             Array<float, 3> h_n, Maybe<Array<float, 3>> c_n, int64_t threads, const std::string& instruction_set) {
    const CellKernels& cell = find(find(instruction_set), cell_name, half);
    const int64_t directions = gates.shape(0), N = gates.shape(1), B = lengths.shape(0), H = h_0.shape(2);
    expect(H >= 1 && threads >= 1 && directions >= 1 && directions <= 2, "no units, no threads, or not 1 or 2 directions");
    expect(static_cast<int64_t>(w_hh.size()) == directions, "w_hh must hold a matrix for each direction");
    const std::vector<int64_t> offsets = checked_offsets(lengths, N);
    expect_shape(gates, {directions, N, cell.gates * H}, "gates");
    for (const auto& w : w_hh) expect_shape(w, {cell.gates * H, H}, "w_hh");
    expect_shape(bias, {directions, H}, "bias");
    expect_shape(norm, {directions, 10, H}, "norm");
    expect_shape(h_0, {directions, B, H}, "h_0");
    expect_shape(c_0, {directions, B, H}, "c_0");
    expect_shape(y, {N, directions * H}, "y");
    expect_shape(memory, {directions, N, H}, "memory");
    expect_shape(extra, {directions, N, cell.extra * H}, "extra");
    expect_shape(h_n, {directions, B, H}, "h_n");
    expect_shape(c_n, {directions, B, H}, "c_n");
    expect(cell.memory == c_0.has_value() && c_0.has_value() == c_n.has_value(), "c_0 and c_n go with the LSTMs");
    expect(cell.norm == norm.has_value(), "norm goes with lstm_norm");
    Walks<Forward> walks{cell, {}, {}, threads};
    for (int64_t d = 0; d < directions; ++d) {
        const auto at = [&](auto* from, int64_t rows) { return from ? from + d * rows * H : nullptr; };
        walks.weights.push_back(w_hh[d].data());
        walks.layers.push_back({{B, static_cast<int64_t>(offsets.size()) - 1, lengths.data(), offsets.data()},
                                d == 1 || down, H, nullptr, at(pointer(bias), 1), at(pointer(norm), 10), at(h_0.data(), B),
                                at(pointer(c_0), B), at(gates.data(), N * cell.gates), at(pointer(memory), N),
                                at(pointer(extra), N * cell.extra),
                                y.data() + d * H, directions * H, at(h_n.data(), B), at(pointer(c_n), B)});
    }
    nb::gil_scoped_release without_the_gil;
    walks.run(true);
}

void backward(const std::string& cell_name, bool half, Whole lengths, bool down, Array<const float, 3> gates,
              std::vector<Array<const float, 2>> w_hh, Maybe<Array<const float, 3>> norm, Array<const float, 3> h_0,
              Maybe<Array<const float, 3>> c_0,
              Array<const float, 2> y, Maybe<Array<const float, 3>> memory, Maybe<Array<const float, 3>> extra,
              Array<const float, 2> dy, Array<const float, 3> dh_n, Maybe<Array<const float, 3>> dc_n, Elements<3> dgates,
              Maybe<Elements<3>> dextra, Maybe<Array<float, 3>> dnorm, Elements<3> previous, Array<float, 3> dh_0, Maybe<Array<float, 3>> dc_0,
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
    expect_shape(extra, {directions, N, cell.extra * H}, "extra");
    expect_shape(dy, {N, directions * H}, "dy");
    expect_shape(dh_n, {directions, B, H}, "dh_n");
    expect_shape(dc_n, {directions, B, H}, "dc_n");
    expect_shape(dgates, {directions, N, cell.gates * H}, "dgates");
    expect_shape(dextra, {directions, N, cell.dextra * H}, "dextra");
    expect_shape(norm, {directions, 10, H}, "norm");
    expect_shape(dnorm, {directions, N, H}, "dnorm");
    expect_shape(previous, {directions, N, H}, "previous");
    expect_shape(dh_0, {directions, B, H}, "dh_0");
    expect_shape(dc_0, {directions, B, H}, "dc_0");
    expect_type(dgates, half, "dgates");
    expect_type(previous, half, "previous");
    if (dextra) expect_type(*dextra, half, "dextra");
    const bool lstm = cell.memory;
    expect(lstm == c_0.has_value() && lstm == memory.has_value() && lstm == dc_n.has_value() && lstm == dc_0.has_value(),
           "c_0, memory, dc_n and dc_0 go with the LSTMs");
    expect((cell.extra > 0) == extra.has_value() && (cell.dextra > 0) == dextra.has_value(),
           "extra goes with the GRUs and lstm_norm, dextra with gru_after and lstm_norm");
    expect(cell.norm == norm.has_value() && cell.norm == dnorm.has_value(), "norm and dnorm go with lstm_norm");
    Walks<Backward> walks{cell, {}, {}, threads};
    for (int64_t d = 0; d < directions; ++d) {
        const auto at = [&](auto* from, int64_t rows) { return from ? from + d * rows * H : nullptr; };
        const auto element = [&](void* from, int64_t rows) -> void* {
            return from ? static_cast<char*>(from) + d * rows * H * (half ? 2 : 4) : nullptr;
        };
        walks.weights.push_back(w_hh[d].data());
        walks.layers.push_back({{B, static_cast<int64_t>(offsets.size()) - 1, lengths.data(), offsets.data()},
                                d == 1 || down, H, nullptr, at(pointer(norm), 10), at(h_0.data(), B), at(pointer(c_0), B),
                                at(gates.data(), N * cell.gates), at(pointer(memory), N), at(pointer(extra), N * cell.extra),
                                y.data() + d * H, dy.data() + d * H, directions * H, at(dh_n.data(), B),
                                at(pointer(dc_n), B), element(dgates.data(), N * cell.gates),
                                element(dextra ? dextra->data() : nullptr, N * cell.dextra), at(pointer(dnorm), N),
                                element(previous.data(), N),
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
    const auto array = [](std::initializer_list<size_t> shape, float* data, nb::handle owner) {
        return nb::ndarray<nb::numpy, float, nb::c_contig, nb::device::cpu>(data, shape, owner);
    };
    using gyeol::Stepper;
    nb::class_<Stepper>(m, "Stepper", "Layers that take one step at a time: see cpp/step.hpp. Its arrays are its own memory.")
        .def(nb::init<const std::string&, bool, const Stepper::Layers&, const Stepper::Biases&, int64_t, const std::string&>(),
             "cell"_a, "half"_a, "weights"_a.noconvert(), "biases"_a.noconvert(), "rows"_a, "instruction_set"_a)
        .def("step", &Stepper::step, nb::call_guard<nb::gil_scoped_release>())
        .def_prop_ro("x", [array](nb::handle_t<Stepper> self) {
            Stepper& of = nb::cast<Stepper&>(self);
            return array({size_t(of.rows()), size_t(of.inputs())}, of.x(), self);
        })
        .def_prop_ro("y", [array](nb::handle_t<Stepper> self) {
            Stepper& of = nb::cast<Stepper&>(self);
            return array({size_t(of.rows()), size_t(of.units())}, of.y(), self);
        })
        .def_prop_ro("h", [array](nb::handle_t<Stepper> self) {
            Stepper& of = nb::cast<Stepper&>(self);
            return array({size_t(of.layers()), size_t(of.rows()), size_t(of.units())}, of.h(), self);
        })
        .def_prop_ro("c", [array](nb::handle_t<Stepper> self) -> nb::object {
            Stepper& of = nb::cast<Stepper&>(self);
            if (!of.c()) return nb::none();
            return nb::cast(array({size_t(of.layers()), size_t(of.rows()), size_t(of.units())}, of.c(), self));
        });
    m.def("forward", &gyeol::forward, "cell"_a, "half"_a, "lengths"_a.noconvert(), "down"_a, "gates"_a.noconvert(),
          "w_hh"_a.noconvert(), "bias"_a.noconvert().none(), "norm"_a.noconvert().none(), "h_0"_a.noconvert(), "c_0"_a.noconvert().none(),
          "y"_a.noconvert(), "memory"_a.noconvert().none(), "extra"_a.noconvert().none(), "h_n"_a.noconvert(),
          "c_n"_a.noconvert().none(), "threads"_a, "instruction_set"_a,
          "One layer of any cell, one or two directions: shapes, owners and aliasing in cpp/scan.hpp.");
    m.def("backward", &gyeol::backward, "cell"_a, "half"_a, "lengths"_a.noconvert(), "down"_a, "gates"_a.noconvert(),
          "w_hh"_a.noconvert(), "norm"_a.noconvert().none(), "h_0"_a.noconvert(), "c_0"_a.noconvert().none(), "y"_a.noconvert(),
          "memory"_a.noconvert().none(), "extra"_a.noconvert().none(), "dy"_a.noconvert(), "dh_n"_a.noconvert(),
          "dc_n"_a.noconvert().none(), "dgates"_a.noconvert(), "dextra"_a.noconvert().none(), "dnorm"_a.noconvert().none(), "previous"_a.noconvert(),
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

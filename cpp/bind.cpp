// Python's door to the kernels: check everything, release the GIL, call. With call.hpp, facts.hpp, step.hpp and rows/bind.hpp the only file that knows Python.
//
// Arrays are never converted or copied on the way in (noconvert): what does not fit is a TypeError or a ValueError here, so
// that the kernels need no checks of their own. Bfloat16 matrices come as int16, which NumPy and PyTorch both have.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "call.hpp"
#include "facts.hpp"
#include "rows/bind.hpp"
#include "rows/bind_scores.hpp"
#include "tile_bindings.hpp"
#include "rows/bind_decoding.hpp"
#include "walks.hpp"
#include "words/bind_word2vec.hpp"
#include "words/bindings.hpp"

using namespace nb::literals;

namespace gyeol {
namespace {

// What both ways are given, checked alike.
struct Checked {
    const CellKernels& cell;
    int64_t directions, N, B, H, D;
    std::vector<int64_t> offsets;
    std::vector<Matrices> weights;
    Ragged batch;
    const float *x, *norm, *h_0, *c_0;

    // A layer in direction d with all that the two ways have in common.
    template <class Layer>
    Layer begin(int64_t d, bool reverse) const {
        Layer layer{};
        layer.batch = batch;
        layer.reverse = d == 1 || reverse;
        layer.units = H;
        layer.x = x;
        layer.inputs = D;
        layer.norm = norm ? norm + d * 10 * H : nullptr;
        layer.h_0 = h_0 + d * B * H;
        layer.c_0 = c_0 ? c_0 + d * B * H : nullptr;
        layer.stride = directions * H;
        return layer;
    }
};

template <class Gates>
Checked check(const std::string& cell_name, const std::string& element, const Whole& lengths, const Maybe<Array<const float, 2>>& x,
              const Gates& gates, const std::vector<Array<const float, 2>>& w_hh,
              const std::vector<Array<const float, 2>>& w_ih, const Maybe<Array<const float, 3>>& norm,
              const Array<const float, 3>& h_0, const Maybe<Array<const float, 3>>& c_0, int64_t threads,
              const std::string& instruction_set) {
    const CellKernels& cell = find(find(instruction_set), cell_name, element);
    const int64_t directions = gates.shape(0), N = gates.shape(1), B = lengths.shape(0), H = h_0.shape(2);
    const int64_t D = x ? x->shape(1) : 0;
    expect(H >= 1 && threads >= 1 && directions >= 1 && directions <= 2, "no units, no threads, or not 1 or 2 directions");
    expect(static_cast<int64_t>(w_hh.size()) == directions, "w_hh must hold a matrix for each direction");
    expect(w_ih.size() == (x ? w_hh.size() : 0), "w_ih must hold a matrix for each direction, and none without x");
    Checked all{cell, directions, N, B, H, D, checked_offsets(lengths, N), {}, {}, pointer(x), pointer(norm), h_0.data(), pointer(c_0)};
    expect_shape(gates, {directions, N, cell.gates * H}, "gates");
    if (x) {
        expect(D >= 1, "x has no columns");
        expect_shape(*x, {N, D}, "x");
    }
    for (int64_t d = 0; d < directions; ++d) {
        expect_shape(w_hh[d], {cell.gates * H, H}, "w_hh");
        if (x) expect_shape(w_ih[d], {cell.gates * H, D}, "w_ih");
        all.weights.push_back({w_hh[d].data(), x ? w_ih[d].data() : nullptr});
    }
    expect_shape(norm, {directions, 10, H}, "norm");
    expect(cell.norm == norm.has_value() && cell.norm != x.has_value(), "norm goes with cells that have one, x with all others");
    expect_shape(h_0, {directions, B, H}, "h_0");
    expect_shape(c_0, {directions, B, H}, "c_0");
    all.batch = {B, static_cast<int64_t>(all.offsets.size()) - 1, lengths.data(), all.offsets.data()};
    return all;
}

void forward(const std::string& cell_name, const std::string& element, Whole lengths, bool reverse, Maybe<Array<const float, 2>> x,
             Array<float, 3> gates, std::vector<Array<const float, 2>> w_hh, std::vector<Array<const float, 2>> w_ih,
             Maybe<Array<const float, 2>> bias_in, Maybe<Array<const float, 2>> bias, Maybe<Array<const float, 3>> norm,
             Array<const float, 3> h_0, Maybe<Array<const float, 3>> c_0, Array<float, 2> y, Maybe<Array<float, 3>> memory,
             Maybe<Array<float, 3>> extra, Array<float, 3> h_n, Maybe<Array<float, 3>> c_n, int64_t threads,
             const std::string& instruction_set) {
    const Checked of = check(cell_name, element, lengths, x, gates, w_hh, w_ih, norm, h_0, c_0, threads, instruction_set);
    const CellKernels& cell = of.cell;
    const int64_t directions = of.directions, N = of.N, B = of.B, H = of.H;
    expect_shape(bias_in, {directions, cell.gates * H}, "bias_in");
    expect_shape(bias, {directions, H}, "bias");
    expect(!bias_in || x, "bias_in goes with x");
    expect_shape(y, {N, directions * H}, "y");
    expect_shape(memory, {directions, N, H}, "memory");
    expect_shape(extra, {directions, N, cell.extra * H}, "extra");
    expect_shape(h_n, {directions, B, H}, "h_n");
    expect_shape(c_n, {directions, B, H}, "c_n");
    expect(cell.memory == c_0.has_value() && c_0.has_value() == c_n.has_value(), "c_0 and c_n go with cells that have a memory");
    std::vector<Forward> layers;
    for (int64_t d = 0; d < directions; ++d) {
        const auto at = [&](auto* from, int64_t rows) { return from ? from + d * rows * H : nullptr; };
        Forward layer = of.begin<Forward>(d, reverse);
        layer.bias_in = at(pointer(bias_in), cell.gates);
        layer.bias = at(pointer(bias), 1);
        layer.gates = at(gates.data(), N * cell.gates);
        layer.memory = at(pointer(memory), N);
        layer.extra = at(pointer(extra), N * cell.extra);
        layer.y = y.data() + d * H;
        layer.h_n = at(h_n.data(), B);
        layer.c_n = at(pointer(c_n), B);
        layers.push_back(layer);
    }
    nb::gil_scoped_release without_the_gil;
    run_forward(cell, layers, of.weights, threads);
}

void backward(const std::string& cell_name, const std::string& element, Whole lengths, bool reverse, Maybe<Array<const float, 2>> x,
              Array<const float, 3> gates, std::vector<Array<const float, 2>> w_hh, std::vector<Array<const float, 2>> w_ih,
              Maybe<Array<const float, 3>> norm, Array<const float, 3> h_0, Maybe<Array<const float, 3>> c_0,
              Array<const float, 2> y, Maybe<Array<const float, 3>> memory, Maybe<Array<const float, 3>> extra,
              Array<const float, 2> dy, Array<const float, 3> dh_n, Maybe<Array<const float, 3>> dc_n,
              Maybe<Array<float, 3>> dx, std::vector<Array<float, 2>> d_ih, std::vector<Array<float, 2>> d_hh,
              Maybe<Array<float, 2>> da, Maybe<Array<float, 3>> dgates, Maybe<Array<float, 3>> dnorm, Array<float, 3> dh_0,
              Maybe<Array<float, 3>> dc_0, int64_t threads, const std::string& instruction_set) {
    const Checked of = check(cell_name, element, lengths, x, gates, w_hh, w_ih, norm, h_0, c_0, threads, instruction_set);
    const CellKernels& cell = of.cell;
    const int64_t directions = of.directions, N = of.N, B = of.B, H = of.H, D = of.D;
    expect_shape(y, {N, directions * H}, "y");
    expect_shape(memory, {directions, N, H}, "memory");
    expect_shape(extra, {directions, N, cell.extra * H}, "extra");
    expect_shape(dy, {N, directions * H}, "dy");
    expect_shape(dh_n, {directions, B, H}, "dh_n");
    expect_shape(dc_n, {directions, B, H}, "dc_n");
    expect_shape(dx, {directions, N, D}, "dx");
    expect(d_hh.size() == (da ? w_hh.size() : 0) && d_ih.size() == (da ? w_ih.size() : 0),
           "da, d_ih and d_hh go together, a matrix for each of the weights");
    for (const auto& d : d_ih) expect_shape(d, {cell.gates * H, D}, "d_ih");
    for (const auto& d : d_hh) expect_shape(d, {cell.gates * H, H}, "d_hh");
    expect_shape(da, {directions, cell.gradient_blocks * H}, "da");
    expect_shape(dgates, {directions, N, cell.gates * H}, "dgates");
    expect_shape(dnorm, {directions, N, H}, "dnorm");
    expect_shape(dh_0, {directions, B, H}, "dh_0");
    expect_shape(dc_0, {directions, B, H}, "dc_0");
    expect(!dx || x, "dx goes with x");
    const bool has_memory = cell.memory;
    expect(has_memory == c_0.has_value() && has_memory == memory.has_value() && has_memory == dc_n.has_value() && has_memory == dc_0.has_value(),
           "c_0, memory, dc_n and dc_0 go with cells that have a memory");
    expect((cell.extra > 0) == extra.has_value(), "extra goes with cells that have some");
    expect(cell.norm == dnorm.has_value() && cell.norm == dgates.has_value(), "dgates and dnorm go with cells that have a norm");
    std::vector<Backward> layers;
    std::vector<Sums> sums;
    for (int64_t d = 0; d < directions; ++d) {
        const auto at = [&](auto* from, int64_t rows) { return from ? from + d * rows * H : nullptr; };
        Backward layer = of.begin<Backward>(d, reverse);
        layer.dx = dx ? dx->data() + d * N * D : nullptr;
        layer.gates = at(gates.data(), N * cell.gates);
        layer.memory = at(pointer(memory), N);
        layer.extra = at(pointer(extra), N * cell.extra);
        layer.y = y.data() + d * H;
        layer.dy = dy.data() + d * H;
        layer.dh_n = at(dh_n.data(), B);
        layer.dc_n = at(pointer(dc_n), B);
        layer.dgates = at(pointer(dgates), N * cell.gates);
        layer.dnorm = at(pointer(dnorm), N);
        layer.dh_0 = at(dh_0.data(), B);
        layer.dc_0 = at(pointer(dc_0), B);
        layers.push_back(layer);
        if (da) sums.push_back({d_ih.empty() ? nullptr : d_ih[d].data(), d_hh[d].data(), at(da->data(), cell.gradient_blocks), true});
        else sums.push_back({nullptr, nullptr, nullptr, true});
    }
    nb::gil_scoped_release without_the_gil;
    run_backward(cell, layers, of.weights, sums, threads);
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

// Additive attention checked once for both ways; scores are (B, Q, T), or their gradient.
template <class Scores>
Additive checked_additive(const Array<const float, 3>& q, const Array<const float, 3>& k, const Array<const float, 1>& v,
                          const Whole& lengths, const Scores& scores) {
    const int64_t B = q.shape(0), Q = q.shape(1), A = q.shape(2), T = k.shape(1);
    expect(A >= 1, "no units");
    expect_shape(k, {B, T, A}, "k");
    expect_shape(v, {A}, "v");
    expect_shape(lengths, {B}, "lengths");
    expect_shape(scores, {B, Q, T}, "scores");
    for (int64_t b = 0; b < B; ++b) expect(lengths.data()[b] >= 0 && lengths.data()[b] <= T, "a length is not from 0 to T");
    return {B, Q, T, A, lengths.data(), q.data(), k.data(), v.data(), nullptr, nullptr, nullptr, nullptr, nullptr};
}

// Threads worth starting: a tanh costs about what ten multiplications do.
int64_t additive_parts(const Additive& of, int64_t threads) {
    return std::max<int64_t>(1, std::min({threads, of.rows, of.rows * of.queries * of.steps * of.width / 20000 + 1}));
}

void additive_forward(Array<const float, 3> q, Array<const float, 3> k, Array<const float, 1> v, Whole lengths,
                      Array<float, 3> scores, int64_t threads, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    Additive of = checked_additive(q, k, v, lengths, scores);
    expect(threads >= 1, "no threads");
    of.scores = scores.data();
    nb::gil_scoped_release without_the_gil;
    const int64_t parts = additive_parts(of, threads);
    run_tasks(parts, parts, [&](int64_t part) { kernels.additive_forward(of, part, parts); });
}

void additive_backward(Array<const float, 3> q, Array<const float, 3> k, Array<const float, 1> v, Whole lengths,
                       Array<const float, 3> dscores, Array<float, 3> dq, Array<float, 3> dk, Array<float, 1> dv,
                       int64_t threads, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    Additive of = checked_additive(q, k, v, lengths, dscores);
    expect(threads >= 1, "no threads");
    expect_shape(dq, {of.rows, of.queries, of.width}, "dq");
    expect_shape(dk, {of.rows, of.steps, of.width}, "dk");
    expect_shape(dv, {of.width}, "dv");
    of.dscores = dscores.data();
    of.dq = dq.data();
    of.dk = dk.data();
    nb::gil_scoped_release without_the_gil;
    const int64_t parts = additive_parts(of, threads);
    std::vector<float> shares(static_cast<size_t>(parts * of.width), 0.0f);
    of.dv = shares.data();
    run_tasks(parts, parts, [&](int64_t part) { kernels.additive_backward(of, part, parts); });
    for (int64_t a = 0; a < of.width; ++a) {
        float total = 0.0f;
        for (int64_t part = 0; part < parts; ++part) total += shares[static_cast<size_t>(part * of.width + a)];
        dv.data()[a] = total;
    }
}

// The codes of a table's rows: codes (N * D + 64) and factors (N) are written.
void quantise(Array<const float, 2> x, Array<int8_t, 1> codes, Array<float, 1> factors, int64_t threads,
              const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const int64_t N = x.shape(0), D = x.shape(1);
    expect(threads >= 1 && D >= 1, "no threads or no columns");
    expect_shape(codes, {N * D + 64}, "codes");
    expect_shape(factors, {N}, "factors");
    nb::gil_scoped_release without_the_gil;
    std::memset(codes.data() + N * D, 0, 64);
    run_tasks(threads, threads, [&](int64_t part) {
        kernels.quantise(x.data(), D, N * part / threads, N * (part + 1) / threads, codes.data(), factors.data());
    });
}

// Cosines of q (D) with all rows: out (N) is written.
void cosines(Array<const int8_t, 1> codes, Array<const float, 1> factors, Array<const float, 1> q, Array<float, 1> out,
             int64_t threads, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const int64_t N = factors.shape(0), D = q.shape(0);
    expect(threads >= 1 && D >= 1, "no threads or no columns");
    expect_shape(codes, {N * D + 64}, "codes");
    expect_shape(out, {N}, "out");
    nb::gil_scoped_release without_the_gil;
    std::vector<float> padded(q.data(), q.data() + D);
    padded.resize(D + 64, 0.0f);
    run_tasks(threads, threads, [&](int64_t part) {
        kernels.cosines(codes.data(), factors.data(), D, padded.data(), N * part / threads, N * (part + 1) / threads,
                        out.data());
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
    m.def("cells", &gyeol::cells, "instruction_set"_a, "What is known of each cell that has kernels, as a list of dicts.");
    gyeol::bind_tiles(m);
    gyeol::bind_rows(m);
    gyeol::bind_scores(m);
    m.def("forward", &gyeol::forward, "cell"_a, "element"_a, "lengths"_a.noconvert(), "reverse"_a, "x"_a.noconvert().none(),
          "gates"_a.noconvert(), "w_hh"_a.noconvert(), "w_ih"_a.noconvert(), "bias_in"_a.noconvert().none(),
          "bias"_a.noconvert().none(), "norm"_a.noconvert().none(), "h_0"_a.noconvert(), "c_0"_a.noconvert().none(),
          "y"_a.noconvert(), "memory"_a.noconvert().none(), "extra"_a.noconvert().none(), "h_n"_a.noconvert(),
          "c_n"_a.noconvert().none(), "threads"_a, "instruction_set"_a,
          "One layer of any cell, one or two directions: shapes, owners and aliasing in cpp/scan.hpp.");
    m.def("backward", &gyeol::backward, "cell"_a, "element"_a, "lengths"_a.noconvert(), "reverse"_a, "x"_a.noconvert().none(),
          "gates"_a.noconvert(), "w_hh"_a.noconvert(), "w_ih"_a.noconvert(), "norm"_a.noconvert().none(),
          "h_0"_a.noconvert(), "c_0"_a.noconvert().none(), "y"_a.noconvert(), "memory"_a.noconvert().none(),
          "extra"_a.noconvert().none(), "dy"_a.noconvert(), "dh_n"_a.noconvert(), "dc_n"_a.noconvert().none(),
          "dx"_a.noconvert().none(), "d_ih"_a.noconvert(), "d_hh"_a.noconvert(), "da"_a.noconvert().none(),
          "dgates"_a.noconvert().none(), "dnorm"_a.noconvert().none(), "dh_0"_a.noconvert(), "dc_0"_a.noconvert().none(),
          "threads"_a, "instruction_set"_a, "The way back over the same.");
    m.def("pool_forward", &gyeol::pool_forward, "x"_a.noconvert(), "lengths"_a.noconvert(), "weights"_a.noconvert().none(),
          "mean"_a, "most"_a, "out"_a.noconvert(), "at"_a.noconvert().none(), "threads"_a, "instruction_set"_a,
          "Pool packed tokens row by row: shapes in cpp/pool.hpp.");
    m.def("pool_backward", &gyeol::pool_backward, "x"_a.noconvert(), "lengths"_a.noconvert(),
          "weights"_a.noconvert().none(), "mean"_a, "most"_a, "dout"_a.noconvert(), "at"_a.noconvert().none(),
          "dx"_a.noconvert(), "dweights"_a.noconvert().none(), "threads"_a, "instruction_set"_a, "The way back over the same.");
    m.def("additive_forward", &gyeol::additive_forward, "q"_a.noconvert(), "k"_a.noconvert(), "v"_a.noconvert(),
          "lengths"_a.noconvert(), "scores"_a.noconvert(), "threads"_a, "instruction_set"_a,
          "The scores of additive attention: shapes in cpp/additive.hpp.");
    m.def("additive_backward", &gyeol::additive_backward, "q"_a.noconvert(), "k"_a.noconvert(), "v"_a.noconvert(),
          "lengths"_a.noconvert(), "dscores"_a.noconvert(), "dq"_a.noconvert(), "dk"_a.noconvert(), "dv"_a.noconvert(),
          "threads"_a, "instruction_set"_a, "The way back over the same.");
    m.def("quantise", &gyeol::quantise, "x"_a.noconvert(), "codes"_a.noconvert(), "factors"_a.noconvert(), "threads"_a,
          "instruction_set"_a, "A table's rows in 8-bit numbers: see cpp/nearest.hpp.");
    m.def("cosines", &gyeol::cosines, "codes"_a.noconvert(), "factors"_a.noconvert(), "q"_a.noconvert(),
          "out"_a.noconvert(), "threads"_a, "instruction_set"_a, "The cosines of all of them with a vector, nearly.");
    gyeol::bind_word2vec(m);
    gyeol::bind_words(m);
    gyeol::bind_decoding(m);
}

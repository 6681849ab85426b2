// Python's door to what is done to rows of tables and to weights: checked as in bind.cpp.
#pragma once

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>

#include "../call.hpp"

namespace gyeol {
namespace {

template <class Scalar>
using Numbers = nb::ndarray<Scalar, nb::c_contig, nb::device::cpu>;  // of any shape

constexpr int64_t SQUARES = 16384;  // numbers whose squares are summed in float

template <class T>
const float* same_size(const T& array, size_t size, const char* what) {
    expect(array.size() == size, what);
    return array.data();
}

template <class Work>
void share(int64_t count, int64_t work, int64_t threads, Work of) {
    const int64_t parts = std::max<int64_t>(1, std::min({threads, count, work / 50000 + 1}));
    run_tasks(parts, parts, [&](int64_t part) { of(count * part / parts, count * (part + 1) / parts); });
}

// The Euclidean length of all arrays together; in blocks, so that it is the same for any number of threads.
double length(const std::vector<Numbers<const float>>& arrays, int64_t threads, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    std::vector<std::pair<const float*, int64_t>> blocks;
    for (const auto& array : arrays)
        for (int64_t first = 0, size = static_cast<int64_t>(array.size()); first < size; first += SQUARES)
            blocks.emplace_back(array.data() + first, std::min(SQUARES, size - first));
    std::vector<double> sums(blocks.size());
    nb::gil_scoped_release without_the_gil;
    share(static_cast<int64_t>(blocks.size()), static_cast<int64_t>(blocks.size()) * SQUARES, threads, [&](int64_t first, int64_t last) {
        for (int64_t b = first; b < last; ++b) sums[b] = kernels.squares(blocks[b].first, blocks[b].second);
    });
    double sum = 0;
    for (double block : sums) sum += block;
    return std::sqrt(sum);
}

// numbers: those of `Update`, in its order.
Update checked_update(const std::vector<float>& numbers) {
    expect(numbers.size() == 8, "an update has eight numbers");
    return {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7]};
}

Parameter checked_moments(const Numbers<float>& w, const Maybe<Numbers<float>>& m, const Maybe<Numbers<float>>& v,
                        const Maybe<Numbers<float>>& average) {
    expect(m.has_value() == v.has_value(), "m goes with v");
    for (const auto* array : {&m, &v, &average}) expect(!*array || (*array)->size() == w.size(), "m, v and average have w's size");
    return {w.data(), pointer(m), pointer(v), pointer(average)};
}

void update(Numbers<float> w, Numbers<const float> g, Maybe<Numbers<float>> m, Maybe<Numbers<float>> v,
            Maybe<Numbers<float>> average, const std::vector<float>& numbers, int64_t threads, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const Update of = checked_update(numbers);
    const Parameter at = checked_moments(w, m, v, average);
    expect(g.size() == w.size() && threads >= 1, "g has not w's size, or no threads");
    const float* gradient = g.data();
    const int64_t size = static_cast<int64_t>(w.size());
    nb::gil_scoped_release without_the_gil;
    share((size + 63) / 64, size, threads, [&](int64_t first, int64_t last) {
        const int64_t from = first * 64, to = std::min(last * 64, size);
        const Parameter some{at.w + from, at.m ? at.m + from : nullptr, at.v ? at.v + from : nullptr,
                           at.average ? at.average + from : nullptr};
        kernels.update(of, some, gradient + from, to - from);
    });
}

void update_rows(Numbers<float> w, Array<const float, 2> g, Whole rows, Maybe<Numbers<float>> m, Maybe<Numbers<float>> v,
                 Maybe<Numbers<float>> average, const std::vector<float>& numbers, int64_t threads,
                 const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const Update of = checked_update(numbers);
    const Parameter at = checked_moments(w, m, v, average);
    const int64_t count = g.shape(0), width = g.shape(1);
    expect(threads >= 1 && w.ndim() == 2 && static_cast<int64_t>(w.shape(1)) == width, "w and g have not as many columns, or no threads");
    expect_shape(rows, {count}, "rows");
    for (int64_t r = 0; r < count; ++r)
        expect(rows.data()[r] >= 0 && rows.data()[r] < static_cast<int64_t>(w.shape(0)) && (r == 0 || rows.data()[r - 1] < rows.data()[r]),
               "rows must ascend and be among w's");
    nb::gil_scoped_release without_the_gil;
    share(count, count * width, threads, [&](int64_t first, int64_t last) {
        kernels.update_rows(of, at, g.data(), rows.data(), first, last, width);
    });
}

// The rank of each token's row.
std::vector<int64_t> ranks_of(const std::vector<int64_t>& offsets) {
    std::vector<int64_t> ranks(static_cast<size_t>(offsets.back()));
    for (size_t t = 0; t + 1 < offsets.size(); ++t)
        for (int64_t n = offsets[t]; n < offsets[t + 1]; ++n) ranks[n] = n - offsets[t];
    return ranks;
}

std::vector<int64_t> checked_ranks(const Maybe<Array<const float, 2>>& kept, const Maybe<Whole>& lengths, int64_t N, int64_t width) {
    if (!kept) return {};
    expect(lengths.has_value(), "kept goes with lengths");
    const std::vector<int64_t> offsets = checked_offsets(*lengths, N);
    expect_shape(kept, {static_cast<int64_t>(lengths->shape(0)), width}, "kept");
    return ranks_of(offsets);
}

void look_up(const std::vector<Array<const float, 2>>& weights, const std::vector<Array<const int64_t, 2>>& rows,
             const std::vector<float>& factors, Maybe<Whole> lengths, Maybe<Array<const float, 2>> kept, Array<float, 2> y,
             int64_t threads, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const int64_t N = y.shape(0), width = y.shape(1);
    expect(threads >= 1 && weights.size() == rows.size() && weights.size() == factors.size(), "no threads, or not as many tables as rows and factors");
    std::vector<Table> tables;
    int64_t columns = 0;
    for (size_t j = 0; j < weights.size(); ++j) {
        const int64_t V = weights[j].shape(0), C = rows[j].shape(1);
        expect_shape(weights[j], {V, width}, "a table");
        expect_shape(rows[j], {N, C}, "rows");
        for (int64_t i = 0; i < N * C; ++i) expect(rows[j].data()[i] >= 0 && rows[j].data()[i] < V, "a row is not in the table");
        tables.push_back({weights[j].data(), rows[j].data(), C, factors[j]});
        columns += C;
    }
    expect(columns <= MOST_COLUMNS, "too many rows for each token");
    const std::vector<int64_t> ranks = checked_ranks(kept, lengths, N, width);
    nb::gil_scoped_release without_the_gil;
    share(N, N * width * (1 + columns), threads, [&](int64_t first, int64_t last) {
        kernels.look_up(tables.data(), static_cast<int64_t>(tables.size()), pointer(kept), ranks.data(), first, last, width, y.data());
    });
}

// What is sorted: a row and the token that it belongs to.
struct Occurrence {
    int64_t row, token;
};

// By row, stably: least significant digits first.
void sort_by_row(std::vector<Occurrence>& all, int64_t most) {
    constexpr int64_t BITS = 11, DIGITS = 1 << BITS;
    std::vector<Occurrence> other(all.size());
    for (int64_t shift = 0; most >> shift; shift += BITS) {
        int64_t starts[DIGITS + 1] = {};
        for (const Occurrence& one : all) ++starts[((one.row >> shift) & (DIGITS - 1)) + 1];
        for (int64_t digit = 0; digit < DIGITS; ++digit) starts[digit + 1] += starts[digit];
        for (const Occurrence& one : all) other[static_cast<size_t>(starts[(one.row >> shift) & (DIGITS - 1)]++)] = one;
        all.swap(other);
    }
}

// The gradient by a table of V rows: its rows ascending into `found`, what is added to them into `values`; returns how many.
// Row `padding` has none; -1: there is no such row.
int64_t sum_rows(Array<const int64_t, 2> rows, Array<const float, 2> dy, int64_t V, int64_t padding, float factor,
                 Maybe<Whole> lengths, Maybe<Array<const float, 2>> kept, Array<int64_t, 1> found, Array<float, 2> values,
                 int64_t threads, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const int64_t N = rows.shape(0), C = rows.shape(1), width = dy.shape(1);
    expect(threads >= 1, "no threads");
    expect_shape(dy, {N, width}, "dy");
    expect_shape(found, {N * C}, "found");
    expect_shape(values, {N * C, width}, "values");
    const std::vector<int64_t> ranks = checked_ranks(kept, lengths, N, width);
    std::vector<Occurrence> all;
    all.reserve(static_cast<size_t>(N * C));
    int64_t most = 0;
    for (int64_t n = 0; n < N; ++n)
        for (int64_t c = 0; c < C; ++c) {
            const int64_t row = rows.data()[n * C + c];
            expect(row >= 0 && row < V, "a row is not in the table");
            most = std::max(most, row);
            if (row != padding) all.push_back({row, n});
        }
    nb::gil_scoped_release without_the_gil;
    sort_by_row(all, most);
    std::vector<int64_t> tokens, starts;
    tokens.reserve(all.size());
    starts.reserve(all.size() + 1);
    for (const Occurrence& one : all) {
        if (starts.empty() || found.data()[starts.size() - 1] != one.row) {
            found.data()[starts.size()] = one.row;
            starts.push_back(static_cast<int64_t>(tokens.size()));
        }
        tokens.push_back(one.token);
    }
    const int64_t count = static_cast<int64_t>(starts.size());
    starts.push_back(static_cast<int64_t>(tokens.size()));
    share(count, static_cast<int64_t>(tokens.size()) * width, threads, [&](int64_t first, int64_t last) {
        kernels.sum_tokens(tokens.data(), starts.data(), dy.data(), pointer(kept), ranks.data(), factor, first, last, width, values.data());
    });
    return count;
}

void keep_some(Array<const float, 2> x, Whole lengths, Array<const float, 2> kept, Array<float, 2> y, int64_t threads,
               const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    const int64_t N = x.shape(0), width = x.shape(1);
    expect(threads >= 1, "no threads");
    expect_shape(y, {N, width}, "y");
    const std::vector<int64_t> ranks = checked_ranks(kept, lengths, N, width);
    nb::gil_scoped_release without_the_gil;
    share(N, N * width, threads, [&](int64_t first, int64_t last) {
        kernels.keep_some(x.data(), kept.data(), ranks.data(), first, last, width, y.data());
    });
}

void draw_kept(uint64_t seed, double share, Numbers<float> kept, int64_t threads, const std::string& instruction_set) {
    const Kernels& kernels = find(instruction_set);
    expect(share > 0 && share <= 1 && threads >= 1, "share is not above 0 and at most 1, or no threads");
    const uint32_t bound = static_cast<uint32_t>(std::min(share * 4294967296.0, 4294967295.0));
    const int64_t size = static_cast<int64_t>(kept.size());
    expect(size < int64_t{1} << 32, "more numbers than can be counted");
    nb::gil_scoped_release without_the_gil;
    gyeol::share((size + 63) / 64, size, threads, [&](int64_t first, int64_t last) {
        kernels.draw_kept(seed, bound, static_cast<float>(1 / share), first * 64, std::min(last * 64, size), kept.data());
    });
}

// The place of each key among ascending ones, or -1: several searches at a time, since each waits for memory.
void search(const int64_t* known, int64_t size, const int64_t* keys, int64_t count, int64_t* places) {
    constexpr int64_t AT_ONCE = 8;
    for (int64_t first = 0; first < count; first += AT_ONCE) {
        const int64_t some = std::min(AT_ONCE, count - first);
        const int64_t* key = keys + first;
        int64_t base[AT_ONCE] = {}, left = size;
        for (; left > 1; left -= left / 2)
            for (int64_t i = 0; i < some; ++i) base[i] += known[base[i] + left / 2 - 1] < key[i] ? left / 2 : 0;
        for (int64_t i = 0; i < some; ++i) places[first + i] = size && known[base[i]] == key[i] ? base[i] : -1;
    }
}

// The row of the n-gram (n = 2, 3, ...) that ends at each packed token, 0 for none; keys[n - 2] ascends.
void ngram_rows(Whole ids, Whole lengths, int64_t V, const std::vector<Whole>& keys, Array<int64_t, 2> rows) {
    const int64_t N = ids.shape(0), count = static_cast<int64_t>(keys.size());
    const std::vector<int64_t> offsets = checked_offsets(lengths, N);
    expect_shape(rows, {N, count}, "rows");
    expect(V >= 1 && (count + 1) * std::log2(std::max<double>(2.0, static_cast<double>(V))) < 63, "the keys do not fit into 63 bits");
    for (int64_t n = 0; n < N; ++n) expect(ids.data()[n] >= 0 && ids.data()[n] < V, "a token is not in the vocabulary");
    nb::gil_scoped_release without_the_gil;
    std::vector<int64_t> key(ids.data(), ids.data() + N), places(static_cast<size_t>(N));
    int64_t power = 1, first = 1;
    for (int64_t g = 0; g < count; ++g) {
        power *= V;
        for (size_t t = offsets.size() - 2;; --t) {  // backwards, so that nothing is read that was changed
            for (int64_t n = offsets[t]; n < offsets[t + 1]; ++n) {
                const int64_t back = static_cast<int64_t>(t) - (g + 1), rank = n - offsets[t];
                const int64_t before = back < 0 ? 0 : ids.data()[offsets[static_cast<size_t>(back)] + rank];
                key[n] = before && key[n] >= 0 && ids.data()[n] ? key[n] + before * power : -1;
            }
            if (t == 0) break;
        }
        search(keys[g].data(), static_cast<int64_t>(keys[g].shape(0)), key.data(), N, places.data());
        for (int64_t n = 0; n < N; ++n) rows.data()[n * count + g] = places[n] < 0 ? 0 : places[n] + first;
        first += static_cast<int64_t>(keys[g].shape(0));
    }
}

}  // namespace

inline void bind_words(nb::module_& m) {
    using namespace nb::literals;
    m.def("length", &length, "arrays"_a.noconvert(), "threads"_a, "instruction_set"_a, "The Euclidean length of all arrays together.");
    m.def("update", &update, "w"_a.noconvert(), "g"_a.noconvert(), "m"_a.noconvert().none(), "v"_a.noconvert().none(),
          "average"_a.noconvert().none(), "numbers"_a, "threads"_a, "instruction_set"_a,
          "Update weights and their average: cpp/words/adam.hpp.");
    m.def("update_rows", &update_rows, "w"_a.noconvert(), "g"_a.noconvert(), "rows"_a.noconvert(), "m"_a.noconvert().none(),
          "v"_a.noconvert().none(), "average"_a.noconvert().none(), "numbers"_a, "threads"_a, "instruction_set"_a,
          "Update some rows of a table.");
    m.def("look_up", &look_up, "weights"_a.noconvert(), "rows"_a.noconvert(), "factors"_a, "lengths"_a.noconvert().none(),
          "kept"_a.noconvert().none(), "y"_a.noconvert(), "threads"_a, "instruction_set"_a,
          "Sum rows of tables for each token: cpp/words/embedding.hpp.");
    m.def("sum_rows", &sum_rows, "rows"_a.noconvert(), "dy"_a.noconvert(), "V"_a, "padding"_a, "factor"_a,
          "lengths"_a.noconvert().none(), "kept"_a.noconvert().none(), "found"_a.noconvert(), "values"_a.noconvert(), "threads"_a,
          "instruction_set"_a, "The gradient by a table's rows.");
    m.def("keep_some", &keep_some, "x"_a.noconvert(), "lengths"_a.noconvert(), "kept"_a.noconvert(), "y"_a.noconvert(),
          "threads"_a, "instruction_set"_a, "Multiply each token by the numbers of its row.");
    m.def("draw_kept", &draw_kept, "seed"_a, "share"_a, "kept"_a.noconvert(), "threads"_a, "instruction_set"_a,
          "Draw what is kept by dropout: cpp/words/chance.hpp.");
    m.def("ngram_rows", &ngram_rows, "ids"_a.noconvert(), "lengths"_a.noconvert(), "V"_a, "keys"_a.noconvert(),
          "rows"_a.noconvert(), "Find the n-grams that end at each token.");
}

}  // namespace gyeol

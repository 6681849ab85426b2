// Compiled once for each instruction set (see CMakeLists.txt), with GYEOL_ISA its name.
#include "gru.hpp"
#include "kernels.hpp"
#include "lstm.hpp"
#include "lstm_norm.hpp"
#include "nearest.hpp"
#include "pool.hpp"
#include "rnn.hpp"

#define GYEOL_TEXT_OF(name) #name
#define GYEOL_TEXT(name) GYEOL_TEXT_OF(name)

namespace gyeol::GYEOL_ISA {
namespace {

// G gates of depth D, or D columns of depth G*H in up to two pieces: with each depth rounded up, never more than this.
template <class Cell, class T>
int64_t packed_most(int64_t units, int64_t inputs) {
    const int64_t there = round_up(Cell::GATES * round_up(units)) * (inputs + 1);
    const int64_t back = round_up(inputs) * (Cell::GATES * units + 2);
    return (there > back ? there : back) * static_cast<int64_t>(sizeof(T));
}

template <class Cell, class T>
constexpr CellKernels describe(const char* name) {
    return {name,
            Cell::GATES,
            Cell::EXTRA,
            Cell::RUNS,
            Cell::GATES == 4,
            Cell::EXTRA == 4,
            sizeof(T) == 2,
            packed_most<Cell, T>,
            forward_size<T>,
            state_size<T>,
            backward_size<Cell, T>,
            [](int64_t rows, int64_t units) { return back_state_size(rows, units); },
            tokens_size<Cell, T>,
            [](int64_t rows) { return chunk_of(rows); },
            [](const float* w, int64_t H, int64_t part, int64_t parts, void* packed) {
                Cell::template pack_forward<T>(w, H, part, parts, static_cast<T*>(packed));
            },
            [](const float* w, int64_t H, int64_t part, int64_t parts, void* packed) {
                Cell::template pack_backward<T>(w, H, part, parts, static_cast<T*>(packed));
            },
            [](const float* w, int64_t D, int64_t H, int64_t part, int64_t parts, void* packed) {
                pack<T, 1, 4>(w, 0, D, 1, Cell::GATES * H, D, part, parts, static_cast<T*>(packed));
            },
            [](const float* w, int64_t D, int64_t H, int64_t part, int64_t parts, void* packed) {
                T* to = static_cast<T*>(packed);
                for (const Run& run : Cell::INPUT) {
                    pack<T, 1, 4>(w + run.gate * H * D, 0, 1, D, D, run.count * H, part, parts, to);
                    to += packed_size<T>(1, D, run.count * H);
                }
            },
            project_range<Cell, T>,
            forward<Cell, T>,
            backward<Cell, T>,
            gather<Cell, T>};
}

const CellKernels cells[] = {
    describe<Rnn<false>, float>("rnn_tanh"), describe<Rnn<true>, float>("rnn_relu"), describe<Lstm, float>("lstm"),
    describe<GruBefore, float>("gru_before"), describe<GruAfter, float>("gru_after"), describe<LstmNorm, float>("lstm_norm"),
#if defined(__AVX512BF16__)
    describe<Rnn<false>, Half>("rnn_tanh"), describe<Rnn<true>, Half>("rnn_relu"), describe<Lstm, Half>("lstm"),
    describe<GruBefore, Half>("gru_before"), describe<GruAfter, Half>("gru_after"), describe<LstmNorm, Half>("lstm_norm"),
#endif
};

template <class T>
struct Rows {
    const Product& of;
    int64_t begin;
    GYEOL_INLINE_MEMBER const T* row(int64_t r) const { return static_cast<const T*>(of.x) + (begin + r) * of.x_stride; }
    template <int U>
    GYEOL_INLINE_MEMBER void finish(int64_t r, int64_t unit, int64_t count, const Lanes* sums) const {
        float* out = of.out + (begin + r) * of.units + unit;
        Lanes sum = sums[0];
        if (of.bias) sum += load(of.bias + unit, count);
        store(out, sum, count);
    }
};

template <class T>
constexpr ProductKernels describe_product() {
    return {
        [](int64_t units, int64_t inputs) { return packed_size<T>(1, units, inputs); },
        [](const float* weight, int64_t unit_stride, int64_t k_stride, int64_t units, int64_t inputs, int64_t part,
           int64_t parts, void* packed) {
            pack<T, 1, 4>(weight, 0, unit_stride, k_stride, units, inputs, part, parts, static_cast<T*>(packed));
        },
        [](const Product& of, int64_t first, int64_t rows) {
            product<T, 1, 4>(Rows<T>{of, first}, rows, static_cast<const T*>(of.packed), of.units, of.inputs);
        },
    };
}

const ProductKernels float_product = describe_product<float>();
#if defined(__AVX512BF16__)
const ProductKernels half_product = describe_product<Half>();
const ProductKernels* const half = &half_product;
void round(const float* from, void* to, int64_t count) {
    Half* half = static_cast<Half*>(to);
    if (count % 2) half[count].bits = 0;
    copy(from, half, count, false);
}
#else
const ProductKernels* const half = nullptr;
constexpr void (*round)(const float*, void*, int64_t) = nullptr;
#endif

}  // namespace

extern const Kernels kernels;
const Kernels kernels = {GYEOL_TEXT(GYEOL_ISA), LANES,          sizeof(cells) / sizeof(cells[0]), cells, pool_forward,
                         pool_backward,         &float_product, round, half,
                         quantise,              cosines};

}  // namespace gyeol::GYEOL_ISA

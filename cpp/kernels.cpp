// Compiled once for each instruction set (see CMakeLists.txt), with GYEOL_ISA its name. Where there are tiles, only what is
// multiplied on them: all else such an instruction set has from another one (instruction_sets.hpp).
#include "additive.hpp"
#include "cells/gru.hpp"
#include "cells/lstm.hpp"
#include "cells/lstm_norm.hpp"
#include "cells/rnn.hpp"
#include "cells/steps.hpp"
#include "kernels.hpp"
#include "nearest.hpp"
#include "pool.hpp"
#include "words/word2vec.hpp"
#include "words/adam.hpp"
#include "words/chance.hpp"
#include "words/embedding.hpp"

#define GYEOL_TEXT_OF(name) #name
#define GYEOL_TEXT(name) GYEOL_TEXT_OF(name)

namespace gyeol::GYEOL_ISA {
namespace {

// G gates of depth D, or D columns of depth G*H in up to two pieces: with each depth rounded up, never more than this.
template <class Cell, class T>
int64_t packed_most(int64_t units, int64_t inputs) {
    const int64_t there = round_up(Cell::GATES * round_up(units, BLOCK<T>), BLOCK<T>) * padded_depth<T>(inputs);
    const int64_t back = round_up(inputs, BLOCK<T>) * padded_depth<T>(Cell::GATES * units + 2 * PAIR<T>);
    return (there > back ? there : back) * static_cast<int64_t>(sizeof(T));
}

template <class T>
constexpr const char* NAME = sizeof(T) == 4 ? "float32" : IS_QUAD<T> ? "int8" : IS_HIGH<T> ? "high" : "bfloat16";

// A part is done: nothing of it stays in the thread.
void leave() {
#if defined(GYEOL_HAS_TILES)
    leave_tiles();
#endif
}

template <class Cell, class T>
constexpr CellKernels describe(const char* name) {
    CellKernels of{};
    of.name = name;
    of.element = NAME<T>;
    of.gates = Cell::GATES;
    of.extra = Cell::EXTRA;
    of.gradient_blocks = Cell::GRADIENT_BLOCKS;
    of.memory = Cell::MEMORY;
    of.norm = Cell::NORM;
    of.reads_gates = Cell::READS_GATES;
    of.input = Cell::INPUT;
    of.inputs = sizeof(Cell::INPUT) / sizeof(GateBlock);
    of.hidden = Cell::HIDDEN;
    of.hiddens = sizeof(Cell::HIDDEN) / sizeof(GateBlock);
    if constexpr (!IS_QUAD<T>) {
        of.packed = packed_most<Cell, T>;
        of.forward_size = forward_size<T>;
        of.state_size = state_size<T>;
        of.pack_forward = [](const float* w, int64_t H, int64_t part, int64_t parts, void* packed) {
            Cell::template pack_forward<T>(w, H, part, parts, static_cast<T*>(packed));
        };
        of.pack_in = [](const float* w, int64_t D, int64_t H, int64_t part, int64_t parts, void* packed) {
            pack<T, 1, 4>(w, 0, D, 1, Cell::GATES * H, D, part, parts, static_cast<T*>(packed));
        };
        of.project = [](const Forward& layer, int64_t first, int64_t last, char* scratch) {
            project_range<Cell, T>(layer, first, last, scratch);
            leave();
        };
        of.forward = [](const Forward& layer, int64_t part, int64_t parts, char* scratch) {
            forward<Cell, T>(layer, part, parts, scratch);
            leave();
        };
        of.backward_size = backward_size<Cell, T>;
        of.back_state_size = [](int64_t rows, int64_t units) { return back_state_size(rows, units); };
        of.tokens_size = tokens_size<Cell, T>;
        of.chunk = [](int64_t rows) { return chunk_of(rows); };
        of.pack_backward = [](const float* w, int64_t H, int64_t part, int64_t parts, void* packed) {
            Cell::template pack_backward<T>(w, H, part, parts, static_cast<T*>(packed));
        };
        of.pack_in_back = [](const float* w, int64_t D, int64_t H, int64_t part, int64_t parts, void* packed) {
            T* to = static_cast<T*>(packed);
            for (const GateBlock& run : Cell::INPUT) {
                pack<T, 1, 4>(w + run.gate * H * D, 0, 1, D, D, run.count * H, part, parts, to);
                to += packed_size<T>(1, D, run.count * H);
            }
        };
        of.backward = [](const Backward& layer, int64_t part, int64_t parts, char* scratch, char* memory, int64_t capacity, Sums* sums) {
            backward<Cell, T>(layer, part, parts, scratch, memory, capacity, sums);
            leave();
        };
        of.gather = [](const Backward& layer, char* memory, int64_t capacity, int64_t first, int64_t last, char* scratch, Sums& sums) {
            gather<Cell, T>(layer, memory, capacity, first, last, scratch, sums);
            leave();
        };
    }
#if defined(GYEOL_EMULATED_TILES)
    constexpr bool REGISTERS_MULTIPLY = sizeof(T) == sizeof(float);
#else
    constexpr bool REGISTERS_MULTIPLY = true;
#endif
    of.shares = !Cell::NORM && !IS_QUAD<T> && !IS_HIGH<T> && REGISTERS_MULTIPLY;
    if constexpr (!Cell::NORM && !IS_HIGH<T> && REGISTERS_MULTIPLY) {
        of.step_packed = [](int64_t H, int64_t D) { return step_packed_size<T>(Cell::GATES, H, D) * static_cast<int64_t>(sizeof(T)); };
        of.step_size = step_size<T>;
        of.pack_step = [](const float* w_ih, const float* w_hh, int64_t D, int64_t H, void* packed) {
            StepForm<Cell>::template pack<T>(w_ih, w_hh, D, H, static_cast<T*>(packed));
        };
        of.step = step<StepForm<Cell>, T>;
    }
    return of;
}

#if defined(__AVX512VNNI__)
using Int8 = VnniQuad;
#else
using Int8 = Quad;
#endif
#if defined(__AVX512F__) && !defined(__AVX512VNNI__)
#define GYEOL_VNNI_TOO
#endif

const CellKernels cells[] = {
#if !defined(GYEOL_HAS_TILES)
    describe<Rnn<false>, float>("rnn_tanh"), describe<Rnn<true>, float>("rnn_relu"), describe<Lstm, float>("lstm"),
    describe<GruBefore, float>("gru_before"), describe<GruAfter, float>("gru_after"), describe<LstmNorm, float>("lstm_norm"),
#endif
#if defined(GYEOL_HAS_BFLOAT16)  // not the normalised LSTM: a norm over few units makes much of what a rounded factor loses
    describe<Rnn<false>, Bfloat16>("rnn_tanh"), describe<Rnn<true>, Bfloat16>("rnn_relu"), describe<Lstm, Bfloat16>("lstm"),
    describe<GruBefore, Bfloat16>("gru_before"), describe<GruAfter, Bfloat16>("gru_after"),
    describe<Rnn<false>, High>("rnn_tanh"), describe<Rnn<true>, High>("rnn_relu"), describe<Lstm, High>("lstm"),
    describe<GruBefore, High>("gru_before"), describe<GruAfter, High>("gru_after"),
#endif
#if !defined(GYEOL_HAS_TILES)  // for the stepper, which the normalised LSTM has not
    describe<Rnn<false>, Int8>("rnn_tanh"), describe<Rnn<true>, Int8>("rnn_relu"), describe<Lstm, Int8>("lstm"),
    describe<GruBefore, Int8>("gru_before"), describe<GruAfter, Int8>("gru_after"),
#endif
};
#if defined(GYEOL_VNNI_TOO)
// This instruction set with VNNI, which only int8 has a use for.
const CellKernels cells_with_vnni[] = {
    describe<Rnn<false>, float>("rnn_tanh"), describe<Rnn<true>, float>("rnn_relu"), describe<Lstm, float>("lstm"),
    describe<GruBefore, float>("gru_before"), describe<GruAfter, float>("gru_after"), describe<LstmNorm, float>("lstm_norm"),
    describe<Rnn<false>, VnniQuad>("rnn_tanh"), describe<Rnn<true>, VnniQuad>("rnn_relu"), describe<Lstm, VnniQuad>("lstm"),
    describe<GruBefore, VnniQuad>("gru_before"), describe<GruAfter, VnniQuad>("gru_after"),
};
#endif

#if !defined(GYEOL_HAS_TILES)
const LinearKernels linears[] = {
    linear_of<float>("float32"),
#if defined(__AVX512BF16__)
    linear_of<Bfloat16>("bfloat16"),
#endif
    linear_of<Int8>("int8"),
};
#if defined(GYEOL_VNNI_TOO)
const LinearKernels linears_with_vnni[] = {linear_of<float>("float32"), linear_of<VnniQuad>("int8")};
#endif
#endif

}  // namespace

#if defined(GYEOL_HAS_TILES)
namespace {
// One operation by itself: c (rows, 16) += a (rows, 2 * pairs) times b (pairs, 16, 2), a and b the bits of bfloat16s.
void dot_once(const uint16_t* a, const uint16_t* b, float* c, int64_t rows, int64_t pairs) {
    shape_tiles(rows, pairs);
    load_tile<0>(c, TILE_BYTES);
    load_tile<6>(a, 4 * pairs);
    load_tile<7>(b, TILE_BYTES);
    dot_tiles<0, 6, 7>();
    store_tile<0>(c, TILE_BYTES);
    leave_tiles();
}
}  // namespace

extern const TileKernels tile_kernels;
const TileKernels tile_kernels = {sizeof(cells) / sizeof(cells[0]), cells, dot_once};
#else
extern const Kernels kernels;
const Kernels kernels = {GYEOL_TEXT(GYEOL_ISA), LANES,         sizeof(cells) / sizeof(cells[0]),
                         cells,                 pool_forward,  pool_backward,
                         additive_forward,      additive_backward,
                         quantise,              cosines,
                         train_words,           update,
                         update_rows,           squares,
                         look_up,               sum_tokens,
                         keep_some,             draw_kept,
                         sizeof(linears) / sizeof(linears[0]), linears,
                         attend,                add_and_squash,
                         highest_score,
                         highest_of_blocks,     shares_of};
#if defined(GYEOL_VNNI_TOO)
extern const Kernels kernels_with_vnni;
const Kernels kernels_with_vnni = {"avx512vnni",     LANES,         sizeof(cells_with_vnni) / sizeof(cells_with_vnni[0]),
                                   cells_with_vnni,  pool_forward,  pool_backward,
                                   additive_forward, additive_backward,
                                   quantise,         cosines,
                                   train_words,      update,
                                   update_rows,      squares,
                                   look_up,          sum_tokens,
                                   keep_some,        draw_kept,
                                   sizeof(linears_with_vnni) / sizeof(linears_with_vnni[0]), linears_with_vnni,
                                   attend,           add_and_squash,
                                   highest_score,
                                   highest_of_blocks, shares_of};
#endif
#endif

}  // namespace gyeol::GYEOL_ISA

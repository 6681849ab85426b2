// What one instruction set offers: a literal table of cells, in float and, where the processor multiplies them, Bfloat16 and Quad.
#pragma once

#include <cstdint>

#include "additive.hpp"
#include "pool.hpp"
#include "rows/attend.hpp"
#include "rows/linear.hpp"
#include "rows/sampling.hpp"
#include "rows/steps.hpp"
#include "words/word2vec.hpp"
#include "words/adam.hpp"
#include "words/chance.hpp"
#include "words/embedding.hpp"

namespace gyeol {

// So many products of int8 add up to 32 bits: 128 * 127 * MOST_QUADS, the greatest that quad.hpp's sums begin at, is under 2^31.
constexpr int64_t MOST_QUADS = 131072;

// One cell in one element type. Quad has only a stepper, a cell with a norm has none; the other functions are null.
struct CellKernels {
    const char *name, *element;  // element: "float32", "bfloat16", "high" or "int8"
    int64_t gates, extra, gradient_blocks;
    bool memory, norm, reads_gates;  // see layer.hpp
    bool shares;  // members of a team may share its steps
    const GateBlock *input, *hidden;
    int64_t inputs, hiddens;  // how many there are of these
    int64_t (*packed)(int64_t units, int64_t inputs);  // bytes of either packed w_hh (inputs = units) or w_ih, at most
    // Bytes of scratch of a part of so many rows, and how many of them, from the first on, must be zeros.
    int64_t (*forward_size)(int64_t rows, int64_t units, int64_t inputs);
    int64_t (*state_size)(int64_t rows, int64_t units);
    int64_t (*backward_size)(int64_t rows, int64_t units);
    int64_t (*back_state_size)(int64_t rows, int64_t units);
    int64_t (*tokens_size)(int64_t tokens, int64_t units);  // bytes for what `backward` knows of so many tokens
    int64_t (*chunk)(int64_t rows);                         // tokens of a part that sums as it goes
    // Part `part` of `parts` of the packing.
    void (*pack_forward)(const float* w_hh, int64_t units, int64_t part, int64_t parts, void* packed);
    void (*pack_backward)(const float* w_hh, int64_t units, int64_t part, int64_t parts, void* packed);
    void (*pack_in)(const float* w_ih, int64_t inputs, int64_t units, int64_t part, int64_t parts, void* packed);
    void (*pack_in_back)(const float* w_ih, int64_t inputs, int64_t units, int64_t part, int64_t parts, void* packed);
    // The projection of tokens first, first + 1, ..., last - 1, for walks that find it done; scratch as for no rows.
    void (*project)(const Forward& layer, int64_t first, int64_t last, char* scratch);
    void (*forward)(const Forward& layer, int64_t part, int64_t parts, char* scratch);
    // With sums, or leaving its tokens in `memory`, which holds `capacity` of them, to `gather`.
    void (*backward)(const Backward& layer, int64_t part, int64_t parts, char* scratch, char* memory, int64_t capacity, Sums* sums);
    void (*gather)(const Backward& layer, char* memory, int64_t capacity, int64_t first, int64_t last, char* scratch, Sums& sums);
    // The stepper: see rows/steps.hpp. Bytes of a layer's packed weights, bytes of a member's scratch.
    int64_t (*step_packed)(int64_t units, int64_t inputs);
    int64_t (*step_size)(int64_t rows, int64_t units, int64_t inputs);
    void (*pack_step)(const float* w_ih, const float* w_hh, int64_t inputs, int64_t units, void* packed);
    void (*step)(const Steps& steps, Team team, char* scratch);
};

// The gate whose hidden bias is not added to its input bias, because something multiplies U h + b first; -1 for none.
inline int64_t separate_hidden_bias(const CellKernels& of) {
    const auto block_of = [&](const GateBlock* blocks, int64_t count, int64_t gate) {
        for (int64_t i = 0; i < count; ++i)
            if (blocks[i].gate <= gate && gate < blocks[i].gate + blocks[i].count) return blocks[i].at + gate - blocks[i].gate;
        return int64_t{-1};
    };
    for (int64_t gate = 0; gate < of.gates && !of.norm; ++gate)  // the biases of a cell with a norm are PyTorch's to add
        if (block_of(of.input, of.inputs, gate) != block_of(of.hidden, of.hiddens, gate)) return gate;
    return -1;
}

struct Kernels {
    const char* name;
    int64_t lanes;
    int64_t count;
    const CellKernels* cells;
    void (*pool_forward)(const Pool& pool, int64_t part, int64_t parts);
    void (*pool_backward)(const Pool& pool, int64_t part, int64_t parts);
    void (*additive_forward)(const Additive& of, int64_t part, int64_t parts);
    void (*additive_backward)(const Additive& of, int64_t part, int64_t parts);
    // Rows first, ..., last - 1: see nearest.hpp.
    void (*quantise)(const float* x, int64_t width, int64_t first, int64_t last, int8_t* codes, float* factors);
    void (*cosines)(const int8_t* codes, const float* factors, int64_t width, const float* q, int64_t first, int64_t last,
                    float* out);
    // Part `part` of `parts` of the sentences; scratch of word2vec_size() bytes.
    void (*train_words)(const Word2Vec& of, int64_t part, int64_t parts, char* scratch);
    // See words/adam.hpp and words/embedding.hpp.
    void (*update)(const Update& of, const Parameter& at, const float* g, int64_t count);
    void (*update_rows)(const Update& of, const Parameter& at, const float* g, const int64_t* rows, int64_t first, int64_t last,
                        int64_t width);
    double (*squares)(const float* x, int64_t count);
    void (*look_up)(const Table* tables, int64_t count, const float* kept, const int64_t* ranks, int64_t first, int64_t last,
                    int64_t width, float* y);
    void (*sum_tokens)(const int64_t* tokens, const int64_t* starts, const float* dy, const float* kept, const int64_t* ranks,
                       float factor, int64_t first, int64_t last, int64_t width, float* values);
    void (*keep_some)(const float* x, const float* kept, const int64_t* ranks, int64_t first, int64_t last, int64_t width,
                      float* y);
    void (*draw_kept)(uint64_t seed, uint32_t bound, float scale, int64_t first, int64_t last, float* kept);
    int64_t linears;
    const LinearKernels* linear;
    void (*attend)(const Attend& of);
    void (*add_and_squash)(float* x, const float* more, int64_t count);
    // See rows/sampling.hpp.
    float (*highest_score)(const float* scores, int64_t count);
    void (*highest_of_blocks)(const float* scores, int64_t count, int64_t block, float* tops);
    void (*shares_of)(const float* scores, int64_t count, float most, float factor, float* shares, double* sums);
};

// What an instruction set with tiles has beside another one's `Kernels`.
struct TileKernels {
    int64_t count;
    const CellKernels* cells;
    // c (rows, 16) += a (rows, 2 * pairs) times b (pairs, 16, 2) by one operation; rows and pairs 1 to 16.
    void (*dot)(const uint16_t* a, const uint16_t* b, float* c, int64_t rows, int64_t pairs);
};

}  // namespace gyeol

// A layer's walks over the threads: packing, projecting, walking, and what the parts have summed brought together.
//
// With at least as many walks (parts of the rows in each direction) as threads, each thread does everything for its own. With
// fewer, say for one row, the threads share the tokens before and after the walk, and only the walk is not shared.
#pragma once

#include <atomic>

#include "call.hpp"

namespace gyeol {
namespace {

struct Matrices {
    const float *w_hh, *w_ih;  // (G*H, H); (G*H, D), null where the projection is not the layer's
};

template <class Layer>
std::vector<Bytes> pack(const CellKernels& cell, std::vector<Layer>& layers, const std::vector<Matrices>& weights,
                        int64_t pieces) {
    constexpr bool FORWARDS = std::is_same_v<Layer, Forward>;
    const int64_t H = layers[0].units, D = layers[0].inputs, directions = static_cast<int64_t>(layers.size());
    std::vector<Bytes> packed;
    for (int64_t d = 0; d < directions; ++d) {
        packed.push_back(allocate(cell.packed(H, H)));
        packed.push_back(allocate(weights[d].w_ih ? cell.packed(H, D) : 1));
        layers[d].packed = packed[2 * d].get();
        layers[d].packed_in = packed[2 * d + 1].get();
    }
    run_tasks(directions * pieces, pieces, [&](int64_t task) {
        const int64_t d = task / pieces, piece = task % pieces;
        (FORWARDS ? cell.pack_forward : cell.pack_backward)(weights[d].w_hh, H, piece, pieces, packed[2 * d].get());
        if (weights[d].w_ih)
            (FORWARDS ? cell.pack_in : cell.pack_in_back)(weights[d].w_ih, D, H, piece, pieces, packed[2 * d + 1].get());
    });
    return packed;
}

// All walks over the threads. Where these are more, and a step is worth it, several share a walk's steps: walk(task, team).
//
//   step   the multiplications of a step
template <class Walk>
void run_walks(const CellKernels& cell, const Spread& spread, int64_t threads, int64_t step, Walk walk) {
    // A member's share of a step shall take longer than meeting does.
    const int64_t sharing = !cell.shares || spread.independent() ? 1 : std::min(step / 16384, spread.threads / spread.tasks);
    // Where a team has parted (rows/team.hpp) the machine is busy: the next walks are not shared.
    constexpr int ALONE = 50;
    static std::atomic<int> alone{0};
    const bool busy = sharing > 1 && alone.load(std::memory_order_relaxed) > 0 && alone.fetch_sub(1, std::memory_order_relaxed) > 0;
    if (sharing <= 1 || busy) return run_tasks(spread.tasks, threads, [&](int64_t task) { walk(task, Team{}); });
    std::vector<int64_t> arrived(static_cast<size_t>(spread.tasks * 8), 0);  // on cache lines of their own
    run_team(sharing * spread.tasks, [&](int64_t member, int64_t members) {
        if (members < spread.tasks)  // fewer than were requested
            for (int64_t task = member; task < spread.tasks; task += members) walk(task, Team{});
        else {
            const int64_t task = member % spread.tasks;
            walk(task, Team{member / spread.tasks, (members - task + spread.tasks - 1) / spread.tasks, &arrived[task * 8]});
        }
    });
    for (int64_t task = 0; task < spread.tasks; ++task)
        if (arrived[task * 8 + 1] > 0) alone.store(ALONE, std::memory_order_relaxed);
}

int64_t whole_lines(int64_t bytes) { return (bytes + 63) / 64 * 64; }

void run_forward(const CellKernels& cell, std::vector<Forward> layers, const std::vector<Matrices>& weights, int64_t threads) {
    const int64_t directions = static_cast<int64_t>(layers.size()), H = layers[0].units, D = layers[0].inputs;
    const Ragged& batch = layers[0].batch;
    const int64_t N = batch.offsets[batch.steps];
    const Spread spread(threads, directions, batch.rows, N * cell.gates * H * (H + D) * directions);
    const std::vector<Bytes> packed = pack(cell, layers, weights, spread.threads);
    if (layers[0].x && !spread.independent()) {
        const int64_t pieces = spread.threads, scratch = whole_lines(cell.forward_size(0, H, D));
        const Bytes memory = allocate(pieces * scratch);
        run_tasks(pieces, pieces, [&](int64_t piece) {
            for (const Forward& layer : layers)
                cell.project(layer, N * piece / pieces, N * (piece + 1) / pieces, memory.get() + piece * scratch);
        });
        for (Forward& layer : layers) layer.x = nullptr;
    }
    const int64_t most = (batch.rows + spread.parts - 1) / spread.parts;
    const int64_t scratch = whole_lines(cell.forward_size(most, H, D));
    const Bytes memory = allocate(spread.tasks * scratch);
    for (int64_t task = 0; !spread.independent() && task < spread.tasks; ++task)
        std::memset(memory.get() + task * scratch, 0, static_cast<size_t>(cell.state_size(most, H)));
    run_walks(cell, spread, threads, most * cell.gates * H * H, [&](int64_t task, Team team) {
        char* own = memory.get() + task * scratch;
        if (spread.independent()) std::memset(own, 0, static_cast<size_t>(cell.state_size(most, H)));
        Forward layer = layers[task / spread.parts];
        layer.team = team;
        cell.forward(layer, task % spread.parts, spread.parts, own);
    });
}

// sums: one a direction, its pointers all null where not requested.
void run_backward(const CellKernels& cell, std::vector<Backward> layers, const std::vector<Matrices>& weights,
                  const std::vector<Sums>& sums, int64_t threads) {
    const int64_t directions = static_cast<int64_t>(layers.size()), H = layers[0].units, D = layers[0].inputs;
    const Ragged& batch = layers[0].batch;
    const int64_t N = batch.offsets[batch.steps];
    const Spread spread(threads, directions, batch.rows, N * cell.gates * H * (H + D) * directions);
    const std::vector<Bytes> packed = pack(cell, layers, weights, spread.threads);
    std::vector<int64_t> tokens_of(spread.parts, 0);  // a part's
    for (int64_t rank = 0; rank < batch.rows; ++rank) tokens_of[rank % spread.parts] += batch.lengths[rank];
    // Who sums: the walks as they go, each for itself, or all threads afterwards, each for some units. The latter leaves nothing to
    // be added up, but reads what other threads have written; so it is for walks without a thread of their own, and for short ones.
    const bool gathers = !spread.independent() || (spread.parts > 1 && sums[0].da && tokens_of[0] <= cell.chunk(0) / 2);
    const int64_t slots = gathers ? 1 : spread.parts;  // the first sums where the caller wants it; the others are added to it
    const int64_t in = sums[0].w_ih ? cell.gates * H * D : 0, hidden = cell.gates * H * H, all = in + hidden + cell.gradient_blocks * H;
    const Bytes others = allocate(sums[0].da ? directions * (slots - 1) * all * 4 + 1 : 1);
    std::vector<Sums> partial;
    for (int64_t d = 0; d < directions; ++d)
        for (int64_t slot = 0; slot < slots; ++slot) {
            float* at = reinterpret_cast<float*>(others.get()) + (d * (slots - 1) + slot - 1) * all;
            if (slot == 0 || !sums[d].da) partial.push_back(sums[d]);
            else partial.push_back({in ? at : nullptr, at + in, at + in + hidden, true});
        }
    const int64_t most = (batch.rows + spread.parts - 1) / spread.parts;
    const int64_t scratch = whole_lines(cell.backward_size(most, H));
    const Bytes memory = allocate(std::max(spread.tasks, gathers ? spread.threads : 0) * scratch);
    std::vector<int64_t> capacity = tokens_of;
    for (int64_t part = 0; !gathers && part < spread.parts; ++part) capacity[part] = std::min(capacity[part], cell.chunk(most));
    std::vector<Bytes> tokens;
    for (int64_t task = 0; task < spread.tasks; ++task)
        tokens.push_back(allocate(cell.tokens_size(capacity[task % spread.parts], H)));
    for (int64_t task = 0; !spread.independent() && task < spread.tasks; ++task)
        std::memset(memory.get() + task * scratch, 0, static_cast<size_t>(cell.back_state_size(most, H)));
    run_walks(cell, spread, threads, most * cell.gates * H * H, [&](int64_t task, Team team) {
        char* own = memory.get() + task * scratch;
        if (spread.independent()) std::memset(own, 0, static_cast<size_t>(cell.back_state_size(most, H)));
        Backward layer = layers[task / spread.parts];
        layer.team = team;
        cell.backward(layer, task % spread.parts, spread.parts, own, tokens[task].get(), capacity[task % spread.parts],
                      gathers ? nullptr : &partial[task]);
    });
    if (gathers)
        return run_tasks(spread.threads, spread.threads, [&](int64_t piece) {
            std::vector<Sums> own = sums;
            for (int64_t task = 0; task < spread.tasks; ++task)
                cell.gather(layers[task / spread.parts], tokens[task].get(), capacity[task % spread.parts], piece, spread.threads,
                            memory.get() + piece * scratch, own[task / spread.parts]);
        });
    if (!sums[0].da || slots == 1) return;
    run_tasks(spread.threads, spread.threads, [&](int64_t piece) {
        for (int64_t d = 0; d < directions; ++d) {
            const Sums* own = &partial[d * slots];
            const auto add = [&](float* Sums::*which, int64_t size) {
                const int64_t first = size * piece / spread.threads, last = size * (piece + 1) / spread.threads;
                float* to = own[0].*which;
                if (own[0].fresh) std::fill(to + first, to + last, 0.0f);  // it had no tokens
                for (int64_t slot = 1; slot < slots; ++slot) {
                    if (own[slot].fresh) continue;
                    const float* from = own[slot].*which;
                    for (int64_t i = first; i < last; ++i) to[i] += from[i];
                }
            };
            if (in) add(&Sums::w_ih, in);
            add(&Sums::w_hh, hidden);
            add(&Sums::da, cell.gradient_blocks * H);
        }
    });
}

}  // namespace
}  // namespace gyeol

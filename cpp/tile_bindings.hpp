// The operation of tiles by itself, and why this process does not have it, for Python: mostly for tests.
#pragma once

#include <nanobind/stl/string.h>

#include "call.hpp"

namespace gyeol {
namespace {

inline void dot_tiles(Array<const uint16_t, 2> a, Array<const uint16_t, 3> b, Array<float, 2> c, const std::string& instruction_set) {
    const TileKernels& tiles = find_tiles(instruction_set);
    const int64_t rows = c.shape(0), pairs = b.shape(0);
    expect(rows >= 1 && rows <= 16 && pairs >= 1 && pairs <= 16, "a tile has 1 to 16 rows, and 1 to 16 pairs");
    expect_shape(a, {rows, 2 * pairs}, "a");
    expect_shape(b, {pairs, 16, 2}, "b");
    expect_shape(c, {rows, 16}, "c");
    tiles.dot(a.data(), b.data(), c.data(), rows, pairs);
}

// Why tiles are not used, where the first `holds` questions of four are answered well: the next one is not.
inline std::string without_tiles(int64_t holds) {
    static int64_t well;
    well = holds;
    return why_no_tiles({[] { return std::string(well > 0 ? "" : "processor"); }, [] { return std::string(well > 1 ? "" : "system"); },
                         [] { return std::string(well > 2 ? "" : "permission"); }, [] { return well > 3; }});
}

inline void bind_tiles(nb::module_& m) {
    using namespace nb::literals;
    m.def("dot_tiles", &dot_tiles, "a"_a.noconvert(), "b"_a.noconvert(), "c"_a.noconvert(), "instruction_set"_a,
          "c (rows, 16) += a (rows, 2 * pairs) times b (pairs, 16, 2), a and b bits of bfloat16: see cpp/products/tiles.hpp.");
    m.def("no_tiles", [] { return no_tiles(); }, "Why `amx` is not among the instruction sets; empty where it is.");
    m.def("without_tiles", &without_tiles, "holds"_a, "The same of a processor of which so many of four things hold.");
}

}  // namespace
}  // namespace gyeol

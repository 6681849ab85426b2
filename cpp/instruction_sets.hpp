// The instruction sets that this processor can run, and why tiles are not among them where they are not.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>
#if defined(GYEOL_AMX)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

#include "kernels.hpp"

namespace gyeol {
namespace portable { extern const Kernels kernels; }
namespace avx2 { extern const Kernels kernels; }
namespace avx512 { extern const Kernels kernels, kernels_with_vnni; }
namespace avx512bf16 { extern const Kernels kernels; }
namespace amx { extern const TileKernels tile_kernels; }
namespace amx_emulated { extern const TileKernels tile_kernels; }

namespace {

// Another set's kernels with the cells that tiles multiply.
struct WithTiles {
    Kernels all;
    std::vector<CellKernels> cells;
    std::vector<ScoreKernels> scorers;
    WithTiles(const char* name, const Kernels& base, const TileKernels& tiles) : all(base) {
        for (int64_t i = 0; i < base.count; ++i)
            if (std::strcmp(base.cells[i].element, "bfloat16") != 0 && std::strcmp(base.cells[i].element, "high") != 0)
                cells.push_back(base.cells[i]);
        cells.insert(cells.end(), tiles.cells, tiles.cells + tiles.count);
        all.name = name;
        all.count = static_cast<int64_t>(cells.size());
        all.cells = cells.data();
        scorers = {base.scorer[0], tiles.scorer};  // float32 comes first
        all.scorers = static_cast<int64_t>(scorers.size());
        all.scorer = scorers.data();
    }
    WithTiles(const WithTiles&) = delete;
};

// Whether both bodies of tiles.hpp multiply alike, to the bit: ordinary numbers, denormal ones and zeros, all sizes of a tile.
inline bool tiles_agree(const TileKernels& one, const TileKernels& other) {
    uint32_t state = 1;
    const auto next = [&] { return (state = state * 1664525u + 1013904223u) >> 8; };
    for (int64_t rows = 1; rows <= 16; ++rows) {
        const int64_t pairs = rows < 16 ? 1 + (5 * rows) % 16 : 16;
        uint16_t a[512], b[512];
        float c[256], d[256];
        for (uint16_t* of : {a, b})
            for (int i = 0; i < 512; ++i) {
                const uint32_t drawn = next(), kind = drawn % 32;
                const uint32_t exponent = kind == 0 ? 0 : 120 + next() % 12;
                of[i] = kind == 1 ? 0 : static_cast<uint16_t>((drawn & 0x8000u) | exponent << 7 | (next() & 0x7Fu));
            }
        for (int i = 0; i < 256; ++i) c[i] = d[i] = static_cast<float>(static_cast<int32_t>(next()) - (1 << 23)) * 0x1p-20f;
        one.dot(a, b, c, rows, pairs);
        other.dot(a, b, d, rows, pairs);
        if (std::memcmp(c, d, sizeof c) != 0) return false;
    }
    return true;
}

// What must hold before tiles are used, each asked for only where all before it hold. An answer is "" or what is missing.
struct TileQuestions {
    std::string (*processor)();
    std::string (*system)();
    std::string (*permission)();
    bool (*agreement)();
};

inline std::string why_no_tiles(const TileQuestions& ask) {
    for (const auto question : {ask.processor, ask.system, ask.permission})
        if (std::string missing = question(); !missing.empty()) return missing;
    return ask.agreement() ? "" : "its tiles do not multiply as their emulation does";
}

#if defined(GYEOL_AMX)
inline std::string processor_of_tiles() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    const bool found = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1) && (d >> 24 & 1);  // AMX-BF16 and AMX-TILE
    return found ? "" : "this processor has no AMX";
}

inline std::string system_of_tiles() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return "the operating system does not save extended registers";
    unsigned low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low >> 17 & 3) == 3 ? "" : "the operating system does not save tiles";
}

// Linux hands the memory for tiles out to a process that asks once; threads and those that it starts later have it, too.
inline std::string permission_of_tiles() {
#if defined(__linux__)
    const char* set = std::getenv("GYEOL_TILES");
    if (set && std::strcmp(set, "refused") == 0) return "permission to use tiles was refused (GYEOL_TILES=refused)";
    constexpr long REQUEST = 0x1023, TILE_DATA = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    if (syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0) return "";
    return std::string("permission to use tiles was refused (") + std::strerror(errno) + ")";
#else
    return "tiles are used on Linux only";
#endif
}

inline bool agreement_of_tiles() { return tiles_agree(amx::tile_kernels, amx_emulated::tile_kernels); }

inline const std::string& no_tiles() {
    static const std::string why =
        why_no_tiles({processor_of_tiles, system_of_tiles, permission_of_tiles, agreement_of_tiles});
    return why;
}
#else
inline const std::string& no_tiles() {
    static const std::string why = "this installation was built without AMX";
    return why;
}
#endif

// Best first; the emulation of tiles, which nobody should have who does not name it, last.
inline const std::vector<const Kernels*>& runnable() {
    static const std::vector<const Kernels*> found = [] {
        std::vector<const Kernels*> all;
#ifdef GYEOL_X86
        __builtin_cpu_init();
        const bool fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        const bool wide = fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#ifdef GYEOL_BF16
        if (wide && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni")) {
#ifdef GYEOL_AMX
            static const WithTiles tiles("amx", avx512bf16::kernels, amx::tile_kernels);
            if (no_tiles().empty()) all.push_back(&tiles.all);
#endif
            all.push_back(&avx512bf16::kernels);
        }
#endif
        if (wide && __builtin_cpu_supports("avx512vnni")) all.push_back(&avx512::kernels_with_vnni);
        if (wide) all.push_back(&avx512::kernels);
        if (fma) all.push_back(&avx2::kernels);
#endif
        static const WithTiles emulated("amx-emulated", portable::kernels, amx_emulated::tile_kernels);
        all.push_back(&portable::kernels);
        all.push_back(&emulated.all);
        return all;
    }();
    return found;
}

inline const TileKernels& find_tiles(const std::string& name) {
    if (name == "amx-emulated") return amx_emulated::tile_kernels;
#if defined(GYEOL_AMX)
    if (name == "amx" && no_tiles().empty()) return amx::tile_kernels;
#endif
    throw std::invalid_argument("there are no tiles in '" + name + "' here");
}

}  // namespace
}  // namespace gyeol

// Which rows of a large table point the same way as a vector: cosines of all rows, nearly, from a copy in 8-bit numbers.
//
// The table is too large for the caches, so what a question costs is reading it; a quarter of the bytes is a quarter of the
// time. A row is kept as codes = round(127 x / max|x|) and factor = 1 / (127 |x / max|x||), so that
//
//     cosine(x, q) = factor * (codes . q), off by at most factor / 2 * sum |q_k|          for q of length 1
//
// The caller computes those that may be among the best again, exactly.
#pragma once

#include <cstdint>

#include "products/lanes.hpp"
#if defined(GYEOL_ISA) && defined(__AVX2__)
#include <immintrin.h>
#endif

#ifdef GYEOL_ISA
namespace gyeol::GYEOL_ISA {

// LANES codes as floats. (Of plain vectors of bytes GCC 12 makes single numbers.)
GYEOL_INLINE Lanes widen(const int8_t* codes) {
#if defined(__AVX512F__)
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes));
    return __builtin_convertvector((Bits)_mm512_maskz_cvtepi8_epi32(0xFFFF, bytes), Lanes);
#elif defined(__AVX2__)
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes));
    return __builtin_convertvector((Bits)_mm256_cvtepi8_epi32(bytes), Lanes);
#else
    typedef int8_t Bytes8 __attribute__((vector_size(LANES)));
    Bytes8 bytes;
    __builtin_memcpy(&bytes, codes, sizeof bytes);
    return __builtin_convertvector(__builtin_convertvector(bytes, Bits), Lanes);
#endif
}

// How many more codes than N * D must be readable: a row's last load reaches over its end.
constexpr int64_t CODES_MORE = 64;

// Rows first, first + 1, ..., last - 1 of x (N, D), all finite.
//
//   codes     (N, D) output
//   factors   (N) output; 0 for a row of zeros
static void quantise(const float* x, int64_t width, int64_t first, int64_t last, int8_t* codes, float* factors) {
    for (int64_t r = first; r < last; ++r) {
        const float* row = x + r * width;
        float most = 0.0f;
        for (int64_t k = 0; k < width; ++k) most = row[k] > most ? row[k] : -row[k] > most ? -row[k] : most;
        double squares = 0.0;
        for (int64_t k = 0; k < width; ++k) {
            const float part = most > 0.0f ? row[k] / most : 0.0f;
            squares += static_cast<double>(part) * part;
            const float code = part * 127.0f;
            codes[r * width + k] = static_cast<int8_t>(code + (code < 0.0f ? -0.5f : 0.5f));
        }
        factors[r] = most > 0.0f ? static_cast<float>(1.0 / (127.0 * __builtin_sqrt(squares))) : 0.0f;
    }
}

// q, `width` numbers and zeros up to a whole register, against rows first, ..., last - 1 of the codes: out[r] the cosine.
static void cosines(const int8_t* codes, const float* factors, int64_t width, const float* q, int64_t first, int64_t last,
                    float* out) {
    for (int64_t r = first; r < last; r += LANES) {
        const int64_t count = last - r < LANES ? last - r : LANES;
        Lanes sums[LANES] = {};
        for (int64_t i = 0; i < count; ++i) {
            const int8_t* row = codes + (r + i) * width;
            Lanes sum = {};
            for (int64_t k = 0; k < width; k += LANES) sum += widen(row + k) * load(q + k);
            sums[i] = sum;
        }
        turn(sums);  // now register k holds lane k of every row's sum
        Lanes all = {};
        for (int k = 0; k < LANES; ++k) all += sums[k];
        store(out + r, all * load(factors + r, count), count);
    }
}

}  // namespace gyeol::GYEOL_ISA
#endif

/* Products of packed weights with 8-bit activations.

   ggml multiplies a block-quantised matrix one dot product at a time where it has no repacked form
   of the type (Q4_1, Q8_0), so a batch does not spread the cost of unpacking. Here the quants of 16
   rows lie as the processor's dot product instruction wants them. The arithmetic is ggml's:
   activations are rounded to 8 bits in blocks of 32 with a half-precision scale, the integers of a
   block are summed exactly, blocks in 32-bit floats. Only the order of the last differs. */

#include <immintrin.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum { ROWS = 16, BLOCK = 32, MOST_COLUMNS = 12 };

/* A block of a row as ggml stores it: a half-precision scale, perhaps an offset, quants. */
typedef struct {
    int bytes;       /* of a block */
    int has_offset;  /* a half behind the scale, added to every weight */
    int bits;        /* 4: low nibbles are the first half of the block, high ones the other */
    int zero;        /* the unsigned quant that stands for zero */
} Format;

#define Q4_0 ((Format){18, 0, 4, 8})
#define Q4_1 ((Format){20, 1, 4, 0})
#define Q8_0 ((Format){34, 0, 8, 128})

/* The format of a type of weights; its `bytes` are 0 for one that cannot be packed. */
static Format format_of(enum ggml_type type) {
    switch (type) {
    case GGML_TYPE_Q4_0: return Q4_0;
    case GGML_TYPE_Q4_1: return Q4_1;
    case GGML_TYPE_Q8_0: return Q8_0;
    default: return (Format){0, 0, 0, 0};
    }
}

/* Pack a block of 16 rows that are `stride` bytes apart: 16 scales, 16 offsets, then for each four
   columns the four quants of the first row, of the second, ... With 4 bits columns c and c + 16
   share a byte, as in ggml. What is packed takes as many bytes as what it is packed from. */
static void pack_block(Format f, const uint8_t *rows, size_t stride, uint8_t *out) {
    const int scales = f.has_offset ? 4 : 2;
    uint8_t *quants = out + ROWS * scales;
    for (int r = 0; r < ROWS; r++) {
        const uint8_t *block = rows + r * stride, *q = block + scales;
        memcpy(out + 2 * r, block, 2);
        if (f.has_offset) memcpy(out + 2 * ROWS + 2 * r, block + 2, 2);
        for (int i = 0; i < f.bytes - scales; i++)
            /* ggml's 8-bit quants are signed; a flipped top bit adds 128. */
            quants[i / 4 * 4 * ROWS + 4 * r + i % 4] = f.bits == 8 ? q[i] ^ 0x80 : q[i];
    }
}

/* Pack a matrix, `rows` a multiple of 16, `columns` of 32. */
static void pack(Format f, const uint8_t *weights, int64_t rows, int64_t columns, uint8_t *out) {
    const int64_t blocks = columns / BLOCK;
    for (int64_t r = 0; r < rows; r += ROWS)
        for (int64_t b = 0; b < blocks; b++, out += ROWS * f.bytes)
            pack_block(f, weights + (r * blocks + b) * f.bytes, blocks * f.bytes, out);
}

/* A block of activations: ggml's block_q8_1, with its halves widened. Where it is read, words are
   broadcast from memory, which costs no arithmetic. */
typedef struct {
    float scale, sum;       /* sum: of what the quants stand for */
    int32_t less8, less128; /* the sum of the quants, times -8 and -128 */
    union {
        int8_t bytes[BLOCK];
        int32_t words[BLOCK / 4];
    } quants;
} Activations;

static float as_half(float x) { return _cvtsh_ss(_cvtss_sh(x, 0)); }

/* Round a row as ggml's quantize_row_q8_1 does. */
static void quantise(const float *x, int64_t columns, Activations *out) {
    for (int64_t b = 0; b < columns / BLOCK; b++, x += BLOCK, out++) {
        const __m512 low = _mm512_loadu_ps(x), high = _mm512_loadu_ps(x + 16);
        const __m512 sizes = _mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high));
        const float most = _mm512_reduce_max_ps(sizes), scale = most / 127.f;
        const __m512 by = _mm512_set1_ps(most != 0.0f ? 127.f / most : 0.0f);
        const __m512i first = _mm512_cvtps_epi32(_mm512_mul_ps(low, by));
        const __m512i second = _mm512_cvtps_epi32(_mm512_mul_ps(high, by));
        const int32_t total = _mm512_reduce_add_epi32(_mm512_add_epi32(first, second));
        _mm_storeu_si128((__m128i *)out->quants.bytes, _mm512_cvtepi32_epi8(first));
        _mm_storeu_si128((__m128i *)(out->quants.bytes + 16), _mm512_cvtepi32_epi8(second));
        out->scale = as_half(scale);
        out->sum = as_half(scale * (float)total);
        out->less8 = -8 * total;
        out->less128 = -128 * total;
    }
}

/* The quants of a packed block, four columns of 16 rows a vector. */
INLINE void unpack(const Format f, const uint8_t *quants, __m512i *out) {
    const __m512i nibble = _mm512_set1_epi8(15);
    for (int g = 0; g < f.bits; g++) {
        const __m512i bytes = _mm512_loadu_si512(quants + 64 * g);
        out[g] = f.bits == 8 ? bytes : _mm512_and_si512(bytes, nibble);
        if (f.bits == 4) out[g + 4] = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble);
    }
}

INLINE __m512 halves(const uint8_t *at) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)at));
}

/* 16 rows of weights with n <= MOST_COLUMNS columns of activations: out[column * stride + row].
   Always inlined with constants, so that the sums stay in registers. */
INLINE void tile(const Format f, const int n, const uint8_t *w, const Activations *x,
                 int64_t blocks, float *out, int64_t stride) {
    __m512 sums[MOST_COLUMNS];
    for (int j = 0; j < n; j++) sums[j] = _mm512_setzero_ps();
    for (int64_t b = 0; b < blocks; b++, w += ROWS * f.bytes) {
        const __m512 scale = halves(w), offset = f.has_offset ? halves(w + 2 * ROWS) : scale;
        __m512i quants[8];
        unpack(f, w + ROWS * (f.has_offset ? 4 : 2), quants);
        for (int j = 0; j < n; j++) {
            const Activations *a = x + j * blocks + b;
            const int32_t *words = a->quants.words;
            /* Two sums: the instruction takes longer than the next could start. */
            __m512i even = _mm512_setzero_si512(), odd = _mm512_setzero_si512();
            if (f.zero) even = _mm512_set1_epi32(f.zero == 8 ? a->less8 : a->less128);
            for (int g = 0; g < BLOCK / 4; g += 2) {
                even = _mm512_dpbusd_epi32(even, quants[g], _mm512_set1_epi32(words[g]));
                odd = _mm512_dpbusd_epi32(odd, quants[g + 1], _mm512_set1_epi32(words[g + 1]));
            }
            const __m512 dot = _mm512_cvtepi32_ps(_mm512_add_epi32(even, odd));
            const __m512 scales = _mm512_mul_ps(scale, _mm512_set1_ps(a->scale));
            sums[j] = _mm512_fmadd_ps(dot, scales, sums[j]);
            if (f.has_offset) sums[j] = _mm512_fmadd_ps(offset, _mm512_set1_ps(a->sum), sums[j]);
        }
    }
    for (int j = 0; j < n; j++) _mm512_storeu_ps(out + j * stride, sums[j]);
}

INLINE void strip(const Format f, const uint8_t *w, const Activations *x, int64_t blocks,
                  int64_t n, float *out, int64_t stride) {
    int64_t j = 0;
#define TILES(m) \
    for (; j + m <= n; j += m) tile(f, m, w, x + j * blocks, blocks, out + j * stride, stride)
    TILES(MOST_COLUMNS);
    TILES(4);
    TILES(1);
#undef TILES
}

/* 16 packed rows with n columns. The constants let the compiler unroll each format by itself. */
static void multiply_rows(enum ggml_type type, const uint8_t *w, const Activations *x,
                          int64_t blocks, int64_t n, float *out, int64_t stride) {
    switch (type) {
    case GGML_TYPE_Q4_0: strip(Q4_0, w, x, blocks, n, out, stride); break;
    case GGML_TYPE_Q4_1: strip(Q4_1, w, x, blocks, n, out, stride); break;
    default: strip(Q8_0, w, x, blocks, n, out, stride); break;
    }
}

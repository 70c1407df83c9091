/* Attention of few new tokens: what a step of decoding needs of each sequence.

   The query heads that share a head of keys and values are computed together, so that keys and
   values are read and widened once. Everything but keys, values and mask is in 32-bit floats. */

#include <math.h>

enum { POSITIONS = 16, MOST_HEAD = 256, MOST_SHARED = 64 };

#define MASKED 0xfc00 /* minus infinity as a half */

/* exp(x) for x <= 0, relative error about 2e-7: Cephes' polynomial on [-ln 2 / 2, ln 2 / 2]. */
INLINE __m512 exponential(__m512 x) {
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 8);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
    __m512 p = _mm512_set1_ps(1.9875691500e-4f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.3981999507e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1f));
    p = _mm512_fmadd_ps(_mm512_mul_ps(p, r), r, _mm512_add_ps(r, _mm512_set1_ps(1.0f)));
    return _mm512_scalef_ps(p, n);
}

/* The sums of four vectors. */
INLINE __m128 sums_of(const __m512 *v) {
    const __m512 a = _mm512_add_ps(_mm512_unpacklo_ps(v[0], v[1]), _mm512_unpackhi_ps(v[0], v[1]));
    const __m512 b = _mm512_add_ps(_mm512_unpacklo_ps(v[2], v[3]), _mm512_unpackhi_ps(v[2], v[3]));
    const __m512 all = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
    const __m512i bits = _mm512_castps_si512(all);
    const __m256 high = _mm256_castsi256_ps(_mm512_extracti64x4_epi64(bits, 1));
    const __m256 two = _mm256_add_ps(_mm512_castps512_ps256(all), high);
    return _mm_add_ps(_mm256_castps256_ps128(two), _mm256_extractf128_ps(two, 1));
}

/* One token and the query heads that share a head of keys and values. */
typedef struct {
    const char *keys, *values;
    size_t key_stride, value_stride;  /* bytes from position to position */
    const uint16_t *mask;             /* halves that are added to the scores, or NULL */
    const float *query;
    float *out;
    size_t query_stride, out_stride;  /* floats from head to head */
    int64_t positions, heads;
    float scale;
} Attention;

/* The next 16 positions' keys or values as floats, 16 * `parts` each; zeros from `count` on. */
INLINE void widen(const int parts, const char *rows, size_t stride, int64_t count, float *out) {
    for (int i = 0; i < POSITIONS; i++, rows += stride)
        for (int d = 0; d < parts; d++, out += 16)
            _mm512_store_ps(out, i < count ? halves((const uint8_t *)rows + 32 * d)
                                           : _mm512_setzero_ps());
}

/* What is added to the scores of 16 positions; minus infinity from `count` on. */
INLINE __m512 biases(const uint16_t *mask, int64_t count) {
    uint16_t bits[POSITIONS];
    for (int i = 0; i < POSITIONS; i++) bits[i] = i >= count ? MASKED : mask ? mask[i] : 0;
    return halves((const uint8_t *)bits);
}

/* The products of a query with the 16 keys in `block`. */
INLINE __m512 dots(const int parts, const float *query, const float *block) {
    float out[POSITIONS];
    for (int i = 0; i < POSITIONS; i += 4) {
        __m512 sums[4];
        for (int j = 0; j < 4; j++) sums[j] = _mm512_setzero_ps();
        for (int d = 0; d < parts; d++) {
            const __m512 part = _mm512_loadu_ps(query + 16 * d);
            for (int j = 0; j < 4; j++) {
                const __m512 key = _mm512_load_ps(block + ((i + j) * parts + d) * 16);
                sums[j] = _mm512_fmadd_ps(part, key, sums[j]);
            }
        }
        _mm_storeu_ps(out + i, sums_of(sums));
    }
    return _mm512_loadu_ps(out);
}

/* Turn scores into weights; return what they are to be multiplied by: 0 if all are masked. */
INLINE float softmax(float *scores, int64_t end) {
    __m512 most = _mm512_set1_ps(-INFINITY), total = _mm512_setzero_ps();
    for (int64_t p = 0; p < end; p += POSITIONS)
        most = _mm512_max_ps(most, _mm512_loadu_ps(scores + p));
    const __m512 top = _mm512_set1_ps(_mm512_reduce_max_ps(most));
    /* exp(-104) is 0 in 32 bits; minus infinity is not what the polynomial takes. */
    const __m512 least = _mm512_set1_ps(-104.0f);
    for (int64_t p = 0; p < end; p += POSITIONS) {
        const __m512 below = _mm512_sub_ps(_mm512_loadu_ps(scores + p), top);
        const __m512 weights = exponential(_mm512_max_ps(below, least));
        _mm512_storeu_ps(scores + p, weights);
        total = _mm512_add_ps(total, weights);
    }
    const float sum = _mm512_reduce_add_ps(total);
    return sum > 0.0f ? 1.0f / sum : 0.0f;
}

/* Add 16 values, each by its weight, to one head's output. */
INLINE void gather(const int parts, const float *weights, const float *block, float *out) {
    __m512 sums[MOST_HEAD / 16];
    for (int d = 0; d < parts; d++) sums[d] = _mm512_loadu_ps(out + 16 * d);
    for (int i = 0; i < POSITIONS; i++) {
        const __m512 weight = _mm512_set1_ps(weights[i]);
        for (int d = 0; d < parts; d++) {
            const __m512 value = _mm512_load_ps(block + (i * parts + d) * 16);
            sums[d] = _mm512_fmadd_ps(weight, value, sums[d]);
        }
    }
    for (int d = 0; d < parts; d++) _mm512_storeu_ps(out + 16 * d, sums[d]);
}

INLINE int64_t rounded_up(int64_t positions) {
    return (positions + POSITIONS - 1) / POSITIONS * POSITIONS;
}

/* Heads of 16 * `parts`. `scores` has room for heads * rounded_up(positions), `block` for 16
   positions of a head. */
INLINE void attend(const int parts, const Attention *a, float *scores, float *block) {
    const int64_t room = rounded_up(a->positions);
    int64_t end = a->positions;
    while (a->mask && end > 1 && a->mask[end - 1] == MASKED) end--;
    for (int64_t p = 0; p < end; p += POSITIONS) {
        widen(parts, a->keys + p * a->key_stride, a->key_stride, end - p, block);
        const __m512 bias = biases(a->mask ? a->mask + p : NULL, end - p);
        for (int64_t h = 0; h < a->heads; h++) {
            const __m512 products = dots(parts, a->query + h * a->query_stride, block);
            const __m512 scaled = _mm512_fmadd_ps(products, _mm512_set1_ps(a->scale), bias);
            _mm512_storeu_ps(scores + h * room + p, scaled);
        }
    }
    float by[MOST_SHARED];
    for (int64_t h = 0; h < a->heads; h++) {
        by[h] = softmax(scores + h * room, end);
        memset(a->out + h * a->out_stride, 0, parts * 16 * sizeof(float));
    }
    for (int64_t p = 0; p < end; p += POSITIONS) {
        widen(parts, a->values + p * a->value_stride, a->value_stride, end - p, block);
        for (int64_t h = 0; h < a->heads; h++)
            gather(parts, scores + h * room + p, block, a->out + h * a->out_stride);
    }
    for (int64_t h = 0; h < a->heads; h++)
        for (float *out = a->out + h * a->out_stride, *last = out + parts * 16; out < last; out++)
            *out *= by[h];
}

/* Heads of 64, 96, 128 or 256. */
static void attend_heads(int64_t size, const Attention *a, float *scores, float *block) {
    switch (size) {
    case 64: attend(4, a, scores, block); break;
    case 96: attend(6, a, scores, block); break;
    case 128: attend(8, a, scores, block); break;
    default: attend(16, a, scores, block); break;
    }
}

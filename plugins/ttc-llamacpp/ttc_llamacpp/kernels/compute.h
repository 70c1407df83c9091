/* The nodes of a graph, computed by a team of threads. */

#include <omp.h>
#include <stdlib.h>

typedef struct {
    int threads;
    Activations *activations;
    float *scores;                 /* of each thread, a block of widened positions behind them */
    size_t activations_room, scores_room, scores_each;
} Context;

static int64_t columns_of(const struct ggml_tensor *x) { return x->ne[1] * x->ne[2] * x->ne[3]; }

/* Make room for all nodes of a graph; false if there is none. */
static bool reserve(Context *c, struct ggml_tensor **nodes, int count) {
    size_t activations = 0, scores = 0;
    for (int i = 0; i < count; i++) {
        const struct ggml_tensor *first = nodes[i]->src[0], *second = nodes[i]->src[1];
        size_t needed = 0;
        if (nodes[i]->op == GGML_OP_MUL_MAT) {
            needed = second->ne[0] / BLOCK * columns_of(second);
            if (needed > activations) activations = needed;
        } else if (nodes[i]->op == GGML_OP_FLASH_ATTN_EXT) {
            needed = first->ne[2] / second->ne[2] * rounded_up(second->ne[1]);
            needed += POSITIONS * MOST_HEAD;
            if (needed > scores) scores = needed;
        }
    }
    if (activations > c->activations_room) {
        free(c->activations);
        c->activations = malloc(activations * sizeof(Activations));
        c->activations_room = c->activations ? activations : 0;
    }
    if (scores * c->threads > c->scores_room) {
        free(c->scores);
        c->scores = aligned_alloc(64, scores * c->threads * sizeof(float));
        c->scores_room = c->scores ? scores * c->threads : 0;
    }
    c->scores_each = scores;
    return c->activations_room >= activations && c->scores_room >= scores * c->threads;
}

static const float *column(const struct ggml_tensor *x, int64_t j) {
    const int64_t i1 = j % x->ne[1], i2 = j / x->ne[1] % x->ne[2], i3 = j / x->ne[1] / x->ne[2];
    return (const float *)((char *)x->data + i1 * x->nb[1] + i2 * x->nb[2] + i3 * x->nb[3]);
}

/* By every thread of a team, which need not be done together. `same`: the activations are those of
   the product before. */
static void product(Context *c, const struct ggml_tensor *node, bool same) {
    const struct ggml_tensor *w = node->src[0], *x = node->src[1];
    const int64_t blocks = w->ne[0] / BLOCK, strips = w->ne[1] / ROWS, n = columns_of(x);
    const size_t bytes = ROWS * blocks * format_of(w->type).bytes;
    if (!same) {
#pragma omp for schedule(static)
        for (int64_t j = 0; j < n; j++)
            quantise(column(x, j), w->ne[0], c->activations + j * blocks);
    }
    const int64_t share = strips / (8 * omp_get_num_threads()) + 1;
#pragma omp for schedule(dynamic, share) nowait
    for (int64_t s = 0; s < strips; s++)
        multiply_rows(w->type, (uint8_t *)w->data + s * bytes, c->activations, blocks, n,
                      (float *)node->data + s * ROWS, w->ne[1]);
}

/* By every thread of a team. */
static void attention(Context *c, const struct ggml_tensor *node) {
    const struct ggml_tensor *q = node->src[0], *k = node->src[1], *v = node->src[2];
    const struct ggml_tensor *mask = node->src[3];
    const int64_t heads = q->ne[2] / k->ne[2], groups = k->ne[2], tokens = q->ne[1];
    const int64_t tasks = q->ne[3] * tokens * groups;
    const int64_t share = tasks / (8 * omp_get_num_threads()) + 1;
    float scale, *scores = c->scores + omp_get_thread_num() * c->scores_each;
    memcpy(&scale, node->op_params, sizeof scale);
#pragma omp for schedule(dynamic, share)
    for (int64_t task = 0; task < tasks; task++) {
        const int64_t g = task % groups, t = task / groups % tokens, s = task / groups / tokens;
        const char *query = (char *)q->data + t * q->nb[1] + g * heads * q->nb[2] + s * q->nb[3];
        char *out = (char *)node->data + g * heads * node->nb[1] + t * node->nb[2] +
                    s * node->nb[3];
        const Attention a = {
            .keys = (char *)k->data + g * k->nb[2] + s * k->nb[3],
            .values = (char *)v->data + g * v->nb[2] + s * v->nb[3],
            .key_stride = k->nb[1],
            .value_stride = v->nb[1],
            .mask = !mask ? NULL
                          : (uint16_t *)((char *)mask->data + t * mask->nb[1] +
                                         s % mask->ne[3] * mask->nb[3]),
            .query = (const float *)query,
            .out = (float *)out,
            .query_stride = q->nb[2] / sizeof(float),
            .out_stride = node->nb[1] / sizeof(float),
            .positions = k->ne[1],
            .heads = heads,
            .scale = scale,
        };
        attend_heads(k->ne[0], &a, scores, scores + c->scores_each - POSITIONS * MOST_HEAD);
    }
}

static enum ggml_status compute(Context *c, struct ggml_tensor **nodes, int count) {
    if (!reserve(c, nodes, count)) return GGML_STATUS_ALLOC_FAILED;
#pragma omp parallel num_threads(c->threads)
    {
        const struct ggml_tensor *rounded = NULL;
        for (int i = 0; i < count; i++) {
            const bool multiplies = nodes[i]->op == GGML_OP_MUL_MAT;
            const bool same = multiplies && nodes[i]->src[1] == rounded;
            if (!multiplies && nodes[i]->op != GGML_OP_FLASH_ATTN_EXT) continue;
            if (!same) {
                /* Products before it read other activations, or give what it reads. */
#pragma omp barrier
            }
            if (multiplies) {
                product(c, nodes[i], same);
                rounded = nodes[i]->src[1];
            } else {
                attention(c, nodes[i]);
            }
        }
    }
    return GGML_STATUS_SUCCESS;
}

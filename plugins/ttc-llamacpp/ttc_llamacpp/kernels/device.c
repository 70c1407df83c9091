/* A ggml device that multiplies packed weights and computes attention of few tokens, on the CPU.

   It is an accelerator in ggml's terms: it works on the CPU's memory, a llama.cpp context takes it
   up by itself, and every operation that it does not support stays with the CPU backend. Only while
   `ttc_use` is on does it show itself: models loaded then have their weights packed, contexts made
   then use it. All others in the process never see it.

   Compiled by packed.py on the machine that runs it, against the installed headers of ggml. */

#include "mirror.h"

#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512VNNI__)
#error this processor has no AVX-512 with VNNI
#endif

#include "products.h"

#include "attention.h"

#include "compute.h"

/* With more tokens of a sequence ggml's own attention is a product of matrices. */
enum { FEW_TOKENS = 4 };

static struct ggml_calls ggml;
static struct ggml_backend_device device;
static struct ggml_backend_buffer_type packed_type;
static _Thread_local int in_use;

/* ---- weights ---- */

static const char *type_name(ggml_backend_buffer_type_t type) {
    (void)type;
    return "TTC_PACKED";
}

static size_t alignment(ggml_backend_buffer_type_t type) {
    (void)type;
    return 64;
}

static bool can_be_packed(const struct ggml_tensor *w) {
    return format_of(w->type).bytes && w->ne[0] % BLOCK == 0 && w->ne[1] % ROWS == 0 &&
           w->ne[2] == 1 && w->ne[3] == 1;
}

/* llama.cpp sets each tensor of weights once and as a whole. */
static void set_tensor(ggml_backend_buffer_t buffer, struct ggml_tensor *tensor, const void *data,
                       size_t offset, size_t size) {
    (void)buffer;
    if (can_be_packed(tensor))
        pack(format_of(tensor->type), data, tensor->ne[1], tensor->ne[0], tensor->data);
    else
        memcpy((char *)tensor->data + offset, data, size);
}

static ggml_backend_buffer_t alloc_buffer(ggml_backend_buffer_type_t type, size_t size) {
    struct ggml_backend_buffer *buffer = ggml.alloc_buffer(ggml.cpu_buffer_type(), size);
    if (!buffer) return NULL;
    buffer->buft = type;
    buffer->iface.set_tensor = set_tensor;
    buffer->iface.get_tensor = NULL;
    buffer->iface.cpy_tensor = NULL;
    return buffer;
}

/* ---- what it takes ---- */

static bool multiplies(const struct ggml_tensor *op) {
    const struct ggml_tensor *w = op->src[0], *x = op->src[1];
    return w->buffer && w->buffer->buft == &packed_type && !w->view_src &&
           can_be_packed(w) && x->type == GGML_TYPE_F32 && x->nb[0] == sizeof(float);
}

static bool attends(const struct ggml_tensor *op) {
    const struct ggml_tensor *q = op->src[0], *k = op->src[1], *v = op->src[2];
    const struct ggml_tensor *mask = op->src[3], *sinks = op->src[4];
    const int64_t size = k->ne[0];
    float params[3]; /* scale, ALiBi, soft cap */
    memcpy(params, op->op_params, sizeof params);
    if (params[1] != 0 || params[2] != 0 || sinks) return false;
    if (mask && (mask->type != GGML_TYPE_F16 || mask->ne[2] != 1)) return false;
    return q->type == GGML_TYPE_F32 && k->type == GGML_TYPE_F16 && v->type == GGML_TYPE_F16 &&
           q->nb[0] == 4 && k->nb[0] == 2 && v->nb[0] == 2 && v->ne[0] == size &&
           (size == 64 || size == 96 || size == 128 || size == 256) && q->ne[1] <= FEW_TOKENS &&
           q->ne[3] == k->ne[3] && k->ne[3] == v->ne[3] && k->ne[2] == v->ne[2] &&
           q->ne[2] / k->ne[2] <= MOST_SHARED;
}

static bool supports_op(ggml_backend_dev_t dev, const struct ggml_tensor *op) {
    (void)dev;
    switch (op->op) {
    case GGML_OP_NONE:
    case GGML_OP_RESHAPE:
    case GGML_OP_VIEW:
    case GGML_OP_PERMUTE:
    case GGML_OP_TRANSPOSE: return true;
    case GGML_OP_MUL_MAT: return multiplies(op);
    case GGML_OP_FLASH_ATTN_EXT: return attends(op);
    default: return false;
    }
}

static bool supports_buft(ggml_backend_dev_t dev, ggml_backend_buffer_type_t type) {
    (void)dev;
    return type == &packed_type || ggml.is_host(type);
}

/* ---- the device ---- */

static const char *backend_name(ggml_backend_t backend) {
    (void)backend;
    return "TTC";
}

static void free_backend(ggml_backend_t backend) {
    Context *c = backend->context;
    free(c->activations);
    free(c->scores);
    free(c);
    free(backend);
}

static enum ggml_status graph_compute(ggml_backend_t backend, struct ggml_cgraph *graph) {
    return compute(backend->context, ggml.graph_nodes(graph), ggml.graph_n_nodes(graph));
}

static void set_n_threads(ggml_backend_t backend, int threads) {
    ((Context *)backend->context)->threads = threads;
}

static ggml_backend_t init_backend(ggml_backend_dev_t dev, const char *params) {
    static uint8_t guid[16] = "ttc-llamacpp-cpu";
    struct ggml_backend *backend = calloc(1, sizeof *backend);
    Context *c = calloc(1, sizeof *c);
    (void)params;
    if (!backend || !c) {
        free(backend);
        free(c);
        return NULL;
    }
    c->threads = 1;
    backend->guid = &guid;
    backend->iface.get_name = backend_name;
    backend->iface.free = free_backend;
    backend->iface.graph_compute = graph_compute;
    backend->device = dev;
    backend->context = c;
    return backend;
}

static const char *device_name(ggml_backend_dev_t dev) {
    (void)dev;
    return "TTC";
}

static void memory(ggml_backend_dev_t dev, size_t *free_bytes, size_t *total) {
    (void)dev;
    *free_bytes = *total = 0;
}

/* A second CPU is passed over wherever llama.cpp looks for devices. */
static enum ggml_backend_dev_type device_type(ggml_backend_dev_t dev) {
    (void)dev;
    return in_use ? GGML_BACKEND_DEVICE_TYPE_ACCEL : GGML_BACKEND_DEVICE_TYPE_CPU;
}

static void properties(ggml_backend_dev_t dev, struct ggml_backend_dev_props *props) {
    memset(props, 0, sizeof *props);
    props->name = props->description = device_name(dev);
    props->type = device_type(dev);
}

/* Asked for by models, for weights, and by contexts, for what they compute. */
static ggml_backend_buffer_type_t buffer_type(ggml_backend_dev_t dev) {
    (void)dev;
    return in_use == GGML_BACKEND_BUFFER_USAGE_WEIGHTS ? &packed_type : ggml.cpu_buffer_type();
}

static const char *registry_name(ggml_backend_reg_t reg) {
    (void)reg;
    return "TTC";
}

static size_t device_count(ggml_backend_reg_t reg) {
    (void)reg;
    return 1;
}

static ggml_backend_dev_t only_device(ggml_backend_reg_t reg, size_t index) {
    (void)reg;
    (void)index;
    return &device;
}

static void *procedure(ggml_backend_reg_t reg, const char *name) {
    (void)reg;
    return strcmp(name, "ggml_backend_set_n_threads") ? NULL : (void *)set_n_threads;
}

static struct ggml_backend_reg registry = {
    .api_version = API_VERSION,
    .iface = {registry_name, device_count, only_device, procedure},
};

/* Make the device known to ggml, once a process; 1 if the structs are not the library's. */
int ttc_register(const struct ggml_calls *calls) {
    if (!layout_agrees(calls)) return 1;
    ggml = *calls;
    packed_type = (struct ggml_backend_buffer_type){
        .iface = {.get_name = type_name, .alloc_buffer = alloc_buffer, .get_alignment = alignment},
        .device = &device,
    };
    device = (struct ggml_backend_device){
        .iface = {.get_name = device_name,
                  .get_description = device_name,
                  .get_memory = memory,
                  .get_type = device_type,
                  .get_props = properties,
                  .init_backend = init_backend,
                  .get_buffer_type = buffer_type,
                  .supports_op = supports_op,
                  .supports_buft = supports_buft},
        .reg = &registry,
    };
    ggml.device_register(&device);
    return 0;
}

/* For what this thread makes from now on: 0 nothing, 1 a model (pack its weights), 2 a context. */
void ttc_use(int what) { in_use = what; }

ggml_backend_dev_t ttc_device(void) { return &device; }
ggml_backend_buffer_type_t ttc_packed_type(void) { return &packed_type; }

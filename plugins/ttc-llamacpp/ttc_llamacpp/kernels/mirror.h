/* The structs of ggml-backend-impl.h, which is not installed, at version 2 of ggml's backend API.

   Members that are never called or set here have no prototype. `layout_agrees` compares them with
   the CPU backend of the library that is loaded. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ggml-backend.h"
#include "ggml.h"

#define API_VERSION 2

typedef void (*unused_t)(void);

struct ggml_backend_buffer_type_i {
    const char *(*get_name)(ggml_backend_buffer_type_t);
    ggml_backend_buffer_t (*alloc_buffer)(ggml_backend_buffer_type_t, size_t);
    size_t (*get_alignment)(ggml_backend_buffer_type_t);
    unused_t get_max_size, get_alloc_size;
    bool (*is_host)(ggml_backend_buffer_type_t);
};

struct ggml_backend_buffer_type {
    struct ggml_backend_buffer_type_i iface;
    ggml_backend_dev_t device;
    void *context;
};

struct ggml_backend_buffer_i {
    void (*free_buffer)(ggml_backend_buffer_t);
    void *(*get_base)(ggml_backend_buffer_t);
    unused_t init_tensor, memset_tensor;
    void (*set_tensor)(ggml_backend_buffer_t, struct ggml_tensor *, const void *, size_t, size_t);
    unused_t get_tensor, set_tensor_2d, get_tensor_2d, cpy_tensor, clear, reset;
};

struct ggml_backend_buffer {
    struct ggml_backend_buffer_i iface;
    ggml_backend_buffer_type_t buft;
    void *context;
    size_t size;
    enum ggml_backend_buffer_usage usage;
};

struct ggml_backend_i {
    const char *(*get_name)(ggml_backend_t);
    void (*free)(ggml_backend_t);
    unused_t set_tensor_async, get_tensor_async, set_tensor_2d_async, get_tensor_2d_async;
    unused_t cpy_tensor_async, synchronize;
    unused_t graph_plan_create, graph_plan_free, graph_plan_update, graph_plan_compute;
    enum ggml_status (*graph_compute)(ggml_backend_t, struct ggml_cgraph *);
    unused_t event_record, event_wait, graph_optimize;
};

struct ggml_backend {
    ggml_guid_t guid;
    struct ggml_backend_i iface;
    ggml_backend_dev_t device;
    void *context;
};

struct ggml_backend_device_i {
    const char *(*get_name)(ggml_backend_dev_t);
    const char *(*get_description)(ggml_backend_dev_t);
    void (*get_memory)(ggml_backend_dev_t, size_t *, size_t *);
    enum ggml_backend_dev_type (*get_type)(ggml_backend_dev_t);
    void (*get_props)(ggml_backend_dev_t, struct ggml_backend_dev_props *);
    ggml_backend_t (*init_backend)(ggml_backend_dev_t, const char *);
    ggml_backend_buffer_type_t (*get_buffer_type)(ggml_backend_dev_t);
    unused_t get_host_buffer_type, buffer_from_host_ptr;
    bool (*supports_op)(ggml_backend_dev_t, const struct ggml_tensor *);
    bool (*supports_buft)(ggml_backend_dev_t, ggml_backend_buffer_type_t);
    unused_t offload_op, event_new, event_free, event_synchronize;
};

struct ggml_backend_device {
    struct ggml_backend_device_i iface;
    ggml_backend_reg_t reg;
    void *context;
};

struct ggml_backend_reg_i {
    const char *(*get_name)(ggml_backend_reg_t);
    size_t (*get_device_count)(ggml_backend_reg_t);
    ggml_backend_dev_t (*get_device)(ggml_backend_reg_t, size_t);
    void *(*get_proc_address)(ggml_backend_reg_t, const char *);
};

struct ggml_backend_reg {
    int api_version;
    struct ggml_backend_reg_i iface;
    void *context;
};

/* What is called of ggml, in the order of packed.py's _CALLED. Addresses are given by the caller:
   the library is in the process already, and nothing is linked. */
struct ggml_calls {
    ggml_backend_buffer_type_t (*cpu_buffer_type)(void);
    ggml_backend_buffer_t (*alloc_buffer)(ggml_backend_buffer_type_t, size_t);
    void (*buffer_free)(ggml_backend_buffer_t);
    bool (*is_host)(ggml_backend_buffer_type_t);
    ggml_backend_dev_t (*dev_by_type)(enum ggml_backend_dev_type);
    ggml_backend_reg_t (*dev_reg)(ggml_backend_dev_t);
    ggml_backend_t (*dev_init)(ggml_backend_dev_t, const char *);
    void (*backend_free)(ggml_backend_t);
    void (*device_register)(ggml_backend_dev_t);
    int (*graph_n_nodes)(struct ggml_cgraph *);
    struct ggml_tensor **(*graph_nodes)(struct ggml_cgraph *);
};

/* Whether the library's own CPU backend looks as the structs above say. */
static bool layout_agrees(const struct ggml_calls *ggml) {
    const ggml_backend_dev_t dev = ggml->dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    const ggml_backend_reg_t reg = dev ? ggml->dev_reg(dev) : NULL;
    if (!reg || ((struct ggml_backend_reg *)reg)->api_version != API_VERSION) return false;
    const struct ggml_backend_device *d = (struct ggml_backend_device *)dev;
    const ggml_backend_buffer_type_t type = ggml->cpu_buffer_type();
    if (d->reg != reg || !d->iface.supports_op || d->iface.event_new || d->iface.event_synchronize)
        return false;
    if (d->iface.get_type(dev) != GGML_BACKEND_DEVICE_TYPE_CPU ||
        d->iface.get_buffer_type(dev) != type ||
        !((struct ggml_backend_buffer_type *)type)->iface.is_host(type))
        return false;
    struct ggml_backend_buffer *buffer = (struct ggml_backend_buffer *)ggml->alloc_buffer(type, 64);
    bool agrees = buffer && buffer->buft == type && buffer->size >= 64 && buffer->usage == 0 &&
                  buffer->iface.get_base(buffer) && buffer->iface.set_tensor;
    if (buffer) ggml->buffer_free(buffer);
    struct ggml_backend *cpu = (struct ggml_backend *)ggml->dev_init(dev, NULL);
    agrees = agrees && cpu && cpu->device == dev && cpu->context && cpu->iface.graph_compute &&
             cpu->iface.graph_plan_create && !cpu->iface.set_tensor_async &&
             !cpu->iface.event_record;
    if (cpu) ggml->backend_free(cpu);
    return agrees;
}

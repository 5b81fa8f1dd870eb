/* kvhost.exporter/1: shows the node's metrics to a monitoring system. It pulls: collect() walks every
 * family as of now. */
#ifndef KVHOST_ABI_METRICS_H
#define KVHOST_ABI_METRICS_H

#include "kvhost/abi/host.h"
#include "kvhost/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KVH_KIND_EXPORTER "kvhost.exporter/1"

typedef struct kvh_sample {
  uint32_t size;
  uint32_t reserved;
  const kvh_bytes* label_values; /* as many as the family has label names */
  double value;                  /* counter, gauge */
  const uint64_t* bucket_counts; /* histogram: not cumulative, one more than there are bounds */
  uint64_t bucket_count;
  uint64_t count;
  double sum;
} kvh_sample;

typedef struct kvh_family {
  uint32_t size;
  uint32_t reserved;
  kvh_family_info info;
  const kvh_sample* samples;
  uint64_t sample_count;
  uint64_t sample_stride;
} kvh_family;

/* One call per family; borrowed until fn returns. */
typedef struct kvh_family_sink {
  int32_t (*fn)(void* ctx, const kvh_family* family) KVH_NOEXCEPT;
  void* ctx;
} kvh_family_sink;

typedef struct kvh_registry {
  uint32_t size;
  uint32_t reserved;
  void* self;
  /* All families, sorted by name. Any thread; may lock, never waits for the disk. */
  int32_t (*collect)(void* self, kvh_family_sink sink, kvh_error* error) KVH_NOEXCEPT;
} kvh_registry;

typedef struct kvh_exporter {
  uint32_t size;
  uint32_t reserved;
  /* Called after the component's own start; `registry` lives until stop returned. [control] */
  int32_t (*attach)(void* self, const kvh_registry* registry, kvh_error* error) KVH_NOEXCEPT;
  /* Optional: as for a transport. */
  int32_t (*addresses)(void* self, kvh_bytes_sink sink) KVH_NOEXCEPT;
} kvh_exporter;

#ifdef __cplusplus
}
#endif

#endif /* KVHOST_ABI_METRICS_H */

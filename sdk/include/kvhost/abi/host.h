/* What a plugin may ask of the host: services by id. A service that this host does not have is null;
 * the plugin does without it or fails its `create` with words.
 *
 * Lifetime: the host and its services live until `destroy` returned. Every slot may be called from any
 * thread and never blocks, unless it says otherwise.
 */
#ifndef KVHOST_ABI_HOST_H
#define KVHOST_ABI_HOST_H

#include "kvhost/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kvh_host {
  uint32_t size;
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t reserved;
  void* self;
  /* The table of a service, or null. `id` is one of KVH_SERVICE_…; terminated. */
  const void* (*service)(void* self, const char* id) KVH_NOEXCEPT;
} kvh_host;

#define KVH_SERVICE_LOG "kvhost.log/1"
#define KVH_SERVICE_NODE "kvhost.node/1"
#define KVH_SERVICE_TIMER "kvhost.timer/1"
#define KVH_SERVICE_EXECUTOR "kvhost.executor/1"
#define KVH_SERVICE_METRICS "kvhost.metrics/1"
#define KVH_SERVICE_STORE "kvhost.store/1"     /* transports */
#define KVH_SERVICE_JOURNAL "kvhost.journal/1" /* replication strategies */

/* ---- log/1: lines in the host's log, marked with the component's name. */
#define KVH_LOG_DEBUG 0u
#define KVH_LOG_INFO 1u
#define KVH_LOG_WARNING 2u
#define KVH_LOG_ERROR 3u
typedef struct kvh_log {
  uint32_t size;
  uint32_t reserved;
  void* self;
  int32_t (*enabled)(void* self, uint32_t level) KVH_NOEXCEPT; /* 0 = would be dropped */
  void (*write)(void* self, uint32_t level, kvh_bytes text) KVH_NOEXCEPT;
} kvh_log;

/* ---- config: validated values of the component's options, defaults filled in. Control thread, only
 * during create and reconfigure. */
typedef struct kvh_value {
  uint32_t size;
  uint32_t type;      /* KVH_OPTION_… */
  uint32_t line;      /* in the file; 0 = the default, or given on the command line */
  uint32_t is_set;    /* 0: an option without a default that the file does not give */
  int64_t integer;    /* BOOLEAN (0 or 1), INTEGER, SIZE, DURATION; STRINGS and TABLES: the count */
  double number;      /* NUMBER */
  kvh_bytes string;   /* STRING, CHOICE, ADDRESS, PATH */
} kvh_value;
typedef struct kvh_config {
  uint32_t size;
  uint32_t reserved;
  void* self;
  /* `path` as declared; elements of arrays as "peers[0].id", "names[2]". KVH_INVALID_ARGUMENT when no
   * such option is declared. Strings live until create or reconfigure returns. */
  int32_t (*get)(void* self, kvh_bytes path, kvh_value* out) KVH_NOEXCEPT;
  /* Says that the value of `path` is wrong; the host adds file, line and column. create then returns
   * KVH_CONFIG_ERROR. */
  void (*fail)(void* self, kvh_bytes path, kvh_bytes text) KVH_NOEXCEPT;
} kvh_config;

/* ---- node/1: facts about this node. */
typedef struct kvh_node {
  uint32_t size;
  uint32_t io_threads;        /* this component's share of [node] io_threads, at least 1 */
  kvh_bytes node_id;
  kvh_bytes host_version;
  kvh_bytes data_dir;         /* absolute */
  uint64_t max_key_bytes;
  uint64_t max_value_bytes;
  uint64_t max_batch_bytes;
  uint64_t request_timeout_ns;
  uint32_t allow_insecure;    /* 1: listening beyond loopback without authentication is allowed */
  uint32_t reserved;
} kvh_node;

/* ---- timer/1. */
typedef struct kvh_timer {
  uint32_t size;
  uint32_t reserved;
  void* self;
  /* fn(ctx) once, after delay_ns, on a thread of the host's; it must not block. Returns an id, never 0. */
  uint64_t (*after)(void* self, uint64_t delay_ns, void (*fn)(void* ctx) KVH_NOEXCEPT,
                    void* ctx) KVH_NOEXCEPT;
  /* After the return fn is not running and will not run. Returns 1 if it had not run. Not from fn. */
  int32_t (*cancel)(void* self, uint64_t id) KVH_NOEXCEPT;
} kvh_timer;

/* ---- executor/1: threads that may block. */
#define KVH_LANE_READ 0u
#define KVH_LANE_BACKGROUND 1u
typedef struct kvh_executor {
  uint32_t size;
  uint32_t reserved;
  void* self;
  /* KVH_OK, or KVH_OVERLOADED when the lane's queue is full: fn will then not run. */
  int32_t (*post)(void* self, uint32_t lane, void (*fn)(void* ctx) KVH_NOEXCEPT,
                  void* ctx) KVH_NOEXCEPT;
} kvh_executor;

/* ---- metrics/1: counters, gauges and histograms that the exporter plugin shows. */
#define KVH_METRIC_COUNTER 1u
#define KVH_METRIC_GAUGE 2u
#define KVH_METRIC_HISTOGRAM 3u
typedef struct kvh_family_info {
  uint32_t size;
  uint32_t type;
  kvh_bytes name; /* kvhost_<area>_<thing>_<unit>[_total] */
  kvh_bytes help;
  const kvh_bytes* label_names;
  uint64_t label_count;
  const double* buckets; /* histograms: upper bounds, ascending; null = 10 µs doubling, seconds */
  uint64_t bucket_count;
} kvh_family_info;
typedef struct kvh_metrics {
  uint32_t size;
  uint32_t reserved;
  void* self;
  /* The family's handle; the same for the same name. 0 and words if the name is taken by another
   * shape. May lock. */
  uint64_t (*family)(void* self, const kvh_family_info* info, kvh_error* error) KVH_NOEXCEPT;
  /* The series of the family with these label values; the same for the same values. May lock. Lives
   * until retired. Null for a wrong number of labels, or past 10,000 series in a family. */
  void* (*series)(void* self, uint64_t family, const kvh_bytes* label_values,
                  uint64_t label_count) KVH_NOEXCEPT;
  void (*add)(void* self, void* series, double amount) KVH_NOEXCEPT; /* counter, gauge; lock-free */
  void (*set)(void* self, void* series, double value) KVH_NOEXCEPT;  /* gauge */
  void (*observe)(void* self, void* series, double value) KVH_NOEXCEPT; /* histogram */
  /* No more calls for `series` follow; it vanishes from the next collection. */
  void (*retire)(void* self, void* series) KVH_NOEXCEPT;
} kvh_metrics;

#ifdef __cplusplus
}
#endif

#endif /* KVHOST_ABI_HOST_H */

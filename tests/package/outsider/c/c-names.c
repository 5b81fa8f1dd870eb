/* A metrics exporter: logs the number of families and series every now and then, by the host's
 * timer. It listens nowhere and has no thread. */
#include <kvhost/abi/metrics.h>
#include <stdio.h>
#include <stdlib.h>

#include "plain.h"

typedef struct names {
  const kvh_log* log;
  const kvh_timer* timer;
  const kvh_registry* registry;
  uint64_t pending; /* the timer's id; 0 = none */
  uint64_t every_ns;
} names;

static int32_t create(const kvh_host* host, const kvh_config* config, void** self,
                      kvh_error* error) {
  static const kvh_bytes every = BYTES("every");
  kvh_value value = {.size = sizeof(value)};
  names* made = calloc(1, sizeof(*made));
  if (made == NULL) return fail(error, KVH_OUT_OF_MEMORY, "no memory for the exporter");
  made->log = host->service(host->self, KVH_SERVICE_LOG);
  made->timer = host->service(host->self, KVH_SERVICE_TIMER);
  if (config->get(config->self, every, &value) == KVH_OK) made->every_ns = (uint64_t)value.integer;
  *self = made;
  return KVH_OK;
}
static void destroy(void* self) { free(self); }

typedef struct sums {
  uint64_t families;
  uint64_t series;
} sums;
static int32_t count_family(void* ctx, const kvh_family* family) {
  sums* seen = ctx;
  ++seen->families;
  seen->series += family->sample_count;
  return 0;
}

static void tell(void* self) {
  names* mine = self;
  char line[128];
  sums seen = {0, 0};
  kvh_error error = {.size = sizeof(error)};
  const kvh_family_sink sink = {count_family, &seen};
  int length;
  if (mine->registry->collect(mine->registry->self, sink, &error) != KVH_OK) return;
  length = snprintf(line, sizeof(line), "%llu families, %llu series",
                    (unsigned long long)seen.families, (unsigned long long)seen.series);
  if (mine->log != NULL) {
    mine->log->write(mine->log->self, KVH_LOG_INFO, (kvh_bytes){line, (uint64_t)length});
  }
}

static int32_t attach(void* self, const kvh_registry* registry, kvh_error* error) {
  names* mine = self;
  (void)error;
  mine->registry = registry;
  tell(self);
  if (mine->timer != NULL) {
    mine->pending = mine->timer->after(mine->timer->self, mine->every_ns, tell, self);
  }
  return KVH_OK;
}
static void stop(void* self, uint64_t deadline_ns) {
  names* mine = self;
  (void)deadline_ns;
  if (mine->pending != 0) mine->timer->cancel(mine->timer->self, mine->pending);
  mine->pending = 0;
}

static const kvh_option options[] = {{.size = sizeof(kvh_option),
                                      .type = KVH_OPTION_DURATION,
                                      .path = BYTES("every"),
                                      .default_value = BYTES("10s"),
                                      .min = BYTES("1ms"),
                                      .max = BYTES("1h"),
                                      .doc = BYTES("how long after the start it counts again")}};
static const kvh_exporter table = {.size = sizeof(table), .attach = attach};
static const kvh_component component = {.size = sizeof(component),
                                        .kind = BYTES(KVH_KIND_EXPORTER),
                                        .name = BYTES("c-names"),
                                        .doc = BYTES("logs how many metrics there are"),
                                        .options = options,
                                        .option_count = 1,
                                        .option_stride = sizeof(kvh_option),
                                        .table = &table,
                                        .create = create,
                                        .destroy = destroy,
                                        .stop = stop};
PLUGIN("net.outsider.c-names", "1.0.0", KVH_KIND_EXPORTER, "c-names", &component)

/* A compaction policy in plain C11, without the C++ layer: what other languages have to do. */
#include <string.h>

#include "kvhost/abi/compaction.h"
#include "kvhost/abi/plugin.h"

#define BYTES(literal) \
  { (literal), sizeof(literal) - 1 }

static int instance;

static int32_t create(const kvh_host* host, const kvh_config* config, void** self,
                      kvh_error* error) {
  const kvh_bytes path = BYTES("fanout");
  kvh_value value = {.size = sizeof(value)};
  const kvh_log* log = host->service(host->self, KVH_SERVICE_LOG);
  const kvh_bytes hello = BYTES("plain C says hello");
  if (config->get(config->self, path, &value) != KVH_OK || value.integer != 8) {
    error->code = KVH_INTERNAL;
    error->text_size = 9;
    memcpy(error->text, "no fanout", 9);
    return KVH_INTERNAL;
  }
  if (log != NULL) log->write(log->self, KVH_LOG_INFO, hello);
  *self = &instance;
  return KVH_OK;
}

static void destroy(void* self) { (void)self; }

static int32_t plan(void* self, const kvh_tree* tree, const kvh_event* events, uint64_t event_count,
                    uint64_t event_stride, uint64_t deadline_ns, kvh_job_sink jobs,
                    kvh_error* error) {
  (void)self, (void)tree, (void)events, (void)event_count, (void)event_stride, (void)deadline_ns;
  (void)jobs, (void)error;
  return KVH_OK;
}

static const kvh_compaction table = {.size = sizeof(table), .plan = plan};

static const kvh_option options[] = {{
    .size = sizeof(kvh_option),
    .type = KVH_OPTION_INTEGER,
    .path = BYTES("fanout"),
    .default_value = BYTES("8"),
    .doc = BYTES("runs merged at once"),
}};

static const kvh_component components[] = {{
    .size = sizeof(kvh_component),
    .kind = BYTES(KVH_KIND_COMPACTION),
    .name = BYTES("plain-c"),
    .options = options,
    .option_count = 1,
    .option_stride = sizeof(kvh_option),
    .table = &table,
    .create = create,
    .destroy = destroy,
}};

static const kvh_plugin plugin = {
    .size = sizeof(kvh_plugin),
    .abi_major = KVH_ABI_MAJOR,
    .id = BYTES("test.plain-c"),
    .version = BYTES("0.9"),
    .components = components,
    .component_count = 1,
    .component_stride = sizeof(kvh_component),
};

__attribute__((section(KVH_MANIFEST_SECTION), used)) static const char manifest[] =
    "kvhost-plugin 1\nid=test.plain-c\nversion=0.9\nabi=1.0\n"
    "component=kvhost.compaction/1 plain-c\n";

KVH_EXPORT const kvh_plugin* kvhost_plugin_v1(void) { return &plugin; }

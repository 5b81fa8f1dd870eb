/* One fault per build, chosen by a definition: each must cost an error that says what is wrong. */
#include <string.h>

#include "kvhost/abi/compaction.h"
#include "kvhost/abi/plugin.h"

#define BYTES(literal) \
  { (literal), sizeof(literal) - 1 }

#if defined(FAULT_NEWER_MAJOR)
#define MAJOR 99u
#define MANIFEST_ABI "99.0"
#else
#define MAJOR KVH_ABI_MAJOR
#endif
#if defined(FAULT_NEWER_MINOR)
#define MINOR 999u
#define MANIFEST_ABI "1.999"
#else
#define MINOR 0u
#endif
#ifndef MANIFEST_ABI
#define MANIFEST_ABI "1.0"
#endif
#if defined(FAULT_LIAR)
#define MANIFEST_ID "test.honest"
#else
#define MANIFEST_ID "test.faulty"
#endif

static int instance;

static int32_t create(const kvh_host* host, const kvh_config* config, void** self,
                      kvh_error* error) {
  (void)host, (void)config, (void)error;
#if defined(FAULT_SILENT)
  return KVH_INTERNAL;
#elif defined(FAULT_STRANGE_STATUS)
  return 4711;
#elif defined(FAULT_MADE_NOTHING)
  (void)instance, (void)self;
  return KVH_OK;
#endif
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

#if defined(FAULT_NO_TABLE)
static const kvh_compaction table = {.size = 8, .plan = plan}; /* too small for any slot */
#else
static const kvh_compaction table = {.size = sizeof(table), .plan = plan};
#endif

static const kvh_option options[] = {{
    .size = sizeof(kvh_option),
    .type = KVH_OPTION_INTEGER,
    .path = BYTES("fanout"),
#if defined(FAULT_MALFORMED_SCHEMA)
    .default_value = BYTES("1"), /* below its own minimum */
#else
    .default_value = BYTES("8"),
#endif
    .min = BYTES("2"),
}};

static const kvh_component components[] = {{
    .size = sizeof(kvh_component),
    .kind = BYTES(KVH_KIND_COMPACTION),
    .name = BYTES("faulty"),
    .options = options,
    .option_count = 1,
    .option_stride = sizeof(kvh_option),
    .table = &table,
    .create = create,
    .destroy = destroy,
}};

static const kvh_plugin plugin = {
    .size = sizeof(kvh_plugin),
    .abi_major = MAJOR,
    .abi_minor_required = MINOR,
    .id = BYTES("test.faulty"),
    .version = BYTES("1.0.0"),
    .components = components,
    .component_count = 1,
    .component_stride = sizeof(kvh_component),
};

#if !defined(FAULT_NO_MANIFEST)
__attribute__((section(KVH_MANIFEST_SECTION), used)) static const char manifest[] =
    "kvhost-plugin 1\nid=" MANIFEST_ID "\nversion=1.0.0\nabi=" MANIFEST_ABI
    "\ncomponent=kvhost.compaction/1 faulty\n";
#endif

#if !defined(FAULT_NO_ENTRY)
#if defined(FAULT_RETURNS_NOTHING)
KVH_EXPORT const kvh_plugin* kvhost_plugin_v1(void) { return (void)&plugin, NULL; }
#else
KVH_EXPORT const kvh_plugin* kvhost_plugin_v1(void) { return &plugin; }
#endif
#else
KVH_EXPORT const kvh_plugin* another_name(void);
KVH_EXPORT const kvh_plugin* another_name(void) { return &plugin; }
#endif

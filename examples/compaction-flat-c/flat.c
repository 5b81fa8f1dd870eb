/* A compaction policy in plain C11: when the tree has more than `runs` sorted runs, the youngest
 * `merge` of them become one. No levels, no sizes: as flat as a policy can be.
 *
 * It shows what the C++ layer does for its users: structs are read as far as they are known, arrays
 * are walked by their stride, words go into the caller's kvh_error, and the manifest is a string in
 * a section of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvhost/abi/compaction.h"
#include "kvhost/abi/plugin.h"

#define BYTES(literal) \
  { (literal), sizeof(literal) - 1 }

typedef struct flat {
  uint64_t runs;
  uint64_t merge;
} flat;

static int32_t fail(kvh_error* error, int32_t code, const char* words) {
  const size_t length = strlen(words);
  error->code = code;
  error->text_size = (uint32_t)length;
  memcpy(error->text, words, length);
  return code;
}

static int64_t option(const kvh_config* config, kvh_bytes path) {
  kvh_value value = {.size = sizeof(value)};
  return config->get(config->self, path, &value) == KVH_OK ? value.integer : -1;
}

static int32_t create(const kvh_host* host, const kvh_config* config, void** self,
                      kvh_error* error) {
  const kvh_bytes runs = BYTES("runs");
  const kvh_bytes merge = BYTES("merge");
  const kvh_bytes too_many = BYTES("must not be above runs + 1");
  const int64_t wanted_runs = option(config, runs);
  const int64_t wanted_merge = option(config, merge);
  flat* made = NULL;
  (void)host;
  if (wanted_merge > wanted_runs + 1) {
    config->fail(config->self, merge, too_many);
    return fail(error, KVH_CONFIG_ERROR, "merge must not be above runs + 1");
  }
  made = malloc(sizeof(*made));
  if (made == NULL) return fail(error, KVH_OUT_OF_MEMORY, "no memory for the policy");
  made->runs = (uint64_t)wanted_runs;
  made->merge = (uint64_t)wanted_merge;
  *self = made;
  return KVH_OK;
}

static void destroy(void* self) { free(self); }

static const kvh_run* run_at(const kvh_tree* tree, uint64_t index) {
  return (const kvh_run*)((const char*)tree->runs + index * tree->run_stride);
}
static const kvh_file* file_at(const kvh_run* run, uint64_t index) {
  return (const kvh_file*)((const char*)run->files + index * run->file_stride);
}

/* The ids of all files of the youngest runs; their number, or 0 when one of them is at work. */
static uint64_t collect(const kvh_tree* tree, uint64_t runs, uint64_t* ids) {
  uint64_t count = 0;
  for (uint64_t r = 0; r < runs; ++r) {
    const kvh_run* run = run_at(tree, r);
    for (uint64_t f = 0; f < run->file_count; ++f) {
      const kvh_file* file = file_at(run, f);
      if ((file->flags & KVH_FILE_BUSY) != 0) return 0;
      ids[count++] = file->id;
    }
  }
  return count;
}

static int32_t plan(void* self, const kvh_tree* tree, const kvh_event* events, uint64_t event_count,
                    uint64_t event_stride, uint64_t deadline_ns, kvh_job_sink jobs,
                    kvh_error* error) {
  const flat* policy = self;
  char reason[96];
  uint64_t files = 0;
  uint64_t* ids = NULL;
  kvh_job job = {.size = sizeof(job), .type = KVH_JOB_MERGE};
  (void)events, (void)event_count, (void)event_stride, (void)deadline_ns;
  if (tree->run_count <= policy->runs) return KVH_OK;
  for (uint64_t r = 0; r < policy->merge; ++r) files += run_at(tree, r)->file_count;
  ids = malloc(files * sizeof(*ids));
  if (ids == NULL) return fail(error, KVH_OUT_OF_MEMORY, "no memory for the list of files");
  job.inputs = ids;
  job.input_count = collect(tree, policy->merge, ids);
  job.target_level = run_at(tree, policy->merge - 1)->level;
  snprintf(reason, sizeof(reason), "%llu runs, at most %llu are left alone",
           (unsigned long long)tree->run_count, (unsigned long long)policy->runs);
  job.reason = (kvh_bytes){reason, strlen(reason)};
  if (job.input_count != 0) jobs.fn(jobs.ctx, &job);
  free(ids);
  return KVH_OK;
}

static const kvh_compaction table = {.size = sizeof(table), .plan = plan};

static const kvh_option options[] = {
    {.size = sizeof(kvh_option),
     .type = KVH_OPTION_INTEGER,
     .path = BYTES("runs"),
     .unit = BYTES("runs"),
     .default_value = BYTES("8"),
     .min = BYTES("1"),
     .max = BYTES("1000"),
     .doc = BYTES("so many sorted runs are left alone")},
    {.size = sizeof(kvh_option),
     .type = KVH_OPTION_INTEGER,
     .path = BYTES("merge"),
     .unit = BYTES("runs"),
     .default_value = BYTES("4"),
     .min = BYTES("2"),
     .max = BYTES("1001"),
     .doc = BYTES("so many of the youngest runs become one")},
};

static const kvh_component components[] = {{
    .size = sizeof(kvh_component),
    .kind = BYTES(KVH_KIND_COMPACTION),
    .name = BYTES("flat"),
    .doc = BYTES("merges the youngest runs, without levels"),
    .options = options,
    .option_count = sizeof(options) / sizeof(options[0]),
    .option_stride = sizeof(kvh_option),
    .table = &table,
    .create = create,
    .destroy = destroy,
}};

static const kvh_plugin plugin = {
    .size = sizeof(kvh_plugin),
    .abi_major = KVH_ABI_MAJOR,
    .id = BYTES("org.example.flat"),
    .name = BYTES("flat"),
    .version = BYTES("1.0.0"),
    .license = BYTES("MIT"),
    .components = components,
    .component_count = 1,
    .component_stride = sizeof(kvh_component),
};

__attribute__((section(KVH_MANIFEST_SECTION), used)) static const char manifest[] =
    "kvhost-plugin 1\n"
    "id=org.example.flat\n"
    "version=1.0.0\n"
    "abi=1.0\n"
    "component=kvhost.compaction/1 flat\n";

KVH_EXPORT const kvh_plugin* kvhost_plugin_v1(void) { return &plugin; }

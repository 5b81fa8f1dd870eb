/* A compaction policy: the two youngest runs become one while there are more than eight. */
#include <kvhost/abi/compaction.h>
#include <stdlib.h>

#include "plain.h"

static int32_t create(const kvh_host* host, const kvh_config* config, void** self,
                      kvh_error* error) {
  (void)host, (void)config;
  *self = malloc(1);
  return *self != NULL ? KVH_OK : fail(error, KVH_OUT_OF_MEMORY, "no memory for the policy");
}
static void destroy(void* self) { free(self); }

static int32_t plan(void* self, const kvh_tree* tree, const kvh_event* events, uint64_t event_count,
                    uint64_t event_stride, uint64_t deadline_ns, kvh_job_sink jobs,
                    kvh_error* error) {
  uint64_t* inputs;
  const kvh_run* run = NULL;
  kvh_job job = {.size = sizeof(job), .type = KVH_JOB_MERGE, .reason = BYTES("more than 8 runs")};
  (void)self, (void)events, (void)event_count, (void)event_stride, (void)deadline_ns;
  if (tree->run_count <= 8) return KVH_OK;
  for (uint64_t r = 0; r < 2; ++r) {
    run = (const kvh_run*)((const char*)tree->runs + r * tree->run_stride);
    job.input_count += run->file_count;
  }
  job.target_level = run->level;
  inputs = malloc(job.input_count * sizeof(*inputs));
  if (inputs == NULL) return fail(error, KVH_OUT_OF_MEMORY, "no memory for the inputs");
  job.inputs = inputs;
  job.input_count = 0;
  for (uint64_t r = 0; r < 2; ++r) {
    run = (const kvh_run*)((const char*)tree->runs + r * tree->run_stride);
    for (uint64_t f = 0; f < run->file_count; ++f) {
      const kvh_file* file = (const kvh_file*)((const char*)run->files + f * run->file_stride);
      if ((file->flags & KVH_FILE_BUSY) != 0) {
        free(inputs);
        return KVH_OK;
      }
      inputs[job.input_count++] = file->id;
    }
  }
  jobs.fn(jobs.ctx, &job);
  free(inputs);
  return KVH_OK;
}

static const kvh_compaction table = {.size = sizeof(table), .plan = plan};
static const kvh_component component = {.size = sizeof(component),
                                        .kind = BYTES(KVH_KIND_COMPACTION),
                                        .name = BYTES("c-youngest"),
                                        .doc = BYTES("merges the two youngest runs"),
                                        .table = &table,
                                        .create = create,
                                        .destroy = destroy};
PLUGIN("net.outsider.c-youngest", "1.0.0", KVH_KIND_COMPACTION, "c-youngest", &component)

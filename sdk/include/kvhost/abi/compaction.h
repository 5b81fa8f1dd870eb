/* kvhost.compaction/1: a policy decides which sorted runs are merged. The engine keeps the data
 * safe: it checks every job, and drops records by its own rules alone.
 *
 * The tree is a list of sorted runs, newest first. A run is a list of files whose key ranges do not
 * overlap, in key order. `level` is a label that never decreases along the list; level 0 holds one
 * run per flush. Where two runs hold the same key, the run that stands first holds the newer record.
 */
#ifndef KVHOST_ABI_COMPACTION_H
#define KVHOST_ABI_COMPACTION_H

#include "kvhost/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KVH_KIND_COMPACTION "kvhost.compaction/1"

#define KVH_FILE_BUSY 1u /* an input of a running job: no new job may name it */

typedef struct kvh_file {
  uint64_t id;
  uint64_t identity[2]; /* 128 random bits: the same file in checkpoints, backups and replicas */
  uint64_t bytes;
  kvh_bytes smallest_key; /* engine keys: opaque, compared as unsigned bytes; both inclusive */
  kvh_bytes largest_key;
  uint64_t min_sequence;
  uint64_t max_sequence;
  uint64_t entries;
  uint64_t tombstones;
  uint64_t range_deletes;
  uint64_t ttl_entries;
  uint64_t min_expires_at_ms; /* of the entries with a ttl; 0 when there are none */
  uint64_t max_expires_at_ms;
  uint64_t created_at_ms;
  uint64_t estimated_garbage_bytes; /* shadowed, deleted or expired, as far as is known */
  uint64_t read_touches;            /* reads that looked in vain, since the file was opened */
  uint32_t flags;
  uint32_t reserved;
} kvh_file;

typedef struct kvh_run {
  uint64_t id;
  uint32_t level;
  uint32_t reserved;
  uint64_t bytes;
  const kvh_file* files;
  uint64_t file_count;
  uint64_t file_stride;
} kvh_run;

typedef struct kvh_tree {
  uint32_t size;
  uint32_t max_workers;
  uint32_t idle_workers;
  uint32_t reserved;
  uint64_t now_ms; /* log time: what expiry is judged by */
  const kvh_run* runs;
  uint64_t run_count;
  uint64_t run_stride;
  const uint64_t* snapshots; /* sequence numbers that readers hold, ascending */
  uint64_t snapshot_count;
  uint64_t last_sequence;
  uint64_t memtable_bytes; /* the size at which a memtable is flushed */
  uint64_t write_bytes_per_s;
  uint64_t total_bytes;
  uint64_t free_bytes;    /* of the file system */
  kvh_bytes policy_state; /* what the last job of this policy carried, across restarts */
} kvh_tree;

#define KVH_EVENT_OPENED 1u
#define KVH_EVENT_FLUSH_DONE 2u
#define KVH_EVENT_JOB_DONE 3u
#define KVH_EVENT_TIMER 4u
#define KVH_EVENT_SNAPSHOT_RELEASED 5u
#define KVH_EVENT_READ_TOUCHES 6u
#define KVH_EVENT_TOMBSTONES 7u
#define KVH_EVENT_LOW_SPACE 8u
#define KVH_EVENT_MANUAL 9u /* [start, end) is to be merged down; both empty = everything */

typedef struct kvh_event {
  uint32_t type;
  uint32_t reserved;
  uint64_t file_id;
  kvh_bytes start;
  kvh_bytes end;
} kvh_event;

#define KVH_JOB_MERGE 1u
#define KVH_JOB_MOVE 2u
#define KVH_JOB_DROP_EXPIRED 3u
#define KVH_JOB_DROP_OLDEST_LOSSY 4u
#define KVH_JOB_REWRITE_BLOBS 5u

#define KVH_CODEC_DEFAULT 0u /* what [engine] compression says */
#define KVH_CODEC_NONE 1u
#define KVH_CODEC_LZ4 2u
#define KVH_CODEC_ZSTD 3u

#define KVH_MAX_POLICY_STATE 4096u

typedef struct kvh_job {
  uint32_t size;
  uint32_t type;
  const uint64_t* inputs; /* file ids */
  uint64_t input_count;
  kvh_bytes clip_start; /* [clip_start, clip_end) covers the inputs, or both are empty; no cuts */
  kvh_bytes clip_end;
  uint32_t target_level;
  uint32_t priority;            /* higher runs first among waiting jobs */
  uint64_t target_run;          /* id of the run that the outputs join; 0 = a new run */
  uint64_t split_file_bytes;    /* cut outputs at about this size; 0 = the engine's default */
  uint64_t split_overlap_bytes; /* cut when the overlap with the next level exceeds this; 0 = never */
  uint64_t split_window_ms;     /* cut by windows of expiry of this length; 0 = never */
  uint32_t codec;
  uint32_t bits_per_key; /* 0 = the engine's default */
  uint64_t blob_threshold;
  kvh_bytes policy_state; /* at most KVH_MAX_POLICY_STATE; kept with the job's result */
  kvh_bytes reason;       /* for logs and `kvctl lsm` */
} kvh_job;

/* A return other than 0 asks the policy to stop. */
typedef struct kvh_job_sink {
  int32_t (*fn)(void* ctx, const kvh_job* job) KVH_NOEXCEPT;
  void* ctx;
} kvh_job_sink;

typedef struct kvh_pressure {
  uint32_t size;
  uint32_t reserved;
  uint64_t pending_bytes; /* what would have to be written for the tree to be in shape */
  uint64_t urgency;       /* 0 = in shape … 1000 = far behind; a hint, the engine clamps it */
} kvh_pressure;

typedef struct kvh_job_report {
  uint32_t size;
  int32_t status;
  uint32_t type;
  uint32_t reserved;
  uint64_t bytes_read;
  uint64_t bytes_written;
  uint64_t entries_in;
  uint64_t entries_out;
  uint64_t duration_ns;
  kvh_bytes message; /* why it failed, or empty */
} kvh_job_report;

/* All slots run on the policy's own thread, may not block for long, and are never concurrent. */
typedef struct kvh_compaction {
  uint32_t size;
  uint32_t reserved;
  /* A pure decision over `tree`: jobs worth doing now, none if there are none. Required. */
  int32_t (*plan)(void* self, const kvh_tree* tree, const kvh_event* events, uint64_t event_count,
                  uint64_t event_stride, uint64_t deadline_ns, kvh_job_sink jobs,
                  kvh_error* error) KVH_NOEXCEPT;
  /* Optional. */
  int32_t (*pressure)(void* self, const kvh_tree* tree, kvh_pressure* out,
                      kvh_error* error) KVH_NOEXCEPT;
  /* Optional: a job of this policy ended, or was refused. */
  void (*job_done)(void* self, const kvh_job_report* report) KVH_NOEXCEPT;
} kvh_compaction;

#ifdef __cplusplus
}
#endif

#endif /* KVHOST_ABI_COMPACTION_H */

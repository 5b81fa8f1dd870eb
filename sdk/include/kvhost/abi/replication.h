/* kvhost.replication/1: a strategy orders batches, makes them durable on the nodes it needs, and says
 * when a read may be served. state_machine/1 is the host's side: it applies what was ordered.
 *
 * A batch's bytes are opaque to the strategy; batches are applied in order of their index, each
 * exactly once per state. */
#ifndef KVHOST_ABI_REPLICATION_H
#define KVHOST_ABI_REPLICATION_H

#include "kvhost/abi/journal.h"
#include "kvhost/abi/store.h"
#include "kvhost/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KVH_KIND_REPLICATION "kvhost.replication/1"

typedef struct kvh_ordered_batch {
  uint64_t now_ms; /* of the node that ordered it; never decreasing; 0: empty, an entry of its own */
  kvh_bytes bytes;
} kvh_ordered_batch;

typedef struct kvh_position {
  uint64_t incarnation;
  uint64_t term;
  uint64_t index;
} kvh_position;

typedef struct kvh_results_sink {
  /* `status` and `result` of the batch first_index + offset; result as for kvh_store.write. */
  void (*fn)(void* ctx, uint64_t offset, int32_t status, const kvh_result* result,
             const kvh_error* error) KVH_NOEXCEPT;
  void* ctx;
} kvh_results_sink;

#define KVH_ROLE_LEADER 1u
#define KVH_ROLE_FOLLOWER 2u
#define KVH_ROLE_CANDIDATE 3u
#define KVH_ROLE_LEARNER 4u

/* state_machine/1 */
typedef struct kvh_state_machine {
  uint32_t size;
  uint32_t reserved;
  void* self;
  /* Carries out batches first.index, first.index + 1, …; deterministic. One caller at a time; may
   * block. An error is fatal for the node. */
  int32_t (*apply)(void* self, const kvh_position* first, const kvh_ordered_batch* batches,
                   uint64_t count, uint64_t stride, kvh_results_sink sink,
                   kvh_error* error) KVH_NOEXCEPT;
  void (*applied)(void* self, kvh_position* out) KVH_NOEXCEPT;
  void (*durable)(void* self, kvh_position* out) KVH_NOEXCEPT; /* the log may be cut up to here */
  void (*on_durable)(void* self, void (*fn)(void* ctx, const kvh_position* position) KVH_NOEXCEPT,
                     void* ctx) KVH_NOEXCEPT;
  void (*role_changed)(void* self, uint32_t role, kvh_bytes leader_advertise) KVH_NOEXCEPT;
  uint64_t (*now_ms)(void* self) KVH_NOEXCEPT; /* the stamp for the next batch this node orders */

  /* A checkpoint to send: a copy of the state at *position that costs no copying (hard links) and stays
   * as it is until it is closed, while batches go on being applied. Its manifest, one JSON text, goes to
   * the receiver's install_begin as it is:
   *   {"format":1,"strategy":"raft","incarnation":1,"term":2,"index":345,"bytes":…,
   *    "files":[{"name":"tables/000007.sst","bytes":…,"checksum":"16 hex digits"},…]}
   * At most 4 are open at once (KVH_OVERLOADED). May block for as long as reading the state once takes.
   * Optional. */
  int32_t (*checkpoint_open)(void* self, uint64_t* checkpoint, kvh_position* position,
                             kvh_bytes_sink manifest, kvh_error* error) KVH_NOEXCEPT;
  /* Bytes of a file of the manifest from `offset`, at most max_bytes and at most 1 MiB; none at its
   * end. May block; any thread. */
  int32_t (*checkpoint_read)(void* self, uint64_t checkpoint, kvh_bytes file, uint64_t offset,
                             uint64_t max_bytes, kvh_bytes_sink sink, kvh_error* error) KVH_NOEXCEPT;
  void (*checkpoint_close)(void* self, uint64_t checkpoint) KVH_NOEXCEPT;
  /* A checkpoint received replaces the state at commit, atomically: a crash leaves the old one or the
   * new one. One install at a time (KVH_CONFLICT). Files that an earlier attempt completed, before a
   * restart too, are kept: ask install_wanted what is to be sent. May block. Optional. */
  int32_t (*install_begin)(void* self, kvh_bytes manifest, uint64_t* install,
                           kvh_error* error) KVH_NOEXCEPT;
  /* The next piece of a file, from front to back; files in any order. A piece that is there already is
   * ignored. KVH_INVALID_ARGUMENT names the offset expected; KVH_CORRUPTION: the whole file's checksum
   * is wrong, send it again from 0. May block. */
  int32_t (*install_write)(void* self, uint64_t install, kvh_bytes file, uint64_t offset,
                           kvh_bytes bytes, kvh_error* error) KVH_NOEXCEPT;
  /* Not while apply runs. At return applied() and durable() are the manifest's position; reads under
   * way end on the old state. On failure the old state goes on and the install is over. May block. */
  int32_t (*install_commit)(void* self, uint64_t install, kvh_error* error) KVH_NOEXCEPT;
  /* Gives up; what was completed is removed. */
  void (*install_abort)(void* self, uint64_t install) KVH_NOEXCEPT;
  /* A hash over the live records (keys, values, versions, expiry) of [start, end) in every space, as
   * of exactly `index` (waited for at most 10 s; 0 = now), judged at now_ms; an empty `end` is the end.
   * KVH_COMPACTED when the state is past `index`. May block. Optional. */
  int32_t (*digest)(void* self, kvh_bytes start, kvh_bytes end, uint64_t index, uint64_t now_ms,
                    uint64_t out[2], kvh_error* error) KVH_NOEXCEPT;
  /* What the install still needs, as JSON: [{"name":…,"offset":…,"bytes":…},…]. Optional. */
  int32_t (*install_wanted)(void* self, uint64_t install, kvh_bytes_sink sink,
                            kvh_error* error) KVH_NOEXCEPT;
  /* The newest version given to a write; 0: nothing was ever written to this state. Optional. */
  uint64_t (*last_version)(void* self) KVH_NOEXCEPT;
} kvh_state_machine;

#define KVH_TRAIT_OWN_LOG 1u        /* the strategy keeps the log: the engine's is off */
#define KVH_TRAIT_LEADER_READS 2u   /* offers the level `leader` */
#define KVH_TRAIT_LINEARIZABLE 4u   /* offers the level `linearizable` */

typedef struct kvh_barrier {
  uint32_t size;
  uint32_t reserved;
  uint64_t index;  /* serve the read from a state that has applied this index */
  uint64_t now_ms; /* judge expiry by this */
} kvh_barrier;
typedef struct kvh_barrier_sink {
  void (*fn)(void* ctx, const kvh_barrier* barrier) KVH_NOEXCEPT;
  void* ctx;
} kvh_barrier_sink;

typedef struct kvh_replication {
  uint32_t size;
  uint32_t reserved;
  /* KVH_TRAIT_…; pure. [any] */
  uint64_t (*traits)(void* self) KVH_NOEXCEPT;
  /* Replays, connects, serves. Called after the component's own start. [control], may block. */
  int32_t (*attach)(void* self, const kvh_state_machine* state_machine,
                    kvh_error* error) KVH_NOEXCEPT;
  /* Orders batches; completes when they are applied here, or refused. The strategy stamps now_ms. The
   * sink gets the result of each. Not executed: a code that promises it (NO_QUORUM, NOT_LEADER, …);
   * not known: KVH_OUTCOME_UNKNOWN. [any] */
  int32_t (*propose)(void* self, const kvh_call* call, const kvh_bytes* batches, uint64_t count,
                     kvh_results_sink sink, kvh_done done, kvh_error* error) KVH_NOEXCEPT;
  /* Completes when a read of call->read_level may be served. [any] */
  int32_t (*read_barrier)(void* self, const kvh_call* call, kvh_barrier_sink sink, kvh_done done,
                          kvh_error* error) KVH_NOEXCEPT;
  /* Where clients reach the leader; the sink is not called when it is not known. [any] */
  int32_t (*leader_hint)(void* self, kvh_bytes_sink sink) KVH_NOEXCEPT;
  /* One JSON object; docs/reference/metrics.md says which members become metrics:
   *   {"role":"leader","term":3,"leader":"node1","commit_index":9,"last_index":9,"quorum_failures":0,
   *    "leader_changes":1,"snapshots_sent":0,"snapshots_received":0,
   *    "peers":[{"id":"node2","address":"…","connected":true,"lag":0,"rtt_seconds":0.001}]}
   * [any] */
  int32_t (*status)(void* self, kvh_bytes_sink sink) KVH_NOEXCEPT;
  /* "status", "promote", "transfer-leader", "add", "remove", …; arguments ({"node":…,"force":…}) and
   * answer as JSON texts. Called on a thread of the host's that may block. Optional. */
  int32_t (*command)(void* self, const kvh_call* call, kvh_bytes name, kvh_bytes arguments,
                     kvh_bytes_sink sink, kvh_done done, kvh_error* error) KVH_NOEXCEPT;
} kvh_replication;

#ifdef __cplusplus
}
#endif

#endif /* KVHOST_ABI_REPLICATION_H */

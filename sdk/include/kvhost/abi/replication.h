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
  uint64_t now_ms; /* stamped by the node that ordered it; never decreasing along the log */
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

  /* A checkpoint to send: its manifest lists files as JSON. May block. Optional. */
  int32_t (*checkpoint_open)(void* self, uint64_t* checkpoint, kvh_position* position,
                             kvh_bytes_sink manifest, kvh_error* error) KVH_NOEXCEPT;
  int32_t (*checkpoint_read)(void* self, uint64_t checkpoint, kvh_bytes file, uint64_t offset,
                             uint64_t max_bytes, kvh_bytes_sink sink, kvh_error* error) KVH_NOEXCEPT;
  void (*checkpoint_close)(void* self, uint64_t checkpoint) KVH_NOEXCEPT;
  /* A checkpoint received replaces the state at commit, atomically. May block. Optional. */
  int32_t (*install_begin)(void* self, kvh_bytes manifest, uint64_t* install,
                           kvh_error* error) KVH_NOEXCEPT;
  int32_t (*install_write)(void* self, uint64_t install, kvh_bytes file, uint64_t offset,
                           kvh_bytes bytes, kvh_error* error) KVH_NOEXCEPT;
  int32_t (*install_commit)(void* self, uint64_t install, kvh_error* error) KVH_NOEXCEPT;
  void (*install_abort)(void* self, uint64_t install) KVH_NOEXCEPT;
  /* A hash over the live keys of [start, end) as of `index`, judged at now_ms. May block. Optional. */
  int32_t (*digest)(void* self, kvh_bytes start, kvh_bytes end, uint64_t index, uint64_t now_ms,
                    uint64_t out[2], kvh_error* error) KVH_NOEXCEPT;
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
  /* One JSON object: role, term, indexes, peers with lag. [any] */
  int32_t (*status)(void* self, kvh_bytes_sink sink) KVH_NOEXCEPT;
  /* "promote", "transfer-leader", "add", "remove", …; arguments and answer as JSON texts. Optional. */
  int32_t (*command)(void* self, const kvh_call* call, kvh_bytes name, kvh_bytes arguments,
                     kvh_bytes_sink sink, kvh_done done, kvh_error* error) KVH_NOEXCEPT;
} kvh_replication;

#ifdef __cplusplus
}
#endif

#endif /* KVHOST_ABI_REPLICATION_H */

/* The types that every table shares.
 *
 * Rules of the boundary (docs/PLUGINS.md explains them):
 *   - Every struct begins with its size in bytes as its writer knows it. A reader looks at a member
 *     only after KVH_HAS says that the size covers it. Structs grow at the end only.
 *   - Arrays come with a count and a stride, so that elements may grow too.
 *   - Fixed-width integers only; lengths are uint64_t; no bool, long, enum, time_t, bitfield.
 *   - Inputs are borrowed until the call returns. Outputs go through a sink. Nobody frees the other
 *     side's memory.
 *   - No exception crosses: thunks are noexcept on both sides.
 */
#ifndef KVHOST_ABI_TYPES_H
#define KVHOST_ABI_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "kvhost/abi/status.h"

#ifdef __cplusplus
#define KVH_NOEXCEPT noexcept
extern "C" {
#else
#define KVH_NOEXCEPT
#endif

#if defined(__GNUC__)
#define KVH_EXPORT __attribute__((visibility("default")))
#else
#define KVH_EXPORT
#endif

/* The version of the tables below. A host loads a plugin whose abi_major is its own and whose
 * abi_minor_required is not above its abi_minor. */
#define KVH_ABI_MAJOR 1u
#define KVH_ABI_MINOR 0u

/* True when *table is large enough to hold `member`; say && table->member for an optional slot. */
#define KVH_COVERS(table, type, member) \
  ((table)->size >= offsetof(type, member) + sizeof(((const type*)0)->member))
#define KVH_HAS(table, type, member) (KVH_COVERS(table, type, member) && (table)->member != 0)

/* Bytes, not terminated; data may be null when size is 0. */
typedef struct kvh_bytes {
  const char* data;
  uint64_t size;
} kvh_bytes;

#define KVH_ERROR_TEXT_CAPACITY 1008u

/* Words for a failure, in memory of the caller, who sets size. Text longer than the room is cut. A
 * failing function sets code and a non-empty text. */
typedef struct kvh_error {
  uint32_t size;
  int32_t code;
  uint32_t text_size;
  uint32_t reserved;
  char text[KVH_ERROR_TEXT_CAPACITY];
} kvh_error;

/* What an asynchronous call returns: KVH_PENDING, and `done` will be called exactly once, on any
 * thread; or a status code (KVH_OK, or a failure whose words are in the kvh_error), and `done` is
 * never called. */
#define KVH_PENDING (-1)

/* Ends an asynchronous call. It must not block, and is never called under a lock. `error` is null
 * when status is KVH_OK, and borrowed until fn returns. */
typedef struct kvh_done {
  void (*fn)(void* ctx, int32_t status, const kvh_error* error) KVH_NOEXCEPT;
  void* ctx;
} kvh_done;

/* Receives bytes, in pieces, before the call that it was given to completes. A return other than 0
 * asks the caller to stop. */
typedef struct kvh_bytes_sink {
  int32_t (*fn)(void* ctx, kvh_bytes piece) KVH_NOEXCEPT;
  void* ctx;
} kvh_bytes_sink;

/* Levels of a read. DEFAULT is the strongest that the replication strategy offers. */
#define KVH_READ_DEFAULT 0u
#define KVH_READ_LOCAL 1u
#define KVH_READ_LEADER 2u
#define KVH_READ_LINEARIZABLE 3u

/* The circumstances of one request. */
typedef struct kvh_call {
  uint32_t size;
  uint32_t space;       /* key space: 0 for everything but RESP databases 1–15 */
  uint32_t read_level;  /* KVH_READ_… */
  uint32_t flags;       /* KVH_CALL_… */
  uint64_t session;     /* from session_open */
  uint64_t deadline_ns; /* absolute CLOCK_MONOTONIC; 0 = [node] request_timeout from now */
  uint64_t token;       /* chosen by the caller to cancel by; 0 = will not be cancelled */
  uint64_t snapshot;    /* from snapshot_open; 0 = the newest state */
  kvh_bytes request_id; /* a retry with the same id is applied once; empty = none; at most 128 bytes */
  kvh_bytes trace;      /* W3C traceparent, for logs; may be empty */
} kvh_call;

#ifdef __cplusplus
}
#endif

#endif /* KVHOST_ABI_TYPES_H */

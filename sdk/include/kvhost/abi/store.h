/* kvhost.store/1: the data, as transports serve it. One choke point for limits, authentication, read
 * levels and deadlines.
 *
 * Asynchronous slots follow KVH_PENDING (types.h). Results go to a sink before the call completes,
 * on the thread that completes it. Inputs are borrowed until the call returns. Any thread.
 */
#ifndef KVHOST_ABI_STORE_H
#define KVHOST_ABI_STORE_H

#include "kvhost/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reads */
#define KVH_LOOKUP_ABSENT 0u
#define KVH_LOOKUP_FOUND 1u

typedef struct kvh_entry {
  uint32_t size;
  uint32_t lookup; /* KVH_LOOKUP_… */
  kvh_bytes key;
  kvh_bytes value;
  uint64_t version;
  uint64_t expires_at_ms; /* absolute, Unix; 0 = never */
  uint64_t ttl_ms;        /* what is left by the node's log time; 0 = no ttl */
} kvh_entry;

/* `count` entries in the order asked for; borrowed until fn returns. A return other than 0 asks for no
 * more calls. */
typedef struct kvh_entry_sink {
  int32_t (*fn)(void* ctx, const kvh_entry* entries, uint64_t count, uint64_t stride) KVH_NOEXCEPT;
  void* ctx;
} kvh_entry_sink;

/* ---- writes */
#define KVH_OP_PUT 1u
#define KVH_OP_DELETE 2u
#define KVH_OP_DELETE_RANGE 3u
#define KVH_OP_INCREMENT 4u

#define KVH_OP_WANT_EXISTED 1u /* result tells whether the key was there: costs a read */
#define KVH_OP_KEEP_TTL 2u     /* put keeps the ttl of the record that it replaces */
#define KVH_OP_TO_END 4u       /* delete_range without an end: to the end of the space */

/* Added to kvh_op.flags or kvh_condition.type: that key lies in this space instead of the call's, so
 * that one batch may span spaces. */
#define KVH_OTHER_SPACE 0x100u
#define KVH_SPACE_SHIFT 16u
#define KVH_IN_SPACE(space) (KVH_OTHER_SPACE | ((uint32_t)(space) << KVH_SPACE_SHIFT))

typedef struct kvh_op {
  uint32_t type;
  uint32_t flags;
  kvh_bytes key;         /* delete_range: start, inclusive */
  kvh_bytes value;       /* delete_range: end, exclusive */
  uint64_t ttl_ms;       /* put: 0 = none */
  uint64_t expires_at_ms; /* put: absolute, Unix, instead of ttl_ms; 0 = none */
  int64_t by;            /* increment */
} kvh_op;

#define KVH_IF_ABSENT 1u
#define KVH_IF_PRESENT 2u
#define KVH_IF_VERSION 3u
#define KVH_IF_VALUE 4u

typedef struct kvh_condition {
  uint32_t type; /* KVH_IF_…, perhaps with KVH_IN_SPACE */
  uint32_t reserved;
  kvh_bytes key;
  uint64_t version;
  kvh_bytes value;
} kvh_condition;

typedef struct kvh_op_result {
  uint32_t existed; /* 0 or 1; only where asked for, and for increments */
  uint32_t reserved;
  int64_t number; /* increment: the sum */
  uint64_t version;
} kvh_op_result;

typedef struct kvh_failed_condition {
  uint64_t index;           /* among the batch's conditions */
  uint64_t current_version; /* 0 = absent */
} kvh_failed_condition;

typedef struct kvh_result {
  uint32_t size;
  uint32_t reserved;
  uint64_t version; /* of the last operation; the newest one when nothing was written */
  uint64_t index;   /* the replication index; 0 without replication */
  uint64_t now_ms;
  const kvh_op_result* items;
  uint64_t item_count;
  uint64_t item_stride;
  const kvh_failed_condition* failed; /* with KVH_CONDITION_FAILED */
  uint64_t failed_count;
  uint64_t failed_stride;
} kvh_result;

typedef struct kvh_result_sink {
  void (*fn)(void* ctx, const kvh_result* result) KVH_NOEXCEPT;
  void* ctx;
} kvh_result_sink;

/* ---- ranges */
#define KVH_RANGE_TO_END 1u    /* `end` is not given: to the end of the space */
#define KVH_RANGE_REVERSE 2u   /* from the end backwards */
#define KVH_RANGE_KEYS_ONLY 4u /* values come empty */

typedef struct kvh_range {
  uint32_t size;
  uint32_t flags;
  kvh_bytes start; /* inclusive */
  kvh_bytes end;   /* exclusive */
} kvh_range;

typedef struct kvh_session_info {
  uint32_t size;
  uint32_t reserved;
  kvh_bytes transport; /* the component's name */
  kvh_bytes peer;      /* "127.0.0.1:40312", for logs */
} kvh_session_info;

/* ---- change events (a later round fills the slots) */
typedef struct kvh_watch_event {
  uint32_t size;
  uint32_t type; /* KVH_OP_PUT, KVH_OP_DELETE, or 16 = expiry */
  kvh_bytes key;
  kvh_bytes value;
  uint64_t version;
} kvh_watch_event;
typedef struct kvh_watch_sink {
  int32_t (*fn)(void* ctx, const kvh_watch_event* events, uint64_t count, uint64_t stride) KVH_NOEXCEPT;
  void* ctx;
} kvh_watch_sink;

typedef struct kvh_store {
  uint32_t size;
  uint32_t reserved;
  void* self;

  /* A session is one client's connection. Fails with KVH_DRAINING, KVH_STARTING, KVH_OVERLOADED. */
  int32_t (*session_open)(void* self, const kvh_session_info* info, uint64_t* session,
                          kvh_error* error) KVH_NOEXCEPT;
  /* Snapshots, cursors and watches of the session go with it. */
  void (*session_close)(void* self, uint64_t session) KVH_NOEXCEPT;
  int32_t (*authenticate)(void* self, uint64_t session, kvh_bytes user, kvh_bytes secret,
                          kvh_error* error) KVH_NOEXCEPT;

  /* One entry per key, in the order of `keys`, all from one state. */
  int32_t (*read)(void* self, const kvh_call* call, const kvh_bytes* keys, uint64_t count,
                  kvh_entry_sink sink, kvh_done done, kvh_error* error) KVH_NOEXCEPT;
  /* The operations happen together or not at all. The sink is called once on KVH_OK and on
   * KVH_CONDITION_FAILED. */
  int32_t (*write)(void* self, const kvh_call* call, const kvh_op* ops, uint64_t op_count,
                   uint64_t op_stride, const kvh_condition* conditions, uint64_t condition_count,
                   uint64_t condition_stride, kvh_result_sink sink, kvh_done done,
                   kvh_error* error) KVH_NOEXCEPT;

  int32_t (*snapshot_open)(void* self, const kvh_call* call, uint64_t* snapshot,
                           kvh_error* error) KVH_NOEXCEPT;
  void (*snapshot_close)(void* self, uint64_t session, uint64_t snapshot) KVH_NOEXCEPT;

  /* A cursor reads one state, in key order. It is used by one call at a time. */
  int32_t (*cursor_open)(void* self, const kvh_call* call, const kvh_range* range, uint64_t* cursor,
                         kvh_error* error) KVH_NOEXCEPT;
  /* Up to max_rows rows of at most about max_bytes together (at least one row); none = the end. */
  int32_t (*cursor_next)(void* self, const kvh_call* call, uint64_t cursor, uint64_t max_rows,
                         uint64_t max_bytes, kvh_entry_sink sink, kvh_done done,
                         kvh_error* error) KVH_NOEXCEPT;
  void (*cursor_close)(void* self, uint64_t session, uint64_t cursor) KVH_NOEXCEPT;

  /* Optional. */
  int32_t (*watch_open)(void* self, const kvh_call* call, const kvh_range* range,
                        uint64_t from_version, uint64_t credit, kvh_watch_sink sink,
                        uint64_t* watch, kvh_error* error) KVH_NOEXCEPT;
  void (*watch_credit)(void* self, uint64_t session, uint64_t watch, uint64_t credit) KVH_NOEXCEPT;
  void (*watch_close)(void* self, uint64_t session, uint64_t watch) KVH_NOEXCEPT;

  /* An administrator's command by name ("flush", "compact", …), arguments and answer as JSON texts. */
  int32_t (*command)(void* self, const kvh_call* call, kvh_bytes name, kvh_bytes arguments,
                     kvh_bytes_sink sink, kvh_done done, kvh_error* error) KVH_NOEXCEPT;
  /* What the node knows, as a JSON text: "health", "ready", "status", "stats", "lsm", "plugins",
   * "config". KVH_UNKNOWN_ROUTE for another name. May lock, never waits for the disk. */
  int32_t (*info)(void* self, kvh_bytes section, kvh_bytes_sink sink, kvh_error* error) KVH_NOEXCEPT;
  /* Hastens the `done` of the pending call with this token; never skips it. */
  void (*cancel)(void* self, uint64_t session, uint64_t token) KVH_NOEXCEPT;
} kvh_store;

#ifdef __cplusplus
}
#endif

#endif /* KVHOST_ABI_STORE_H */

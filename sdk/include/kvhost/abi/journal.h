/* kvhost.journal/1: a durable log for replication strategies, kept by the engine's own log code under
 * the data directory. One journal by name; one caller at a time. */
#ifndef KVHOST_ABI_JOURNAL_H
#define KVHOST_ABI_JOURNAL_H

#include "kvhost/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kvh_journal_entry {
  uint64_t index;
  uint64_t term;
  kvh_bytes payload;
} kvh_journal_entry;

typedef struct kvh_journal_sink {
  int32_t (*fn)(void* ctx, const kvh_journal_entry* entries, uint64_t count,
                uint64_t stride) KVH_NOEXCEPT;
  void* ctx;
} kvh_journal_sink;

typedef struct kvh_journal {
  uint32_t size;
  uint32_t reserved;
  void* self;
  /* Opens or makes the journal `name`; first and last are the indexes held (last < first: none). May
   * block. [control] */
  int32_t (*open)(void* self, kvh_bytes name, uint64_t* handle, uint64_t* first, uint64_t* last,
                  kvh_error* error) KVH_NOEXCEPT;
  void (*close)(void* self, uint64_t handle) KVH_NOEXCEPT;
  /* Entries follow each other; completes when they are durable. [any] */
  int32_t (*append)(void* self, uint64_t handle, const kvh_journal_entry* entries, uint64_t count,
                    uint64_t stride, kvh_done done, kvh_error* error) KVH_NOEXCEPT;
  /* Entries from index `from`, until max_bytes (at least one). May block. */
  int32_t (*read)(void* self, uint64_t handle, uint64_t from, uint64_t max_bytes,
                  kvh_journal_sink sink, kvh_error* error) KVH_NOEXCEPT;
  /* Entries below `index` are of no more use. */
  int32_t (*truncate_before)(void* self, uint64_t handle, uint64_t index,
                             kvh_error* error) KVH_NOEXCEPT;
  /* Entries above `index` never were; durable at return. May block. */
  int32_t (*truncate_after)(void* self, uint64_t handle, uint64_t index,
                            kvh_error* error) KVH_NOEXCEPT;
  /* A small value by name (epoch, vote), durable at return. May block. */
  int32_t (*put_meta)(void* self, uint64_t handle, kvh_bytes name, kvh_bytes value,
                      kvh_error* error) KVH_NOEXCEPT;
  /* The sink is not called when there is none. */
  int32_t (*get_meta)(void* self, uint64_t handle, kvh_bytes name, kvh_bytes_sink sink,
                      kvh_error* error) KVH_NOEXCEPT;
} kvh_journal;

#ifdef __cplusplus
}
#endif

#endif /* KVHOST_ABI_JOURNAL_H */

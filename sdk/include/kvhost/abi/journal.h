/* kvhost.journal/1: a durable log for replication strategies, kept by the engine's own log code under
 * DATA_DIR/journals/NAME. Offered to replication components only; open it in start or attach, when the
 * data directory is locked, not in create. Any thread may call; changes of one journal come from one
 * caller at a time.
 *
 * A failed write or sync stays: every later append and cut is refused with its cause (KVH_IO_ERROR)
 * until the node is started anew. KVH_NO_SPACE passes: what was refused is not in the journal, the end
 * is where it was before the first entry refused, and the next append tries again. */
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
  /* Opens or makes the journal `name` ([a-z0-9-], at most 64 bytes); first and last are the indexes
   * held (last < first: none, and the next append is last + 1; a new journal: 1 and 0). May block.
   * KVH_CONFLICT when it is open. KVH_CORRUPTION names the file. [control] */
  int32_t (*open)(void* self, kvh_bytes name, uint64_t* handle, uint64_t* first, uint64_t* last,
                  kvh_error* error) KVH_NOEXCEPT;
  /* Completes what was appended, then closes. May block. [control] */
  void (*close)(void* self, uint64_t handle) KVH_NOEXCEPT;
  /* Entries follow the last one held and each other (KVH_INVALID_ARGUMENT names what was expected);
   * completes when they are durable, several appends by one sync. `done` runs on the journal's thread
   * in the order of appends; it may append, and must not call what may block. [any] */
  int32_t (*append)(void* self, uint64_t handle, const kvh_journal_entry* entries, uint64_t count,
                    uint64_t stride, kvh_done done, kvh_error* error) KVH_NOEXCEPT;
  /* Entries from index `from`, durable or not, until max_bytes of payload (at least one; none when
   * `from` is beyond the last; the sink may get fewer than fit). KVH_COMPACTED below the first. May
   * block. [any] */
  int32_t (*read)(void* self, uint64_t handle, uint64_t from, uint64_t max_bytes,
                  kvh_journal_sink sink, kvh_error* error) KVH_NOEXCEPT;
  /* Entries below `index` are of no more use; files go in the background. Beyond last + 1: the journal
   * is emptied, and the next append is `index`. Durable no later than the next append. [any] */
  int32_t (*truncate_before)(void* self, uint64_t handle, uint64_t index,
                             kvh_error* error) KVH_NOEXCEPT;
  /* Entries above `index` never were; durable at return. `index` is at least first - 1. May block. */
  int32_t (*truncate_after)(void* self, uint64_t handle, uint64_t index,
                            kvh_error* error) KVH_NOEXCEPT;
  /* A small value by name (epoch, vote), durable at return, at most 64 KiB. After an error the old
   * one or the new one is there. May block. */
  int32_t (*put_meta)(void* self, uint64_t handle, kvh_bytes name, kvh_bytes value,
                      kvh_error* error) KVH_NOEXCEPT;
  /* The sink is not called when there is none. [any] */
  int32_t (*get_meta)(void* self, uint64_t handle, kvh_bytes name, kvh_bytes_sink sink,
                      kvh_error* error) KVH_NOEXCEPT;
  /* Optional from here. */
  /* The indexes held now, and the highest that is durable. [any] */
  int32_t (*bounds)(void* self, uint64_t handle, uint64_t* first, uint64_t* last, uint64_t* durable,
                    uint64_t* disk_bytes) KVH_NOEXCEPT;
} kvh_journal;

#ifdef __cplusplus
}
#endif

#endif /* KVHOST_ABI_JOURNAL_H */

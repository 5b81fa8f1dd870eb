/* The narrow border between the plugin (C++) and its raft core (Go, in a library of its own).
 *
 * Both sides copy: no pointer is kept after a call has returned, but for kvr_host, which lives as
 * long as the node. Batches cross, not single entries. Strings come with their length. A kvr_error
 * is filled by who fails; code 0 is success. */
#ifndef KVHOST_PLUGINS_RAFT_CORE_H
#define KVHOST_PLUGINS_RAFT_CORE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kvr_error {
  int32_t code; /* of the host's status table */
  uint32_t text_size;
  char text[2040];
} kvr_error;

typedef struct kvr_position {
  uint64_t incarnation;
  uint64_t term;
  uint64_t index;
} kvr_position;

/* Bytes made by the callee with malloc, freed by the caller with free. */
typedef struct kvr_buffer {
  char* data;
  uint64_t size;
} kvr_buffer;

/* What the core calls; on threads of Go's, any number at once. */
typedef struct kvr_host {
  void* self;
  void (*log)(void* self, uint32_t level, const char* text, uint64_t size);
  void (*fatal)(void* self, const char* text, uint64_t size); /* does not return */

  /* Bytes that take_proposals needs; 0: nothing waits. */
  uint64_t (*waiting_proposals)(void* self);
  /* Frames: u64 number, u64 nanoseconds left, u64 size, 40 bytes of room, the batch. Returns bytes
   * written; what does not fit stays. */
  uint64_t (*take_proposals)(void* self, char* buffer, uint64_t capacity);
  void (*finish_proposal)(void* self, uint64_t number, int32_t code, const char* text,
                          uint64_t size);
  /* Names all waiting barriers of a level; 0: there are none. */
  uint64_t (*take_reads)(void* self, uint32_t leader_level);
  void (*reads_ready)(void* self, uint64_t batch, uint64_t index);
  void (*reads_failed)(void* self, uint64_t batch, int32_t code, const char* text, uint64_t size);
  /* Refuses barriers past their deadline; returns how many batches became empty, the first `room`
   * of them in `batches`. */
  uint64_t (*expire_reads)(void* self, uint64_t* batches, uint64_t room);

  /* Frames: u64 now_ms, u64 number (0: of another node), u64 size, the batch. */
  int32_t (*apply)(void* self, kvr_position first, uint64_t count, const char* frames,
                   uint64_t size, kvr_error* error);
  void (*applied_to)(void* self, uint64_t index);
  void (*applied)(void* self, kvr_position* out);
  void (*durable)(void* self, kvr_position* out);
  uint32_t (*has_data)(void* self);
  uint64_t (*now_ms)(void* self);
  void (*role_changed)(void* self, uint32_t role, const char* advertise, uint64_t size);

  uint32_t (*can_checkpoint)(void* self);
  int32_t (*checkpoint_open)(void* self, uint64_t* id, kvr_position* at, kvr_buffer* manifest,
                             kvr_error* error);
  int32_t (*checkpoint_read)(void* self, uint64_t id, const char* file, uint64_t file_size,
                             uint64_t offset, char* buffer, uint64_t capacity, uint64_t* count,
                             kvr_error* error);
  void (*checkpoint_close)(void* self, uint64_t id);
  int32_t (*install_begin)(void* self, const char* manifest, uint64_t size, uint64_t* id,
                           kvr_error* error);
  /* Data stays null when the host does not say. */
  int32_t (*install_wanted)(void* self, uint64_t id, kvr_buffer* wanted, kvr_error* error);
  int32_t (*install_write)(void* self, uint64_t id, const char* file, uint64_t file_size,
                           uint64_t offset, const char* bytes, uint64_t size, kvr_error* error);
  int32_t (*install_commit)(void* self, uint64_t id, kvr_error* error);
  void (*install_abort)(void* self, uint64_t id);
} kvr_host;

/* What the core offers, found by name in its library. */
/* kvr_create: `config` is the JSON of raftnode.Config. Starts nothing. Returns a handle; 0: failed. */
typedef uint64_t (*kvr_create_fn)(kvr_host* host, char* config, uint64_t size, kvr_error* error);
typedef int32_t (*kvr_start_fn)(uint64_t node, kvr_error* error);
typedef void (*kvr_wake_fn)(uint64_t node); /* proposals or reads wait */
typedef void (*kvr_stop_fn)(uint64_t node);
typedef void (*kvr_destroy_fn)(uint64_t node);
typedef void (*kvr_status_fn)(uint64_t node, kvr_buffer* out);
/* Blocks until the command is carried out or the time is over. */
typedef int32_t (*kvr_command_fn)(uint64_t node, char* name, uint64_t name_size, char* arguments,
                                  uint64_t arguments_size, uint64_t patience_ns, kvr_buffer* out,
                                  kvr_error* error);

#ifdef __cplusplus
}
#endif

#endif /* KVHOST_PLUGINS_RAFT_CORE_H */

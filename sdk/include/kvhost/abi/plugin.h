/* What a plugin file offers: one exported function that returns one table.
 *
 * kvhost_plugin_v1() is pure: no I/O, no threads, no host calls, the same answer every time. All that
 * it points to lives as long as the library, which is never unmapped.
 */
#ifndef KVHOST_ABI_PLUGIN_H
#define KVHOST_ABI_PLUGIN_H

#include "kvhost/abi/host.h"
#include "kvhost/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Types of an option's value. */
#define KVH_OPTION_BOOLEAN 1u
#define KVH_OPTION_INTEGER 2u
#define KVH_OPTION_NUMBER 3u
#define KVH_OPTION_STRING 4u
#define KVH_OPTION_SIZE 5u     /* "64MiB"; an integer of bytes in kvh_value */
#define KVH_OPTION_DURATION 6u /* "10ms"; an integer of nanoseconds in kvh_value */
#define KVH_OPTION_CHOICE 7u   /* one of `choices` */
#define KVH_OPTION_ADDRESS 8u  /* "127.0.0.1:8080" */
#define KVH_OPTION_STRINGS 9u  /* an array of strings */
#define KVH_OPTION_TABLES 10u  /* an array of tables whose members are `nested` */
#define KVH_OPTION_PATH 11u    /* relative paths are made absolute against the file's folder */

#define KVH_OPTION_RELOADABLE 1u
#define KVH_OPTION_SECRET 2u
#define KVH_OPTION_REQUIRED 4u

/* One option, declared once: parsing, bounds, errors and reference page come from here. Default and
 * bounds are written as in the file: "64MiB", "10ms", "true". */
typedef struct kvh_option {
  uint32_t size;
  uint32_t type;
  uint32_t flags;
  uint32_t reserved;
  kvh_bytes path; /* the key below [….options] */
  kvh_bytes unit; /* for numbers: "bytes", "files", …; may be empty */
  kvh_bytes default_value;
  kvh_bytes min;  /* inclusive; empty = none */
  kvh_bytes max;
  const kvh_bytes* choices;
  uint64_t choice_count;
  kvh_bytes doc;
  const struct kvh_option* nested;
  uint64_t nested_count;
  uint64_t nested_stride;
} kvh_option;

/* One thing that a configuration can name. Lifecycle, all on the control thread:
 *   create → start → (reconfigure)* → drain → stop → destroy; destroy may follow create at once.
 */
typedef struct kvh_component {
  uint32_t size;
  uint32_t flags; /* KVH_COMPONENT_… */
  kvh_bytes kind; /* "kvhost.compaction/1" */
  kvh_bytes name; /* "tiered": [a-z0-9-], at most 64 bytes */
  kvh_bytes doc;
  const kvh_option* options;
  uint64_t option_count;
  uint64_t option_stride;
  const void* table; /* the kind's table: kvh_compaction, kvh_transport, … */
  /* Makes an instance from validated values. May do I/O, starts nothing. Required. */
  int32_t (*create)(const kvh_host* host, const kvh_config* config, void** self,
                    kvh_error* error) KVH_NOEXCEPT;
  void (*destroy)(void* self) KVH_NOEXCEPT; /* required */
  /* Starts threads, listens. When it fails the instance is destroyed. Optional. */
  int32_t (*start)(void* self, kvh_error* error) KVH_NOEXCEPT;
  /* Takes no new work; done when what was taken is finished or at the deadline. Optional. */
  int32_t (*drain)(void* self, uint64_t deadline_ns, kvh_done done) KVH_NOEXCEPT;
  /* Returns after every own thread is joined and every `done` was called. Optional. */
  void (*stop)(void* self, uint64_t deadline_ns) KVH_NOEXCEPT;
  /* Takes new values of reloadable options; on failure nothing changed. Optional. */
  int32_t (*reconfigure)(void* self, const kvh_config* config, kvh_error* error) KVH_NOEXCEPT;
} kvh_component;

/* The component brings a language runtime with threads of its own. */
#define KVH_COMPONENT_FOREIGN_RUNTIME 1u

typedef struct kvh_plugin {
  uint32_t size;
  uint32_t abi_major;          /* KVH_ABI_MAJOR of the headers */
  uint32_t abi_minor_required; /* the lowest host minor that this plugin works with */
  uint32_t reserved;
  kvh_bytes id; /* "org.example.tiered" */
  kvh_bytes name;
  kvh_bytes version; /* "1.0.0" */
  kvh_bytes vendor;
  kvh_bytes license;
  const kvh_component* components;
  uint64_t component_count;
  uint64_t component_stride;
} kvh_plugin;

/* The one exported symbol. */
#define KVH_ENTRY_SYMBOL "kvhost_plugin_v1"
KVH_EXPORT const kvh_plugin* kvhost_plugin_v1(void);

/* The manifest: a string in the ELF section ".kvhost.manifest", read without running any code:
 *   "kvhost-plugin 1\n" "id=org.example.tiered\n" "version=1.0.0\n" "abi=1.0\n"
 *   "component=kvhost.compaction/1 tiered\n"…
 * abi is MAJOR.MINOR_REQUIRED. KVHOST_PLUGIN of the SDK writes it. */
#define KVH_MANIFEST_SECTION ".kvhost.manifest"

#ifdef __cplusplus
}
#endif

#endif /* KVHOST_ABI_PLUGIN_H */

/* kvhost.transport/1: serves the store to clients over some protocol. It asks the host for
 * kvhost.store/1 in create, listens in start, and runs its own I/O threads, which never block. */
#ifndef KVHOST_ABI_TRANSPORT_H
#define KVHOST_ABI_TRANSPORT_H

#include "kvhost/abi/store.h"
#include "kvhost/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KVH_KIND_TRANSPORT "kvhost.transport/1"

typedef struct kvh_transport {
  uint32_t size;
  uint32_t reserved;
  /* The addresses that are listened on, one a piece: "127.0.0.1:8080". Valid after start. [any] */
  int32_t (*addresses)(void* self, kvh_bytes_sink sink) KVH_NOEXCEPT;
  /* Optional: what an operator wants to see, as one JSON object. [any] */
  int32_t (*info)(void* self, kvh_bytes_sink sink) KVH_NOEXCEPT;
} kvh_transport;

#ifdef __cplusplus
}
#endif

#endif /* KVHOST_ABI_TRANSPORT_H */

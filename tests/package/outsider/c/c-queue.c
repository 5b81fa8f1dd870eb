/* A replication strategy for one node: batches are applied in the order they come, one after
 * another, by whoever brings them. The engine's log makes them durable. */
#include <kvhost/abi/replication.h>
#include <pthread.h>
#include <stdlib.h>

#include "plain.h"

typedef struct queue {
  const kvh_state_machine* machine;
  pthread_mutex_t mutex; /* of what follows */
  pthread_cond_t changed;
  pthread_t thread;
  int is_running;
  struct proposal* first;
  struct proposal* last;
} queue;

typedef struct proposal {
  struct proposal* next;
  kvh_results_sink sink;
  kvh_done done;
  uint64_t count;
  kvh_ordered_batch batches[]; /* and their bytes behind them */
} proposal;

static int32_t create(const kvh_host* host, const kvh_config* config, void** self,
                      kvh_error* error) {
  queue* made = calloc(1, sizeof(*made));
  (void)host, (void)config;
  if (made == NULL) return fail(error, KVH_OUT_OF_MEMORY, "no memory for the strategy");
  pthread_mutex_init(&made->mutex, NULL);
  pthread_cond_init(&made->changed, NULL);
  *self = made;
  return KVH_OK;
}
static void destroy(void* self) {
  queue* mine = self;
  pthread_cond_destroy(&mine->changed);
  pthread_mutex_destroy(&mine->mutex);
  free(mine);
}

static void carry_out(queue* mine, proposal* one) {
  kvh_position next = {0, 0, 0};
  kvh_error error = {.size = sizeof(error)};
  int32_t code;
  mine->machine->applied(mine->machine->self, &next);
  ++next.index;
  for (uint64_t i = 0; i < one->count; ++i) {
    one->batches[i].now_ms = mine->machine->now_ms(mine->machine->self);
  }
  code = mine->machine->apply(mine->machine->self, &next, one->batches, one->count,
                              sizeof(kvh_ordered_batch), one->sink, &error);
  one->done.fn(one->done.ctx, code, code == KVH_OK ? NULL : &error);
  free(one);
}

static void* work(void* self) {
  queue* mine = self;
  pthread_mutex_lock(&mine->mutex);
  for (;;) {
    proposal* one = mine->first;
    if (one == NULL) {
      if (!mine->is_running) break;
      pthread_cond_wait(&mine->changed, &mine->mutex);
      continue;
    }
    mine->first = one->next;
    pthread_mutex_unlock(&mine->mutex);
    carry_out(mine, one);
    pthread_mutex_lock(&mine->mutex);
  }
  pthread_mutex_unlock(&mine->mutex);
  return NULL;
}

static uint64_t traits(void* self) {
  (void)self;
  return KVH_TRAIT_LEADER_READS | KVH_TRAIT_LINEARIZABLE;
}

static int32_t attach(void* self, const kvh_state_machine* machine, kvh_error* error) {
  queue* mine = self;
  const kvh_bytes nowhere = {NULL, 0};
  mine->machine = machine;
  mine->is_running = 1;
  if (pthread_create(&mine->thread, NULL, work, mine) != 0) {
    mine->is_running = 0;
    return fail(error, KVH_IO_ERROR, "no thread can be had");
  }
  machine->role_changed(machine->self, KVH_ROLE_LEADER, nowhere);
  return KVH_OK;
}

static void stop(void* self, uint64_t deadline_ns) {
  queue* mine = self;
  int was_running;
  (void)deadline_ns;
  pthread_mutex_lock(&mine->mutex);
  was_running = mine->is_running;
  mine->is_running = 0;
  pthread_cond_signal(&mine->changed);
  pthread_mutex_unlock(&mine->mutex);
  if (was_running) pthread_join(mine->thread, NULL);
}

static int32_t propose(void* self, const kvh_call* call, const kvh_bytes* batches, uint64_t count,
                       kvh_results_sink sink, kvh_done done, kvh_error* error) {
  queue* mine = self;
  uint64_t bytes = 0;
  proposal* one;
  char* at;
  (void)call;
  for (uint64_t i = 0; i < count; ++i) bytes += batches[i].size;
  one = malloc(sizeof(*one) + count * sizeof(one->batches[0]) + bytes);
  if (one == NULL) return fail(error, KVH_OUT_OF_MEMORY, "no memory for the batches");
  one->next = NULL;
  one->sink = sink;
  one->done = done;
  one->count = count;
  at = (char*)(one->batches + count);
  for (uint64_t i = 0; i < count; ++i) {
    if (batches[i].size != 0) memcpy(at, batches[i].data, batches[i].size);
    one->batches[i].bytes = (kvh_bytes){at, batches[i].size};
    at += batches[i].size;
  }
  pthread_mutex_lock(&mine->mutex);
  if (!mine->is_running) {
    pthread_mutex_unlock(&mine->mutex);
    free(one);
    return fail(error, KVH_DRAINING, "the strategy is stopping");
  }
  if (mine->first == NULL) {
    mine->first = one;
  } else {
    mine->last->next = one;
  }
  mine->last = one;
  pthread_cond_signal(&mine->changed);
  pthread_mutex_unlock(&mine->mutex);
  return KVH_PENDING;
}

static int32_t read_barrier(void* self, const kvh_call* call, kvh_barrier_sink sink, kvh_done done,
                            kvh_error* error) {
  queue* mine = self;
  kvh_barrier barrier = {.size = sizeof(barrier)};
  kvh_position applied;
  (void)call, (void)done, (void)error;
  mine->machine->applied(mine->machine->self, &applied);
  barrier.index = applied.index;
  barrier.now_ms = mine->machine->now_ms(mine->machine->self);
  sink.fn(sink.ctx, &barrier);
  return KVH_OK; /* at once: done is not called */
}

static int32_t leader_hint(void* self, kvh_bytes_sink sink) {
  (void)self, (void)sink;
  return KVH_OK;
}
static int32_t status(void* self, kvh_bytes_sink sink) {
  static const kvh_bytes text = BYTES("{\"role\":\"leader\"}");
  (void)self;
  sink.fn(sink.ctx, text);
  return KVH_OK;
}

static const kvh_replication table = {.size = sizeof(table),
                                      .traits = traits,
                                      .attach = attach,
                                      .propose = propose,
                                      .read_barrier = read_barrier,
                                      .leader_hint = leader_hint,
                                      .status = status};
static const kvh_component component = {.size = sizeof(component),
                                        .kind = BYTES(KVH_KIND_REPLICATION),
                                        .name = BYTES("c-queue"),
                                        .doc = BYTES("orders the batches of a single node"),
                                        .table = &table,
                                        .create = create,
                                        .destroy = destroy,
                                        .stop = stop};
PLUGIN("net.outsider.c-queue", "1.0.0", KVH_KIND_REPLICATION, "c-queue", &component)

/* A transport: every line is a key, and is answered with the key's value, or "-". One client is
 * served at a time, by one thread that waits for the store's answer. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <kvhost/abi/transport.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plain.h"

typedef struct echo {
  const kvh_store* store;
  char host[64];
  uint16_t port;
  char address[112];
  int listener;
  int wake;
  pthread_t thread;
  int is_running;
  pthread_mutex_t mutex; /* of what follows */
  pthread_cond_t answered;
  int is_answered;
  char value[4096];
  size_t value_size;
} echo;

static int32_t create(const kvh_host* host, const kvh_config* config, void** self,
                      kvh_error* error) {
  static const kvh_bytes listen_path = BYTES("listen");
  kvh_value listen = {.size = sizeof(listen)};
  const kvh_store* store = host->service(host->self, KVH_SERVICE_STORE);
  const char* colon;
  echo* made;
  if (store == NULL) return fail(error, KVH_NOT_SUPPORTED, "this host offers no store");
  if (config->get(config->self, listen_path, &listen) != KVH_OK || listen.string.size >= 64) {
    return fail(error, KVH_CONFIG_ERROR, "no address to listen on");
  }
  made = calloc(1, sizeof(*made));
  if (made == NULL) return fail(error, KVH_OUT_OF_MEMORY, "no memory for the transport");
  memcpy(made->host, listen.string.data, listen.string.size);
  colon = strrchr(made->host, ':');
  made->port = (uint16_t)atoi(colon + 1);
  made->host[colon - made->host] = '\0';
  made->store = store;
  made->listener = made->wake = -1;
  pthread_mutex_init(&made->mutex, NULL);
  pthread_cond_init(&made->answered, NULL);
  *self = made;
  return KVH_OK;
}

static void stop(void* self, uint64_t deadline_ns) {
  echo* mine = self;
  const uint64_t one = 1;
  (void)deadline_ns;
  if (mine->is_running) {
    if (write(mine->wake, &one, sizeof(one)) < 0) abort();
    pthread_join(mine->thread, NULL);
  }
  mine->is_running = 0;
  if (mine->listener >= 0) close(mine->listener);
  if (mine->wake >= 0) close(mine->wake);
  mine->listener = mine->wake = -1;
}
static void destroy(void* self) {
  echo* mine = self;
  stop(self, 0);
  pthread_cond_destroy(&mine->answered);
  pthread_mutex_destroy(&mine->mutex);
  free(mine);
}

static int32_t take(void* ctx, const kvh_entry* entries, uint64_t count, uint64_t stride) {
  echo* mine = ctx;
  (void)stride;
  mine->value_size = 0;
  if (count != 0 && entries->lookup == KVH_LOOKUP_FOUND &&
      entries->value.size < sizeof(mine->value)) {
    memcpy(mine->value, entries->value.data, entries->value.size);
    mine->value_size = entries->value.size;
  } else {
    mine->value[mine->value_size++] = '-';
  }
  return 0;
}
static void answered(void* ctx, int32_t status, const kvh_error* error) {
  echo* mine = ctx;
  (void)error;
  pthread_mutex_lock(&mine->mutex);
  mine->is_answered = 1;
  if (status != KVH_OK) {
    memcpy(mine->value, "error", 5);
    mine->value_size = 5;
  }
  pthread_cond_signal(&mine->answered);
  pthread_mutex_unlock(&mine->mutex);
}

/* The reply to one line is in mine->value. */
static void ask(echo* mine, uint64_t session, const char* key, size_t size) {
  const kvh_call call = {.size = sizeof(call), .session = session};
  const kvh_bytes bytes = {key, size};
  const kvh_entry_sink sink = {take, mine};
  const kvh_done done = {answered, mine};
  kvh_error error = {.size = sizeof(error)};
  int32_t code;
  mine->is_answered = 0;
  code = mine->store->read(mine->store->self, &call, &bytes, 1, sink, done, &error);
  if (code != KVH_PENDING) answered(mine, code, &error);
  pthread_mutex_lock(&mine->mutex);
  while (!mine->is_answered) pthread_cond_wait(&mine->answered, &mine->mutex);
  pthread_mutex_unlock(&mine->mutex);
  mine->value[mine->value_size++] = '\n';
}

/* 0 when it is time to stop. */
static int wait_for(const echo* mine, int file, short events) {
  struct pollfd files[2] = {{mine->wake, POLLIN, 0}, {file, events, 0}};
  while (poll(files, 2, -1) < 0 && errno == EINTR) continue;
  return files[0].revents == 0;
}

static void serve(echo* mine, int client, uint64_t session) {
  char line[2048];
  size_t size = 0;
  while (wait_for(mine, client, POLLIN)) {
    char* end;
    const ssize_t got = recv(client, line + size, sizeof(line) - size, 0);
    if (got <= 0) return;
    size += (size_t)got;
    while ((end = memchr(line, '\n', size)) != NULL) {
      const size_t used = (size_t)(end - line) + 1;
      size_t sent = 0;
      ask(mine, session, line, used - 1);
      while (sent < mine->value_size) {
        ssize_t now;
        if (!wait_for(mine, client, POLLOUT)) return;
        now = send(client, mine->value + sent, mine->value_size - sent,
                   MSG_NOSIGNAL | MSG_DONTWAIT);
        if (now <= 0) return;
        sent += (size_t)now;
      }
      size -= used;
      memmove(line, line + used, size);
    }
    if (size == sizeof(line)) return; /* no key is so long */
  }
}

static void* work(void* self) {
  echo* mine = self;
  while (wait_for(mine, mine->listener, POLLIN)) {
    static const kvh_bytes name = BYTES("c-echo");
    static const kvh_bytes peer = BYTES("a client");
    const kvh_session_info info = {
        .size = sizeof(info), .transport = {name.data, name.size}, .peer = {peer.data, peer.size}};
    const int client = accept4(mine->listener, NULL, NULL, SOCK_CLOEXEC);
    uint64_t session = 0;
    kvh_error error = {.size = sizeof(error)};
    if (client < 0) continue;
    if (mine->store->session_open(mine->store->self, &info, &session, &error) == KVH_OK) {
      serve(mine, client, session);
      mine->store->session_close(mine->store->self, session);
    }
    close(client);
  }
  return NULL;
}

static int32_t start(void* self, kvh_error* error) {
  echo* mine = self;
  const int one = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(mine->port)};
  socklen_t length = sizeof(to);
  if (inet_pton(AF_INET, mine->host, &to.sin_addr) != 1) {
    return fail(error, KVH_CONFIG_ERROR, "listen is no IPv4 address");
  }
  mine->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  setsockopt(mine->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  if (bind(mine->listener, (struct sockaddr*)&to, sizeof(to)) != 0 ||
      listen(mine->listener, 16) != 0) {
    const int32_t code = errno == EADDRINUSE ? KVH_ADDRESS_IN_USE : KVH_IO_ERROR;
    close(mine->listener);
    mine->listener = -1;
    snprintf(mine->address, sizeof(mine->address), "%s:%u cannot be listened on", mine->host,
             mine->port);
    return fail(error, code, mine->address);
  }
  getsockname(mine->listener, (struct sockaddr*)&to, &length);
  snprintf(mine->address, sizeof(mine->address), "%s:%u", mine->host, ntohs(to.sin_port));
  mine->wake = eventfd(0, EFD_CLOEXEC);
  if (pthread_create(&mine->thread, NULL, work, mine) != 0) {
    return fail(error, KVH_IO_ERROR, "no thread can be had");
  }
  mine->is_running = 1;
  return KVH_OK;
}

static int32_t addresses(void* self, kvh_bytes_sink sink) {
  const echo* mine = self;
  const kvh_bytes text = {mine->address, strlen(mine->address)};
  sink.fn(sink.ctx, text);
  return KVH_OK;
}

static const kvh_option options[] = {{.size = sizeof(kvh_option),
                                      .type = KVH_OPTION_ADDRESS,
                                      .path = BYTES("listen"),
                                      .default_value = BYTES("127.0.0.1:7074"),
                                      .doc = BYTES("where clients connect")}};
static const kvh_transport table = {.size = sizeof(table), .addresses = addresses};
static const kvh_component component = {.size = sizeof(component),
                                        .kind = BYTES(KVH_KIND_TRANSPORT),
                                        .name = BYTES("c-echo"),
                                        .doc = BYTES("a line is a key, the answer its value"),
                                        .options = options,
                                        .option_count = 1,
                                        .option_stride = sizeof(kvh_option),
                                        .table = &table,
                                        .create = create,
                                        .destroy = destroy,
                                        .start = start,
                                        .stop = stop};
PLUGIN("net.outsider.c-echo", "1.0.0", KVH_KIND_TRANSPORT, "c-echo", &component)

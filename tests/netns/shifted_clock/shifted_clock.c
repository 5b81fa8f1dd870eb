/* Preloaded into a node, this moves its wall clock by as many milliseconds as stand in the first
 * eight bytes of the file that KVHOST_CLOCK_SHIFT names. Monotonic clocks stay. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef int (*clock_function)(clockid_t, struct timespec*);

static const volatile int64_t* shift_ms;
static clock_function real_clock;

__attribute__((constructor)) static void begin(void) {
  real_clock = (clock_function)(intptr_t)dlsym(RTLD_NEXT, "clock_gettime");
  const char* const path = getenv("KVHOST_CLOCK_SHIFT");
  const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void* const mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  if (mapped != MAP_FAILED) shift_ms = mapped;
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  if (real_clock == NULL) real_clock = (clock_function)(intptr_t)dlsym(RTLD_NEXT, "clock_gettime");
  const int failed = real_clock(clock, now);
  if (failed != 0 || shift_ms == NULL) return failed;
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return 0;
  const int64_t shifted = now->tv_nsec + (*shift_ms % 1000) * 1000000;
  now->tv_sec += *shift_ms / 1000 + (shifted >= 1000000000) - (shifted < 0);
  now->tv_nsec = (shifted + 1000000000) % 1000000000;
  return 0;
}

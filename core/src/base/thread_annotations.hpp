// Names for clang's thread-safety analysis (-Wthread-safety); nothing under other compilers.
#pragma once

#if defined(__clang__)
#define KVHOST_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define KVHOST_THREAD_ANNOTATION(x)
#endif

#define KVHOST_CAPABILITY(name) KVHOST_THREAD_ANNOTATION(capability(name))
#define KVHOST_SCOPED_CAPABILITY KVHOST_THREAD_ANNOTATION(scoped_lockable)
// A member that is touched only under the mutex.
#define KVHOST_GUARDED_BY(mutex) KVHOST_THREAD_ANNOTATION(guarded_by(mutex))
// A pointer whose target is touched only under the mutex.
#define KVHOST_PT_GUARDED_BY(mutex) KVHOST_THREAD_ANNOTATION(pt_guarded_by(mutex))
// The caller holds the mutex.
#define KVHOST_REQUIRES(...) KVHOST_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
// The caller does not hold the mutex.
#define KVHOST_EXCLUDES(...) KVHOST_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define KVHOST_ACQUIRE(...) KVHOST_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define KVHOST_RELEASE(...) KVHOST_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define KVHOST_TRY_ACQUIRE(...) KVHOST_THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))
#define KVHOST_ASSERT_HELD(...) KVHOST_THREAD_ANNOTATION(assert_capability(__VA_ARGS__))
#define KVHOST_RETURN_CAPABILITY(mutex) KVHOST_THREAD_ANNOTATION(lock_returned(mutex))
#define KVHOST_NO_THREAD_SAFETY_ANALYSIS KVHOST_THREAD_ANNOTATION(no_thread_safety_analysis)

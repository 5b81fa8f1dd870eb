# KVHOST_SANITIZE = "address,undefined" | "thread" instruments everything, plugins included.
set(KVHOST_SANITIZE "" CACHE STRING "Sanitizers to build with, comma separated")
if(KVHOST_SANITIZE)
  add_compile_options(-fsanitize=${KVHOST_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KVHOST_SANITIZE})
  # The version script and -z defs of plugins do not go with sanitizer runtimes.
  set(KVHOST_SANITIZED ON)
  if(KVHOST_SANITIZE MATCHES "thread")
    # gcc's TSan does not know atomic_thread_fence; the code does not use it.
    add_compile_options(-Wno-tsan)
  endif()
endif()

# Everything is built so that libFuzzer sees its branches; the targets of tests/fuzz link the fuzzer.
option(KVHOST_FUZZ "Build the fuzz targets for libFuzzer (clang)" OFF)
if(KVHOST_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

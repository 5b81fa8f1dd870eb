# The warnings that every target of this project is built with.
add_library(kvhost_warnings INTERFACE)
target_compile_options(kvhost_warnings INTERFACE
  -Wall -Wextra -Wpedantic  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-missing-field-initializers -Wduplicated-cond>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-shadow -Wno-missing-field-initializers -Wthread-safety>)
option(KVHOST_WERROR "Treat warnings as errors" OFF)
if(KVHOST_WERROR)
  target_compile_options(kvhost_warnings INTERFACE -Werror)
endif()

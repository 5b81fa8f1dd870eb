# kvhost_add_plugin(NAME SOURCES file… [LIBRARIES target…])
#
# Builds NAME.so as the host wants it: one exported symbol, everything resolved at link time and at
# load time, nothing shared with other plugins by accident.
#
# kvhost_validate_plugin(NAME [argument…])
#
# Adds the test "NAME: validate": what every plugin of its kind has to stand, by `kvctl plugin
# validate` with the arguments given.
set(KVHOST_PLUGIN_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

function(kvhost_add_plugin name)
  cmake_parse_arguments(PLUGIN "" "" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT PLUGIN_SOURCES)
    message(FATAL_ERROR "kvhost_add_plugin(${name}): SOURCES is missing. Name the plugin's source files.")
  endif()
  add_library(${name} MODULE ${PLUGIN_SOURCES})
  set_property(GLOBAL APPEND PROPERTY KVHOST_PLUGIN_TARGETS ${name})
  target_link_libraries(${name} PRIVATE kvhost::sdk ${PLUGIN_LIBRARIES})
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(KVHOST_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY ${KVHOST_PLUGIN_OUTPUT_DIRECTORY})
  endif()
  target_compile_options(${name} PRIVATE
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE
    -Wl,-z,now
    -Wl,--version-script=${KVHOST_PLUGIN_CMAKE_DIR}/plugin.version)
  set_property(TARGET ${name} APPEND PROPERTY
    LINK_DEPENDS ${KVHOST_PLUGIN_CMAKE_DIR}/plugin.version)
  if(NOT KVHOST_SANITIZED)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
endfunction()

function(kvhost_validate_plugin name)
  if(TARGET kvctl)
    set(program $<TARGET_FILE:kvctl>)
  elseif(KVHOST_KVCTL)
    set(program ${KVHOST_KVCTL})
  else()
    message(STATUS "kvhost_validate_plugin(${name}): kvctl is not here, so ${name} is not validated")
    return()
  endif()
  add_test(NAME "${name}: validate" COMMAND ${program} plugin validate $<TARGET_FILE:${name}> ${ARGN})
  set_tests_properties("${name}: validate" PROPERTIES TIMEOUT 900)
endfunction()

# What `cmake --install` lays out, and kvhost_node: all that a running node needs.
include(CMakePackageConfigHelpers)

add_custom_target(kvhost_node)
get_property(plugins GLOBAL PROPERTY KVHOST_PLUGIN_TARGETS)
foreach(plugin IN LISTS plugins)
  get_target_property(folder ${plugin} SOURCE_DIR)
  string(FIND ${folder} ${PROJECT_SOURCE_DIR}/plugins/ position)
  if(position EQUAL 0)
    add_dependencies(kvhost_node ${plugin})
    install(TARGETS ${plugin} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/kvhost/plugins)
  endif()
endforeach()
foreach(program kvhost kvctl)
  if(TARGET ${program})
    add_dependencies(kvhost_node ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

# The SDK: find_package(kvhost) gives kvhost::sdk and kvhost_add_plugin().
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kvhost)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/sdk/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/sdk/conformance DESTINATION ${CMAKE_INSTALL_DATADIR}/kvhost
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cpp" PATTERN "*.md")
install(TARGETS kvhost_sdk EXPORT kvhost-targets)
# The author's guide, and the pages that it points to.
install(FILES ${PROJECT_SOURCE_DIR}/docs/PLUGINS.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/reference DESTINATION ${CMAKE_INSTALL_DOCDIR}
  FILES_MATCHING PATTERN "*.md")
install(EXPORT kvhost-targets NAMESPACE kvhost:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/kvhost-config.cmake.in
  ${CMAKE_BINARY_DIR}/kvhost-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/kvhost-config-version.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_BINARY_DIR}/kvhost-config.cmake
  ${CMAKE_BINARY_DIR}/kvhost-config-version.cmake
  ${PROJECT_SOURCE_DIR}/cmake/Plugin.cmake ${PROJECT_SOURCE_DIR}/cmake/plugin.version
  DESTINATION ${package_dir})

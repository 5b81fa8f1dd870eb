// A component of a library that is mapped: its descriptor read once, through its sizes and strides.
//
// Threads:   a value.
// Lifetime:  the pointers are good for ever: a loaded library is never unmapped.
#pragma once

#include <string>

#include "config/option_schema.hpp"
#include "kvhost/abi/plugin.h"

namespace kvhost::host {

struct LoadedComponent {
  std::string plugin_id;
  std::string plugin_version;
  std::string file;  // absolute
  std::string kind;  // "kvhost.transport/1"
  std::string name;  // "http"
  std::string doc;
  Schema options;
  const void* table = nullptr;
  const kvh_component* descriptor = nullptr;

  // `http (org.kvhost.http 0.1.0, /usr/lib/kvhost/plugins/transport-http.so)`, for messages.
  std::string describe() const;
};

}  // namespace kvhost::host

// The raft core's library: found beside the plugin's own file, checked like a plugin, loaded once
// and never unloaded, because a Go runtime cannot be.
//
// Threads:   any.
// Errors:    FORBIDDEN when the file or its folder could be changed by somebody else;
//            PLUGIN_INCOMPATIBLE when it cannot be loaded.
#pragma once

#include "kvhost/result.hpp"
#include "raft_core.h"

namespace kvhost::raft {

struct GoCore {
  kvr_create_fn create = nullptr;
  kvr_start_fn start = nullptr;
  kvr_wake_fn wake = nullptr;
  kvr_stop_fn stop = nullptr;
  kvr_destroy_fn destroy = nullptr;
  kvr_status_fn status = nullptr;
  kvr_command_fn command = nullptr;

  static Result<const GoCore*> load();
};

}  // namespace kvhost::raft

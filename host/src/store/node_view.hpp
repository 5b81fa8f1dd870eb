// What the store asks of the node around it, for `info` sections and administrators' commands.
//
// Threads:   any, concurrently.
// Lifetime:  outlives the facade's last call.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kvhost/status.hpp"

namespace kvhost::host {

struct TransportFacts {
  std::string name;
  std::vector<std::string> addresses;
  std::string info_json;  // one JSON object; may be empty
};

class NodeView {
 public:
  virtual ~NodeView() = default;
  virtual std::string node_id() const = 0;
  virtual std::string host_version() const = 0;
  virtual std::vector<TransportFacts> transports() const = 0;
  // Why the node cannot serve, beside what the store itself knows; empty = it can.
  virtual std::vector<std::string> not_ready_reasons() const { return {}; }
  // The sections "plugins" and "config", as JSON texts.
  virtual std::string plugins_json() const = 0;
  virtual std::string config_json() const = 0;
  // Puts another compaction policy to work, under load. `options` are lines of TOML, or an inline
  // table; empty: those of the file where it names this policy, else the defaults. May block (runs
  // on the background lane).
  virtual Status use_compaction(std::string_view name, std::string_view options) = 0;
};

}  // namespace kvhost::host

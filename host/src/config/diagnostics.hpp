// The mistakes of a configuration, all of them, each with its place.
//
// Threads:   one at a time.
#pragma once

#include <string>
#include <vector>

#include "config/source_place.hpp"
#include "kvhost/status.hpp"

namespace kvhost::host {

struct Diagnostic {
  SourcePlace place;
  std::string text;

  // "node.toml:12:5: [engine] memtable_size: expected …"
  std::string to_string() const;
};

class Diagnostics {
 public:
  void add(SourcePlace place, std::string text);
  void append(Diagnostics other);
  bool empty() const { return items_.empty(); }
  const std::vector<Diagnostic>& items() const { return items_; }
  // OK when there are none; else CONFIG_ERROR with one line per mistake, in the order of the file.
  Status to_status() const;

 private:
  std::vector<Diagnostic> items_;
};

}  // namespace kvhost::host

// What every plugin has to stand, check by check: what `kvctl plugin validate` runs, each in a
// process of its own.
//
// Threads:   a check runs in a process that has no other thread, and may leave some behind.
// Errors:    a check tells its Report; a plugin that crashes or hangs takes the process with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/testing/fake_config.hpp"

namespace kvhost::conformance {

// The component that is looked at.
struct Subject {
  std::string file;  // absolute
  std::string id;    // of the plugin, as its manifest says
  std::string version;
  std::string kind;  // "kvhost.compaction/1"
  std::string name;
  uint64_t seed = 1;
  testing::Values options;  // what its author gave, over the defaults
};

class Report {
 public:
  // One thing that does not hold; the check goes on.
  void fail(std::string what) { failures_.push_back(std::move(what)); }
  bool expect(bool holds, std::string_view what) {
    if (!holds) fail(std::string(what));
    return holds;
  }
  // The check does not apply, and why.
  void skip(std::string why) { skipped_ = std::move(why); }
  // A figure for the author's eyes.
  void note(std::string what) { note_ = std::move(what); }

  const std::vector<std::string>& failures() const { return failures_; }
  const std::string& skipped() const { return skipped_; }
  const std::string& note() const { return note_; }

 private:
  std::vector<std::string> failures_;
  std::string skipped_;
  std::string note_;
};

struct Check {
  std::string_view name;
  std::string_view promise;  // what a plugin that passes keeps
  std::string_view kind;     // empty: of every kind
  std::chrono::seconds limit;
  void (*run)(const Subject&, Report&);
};

// Those of every kind first.
const std::vector<Check>& all_checks();

}  // namespace kvhost::conformance

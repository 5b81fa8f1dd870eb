// Lets one write of a request id go at a time; retries that come meanwhile wait for their turn.
//
// Threads:   any. Turns are run under no lock.
// Lifetime:  shared with the writes.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

namespace kvhost::host {

class RequestIds {
 public:
  // Starts the write; false when it has been given up meanwhile, and its turn passes on at once.
  using Turn = std::function<bool()>;

  // True: the caller has the turn, and ends it with pass_on(). False: `turn` will be run.
  bool begin(const std::string& id, Turn turn);
  void pass_on(const std::string& id);

 private:
  Turn next(const std::string& id);

  std::mutex mutex_;
  std::unordered_map<std::string, std::deque<Turn>> waiting_;
};

}  // namespace kvhost::host

// Settings that mean nothing in this node, and that test suites and clients set all the same: they
// read as they were set.
//
// Threads:   any.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace kvhost::resp {

class RememberedSettings {
 public:
  std::string get(std::string_view name, std::string_view otherwise) const {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(name);
    return std::string(found == values_.end() ? otherwise : found->second);
  }
  void set(std::string_view name, std::string_view value) {
    const std::lock_guard lock(mutex_);
    values_.insert_or_assign(std::string(name), std::string(value));
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace kvhost::resp

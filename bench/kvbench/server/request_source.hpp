// The requests of one connection, as a workload has them.
//
// Threads:   one each.
// Errors:    workload_named() throws std::invalid_argument, whose words list what there is.
#pragma once

#include <cstdint>
#include <string>

#include "../generator.hpp"

namespace kvbench {

struct ServerWorkload {
  const char* name;
  uint32_t get_percent;  // the rest are puts over keys that are there
  bool is_zipfian;
  bool is_missing = false;  // gets ask for keys beside those that are there
};

const ServerWorkload& workload_named(const std::string& name);
// "put, get, …"
std::string workload_names();

struct Request {
  bool is_put = false;
  uint64_t number = 0;   // of the key
  uint64_t version = 0;  // of a put's value
};

class RequestSource {
 public:
  virtual ~RequestSource() = default;
  virtual Request next() = 0;
};

// Every `step`-th key of the data set from `first` on, once each.
class LoadSource final : public RequestSource {
 public:
  LoadSource(uint64_t first, uint64_t step) : next_(first), step_(step) {}
  Request next() override {
    const uint64_t index = next_;
    next_ += step_;
    return {true, key_number(index, false), 1};
  }

 private:
  uint64_t next_;
  uint64_t step_;
};

class WorkloadSource final : public RequestSource {
 public:
  WorkloadSource(const ServerWorkload& workload, uint64_t keys, uint64_t seed)
      : workload_(workload), chooser_(keys, workload.is_zipfian, seed) {}
  Request next() override {
    const bool is_put = chooser_.raw() % 100 >= workload_.get_percent;
    const uint64_t number = key_number(chooser_.next(), false);
    return {is_put, workload_.is_missing ? number ^ 1 : number, ++requests_ + 1};
  }

 private:
  const ServerWorkload& workload_;
  Chooser chooser_;
  uint64_t requests_ = 0;
};

}  // namespace kvbench

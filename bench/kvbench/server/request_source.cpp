#include "request_source.hpp"

#include <array>
#include <stdexcept>

namespace kvbench {
namespace {

// YCSB's names are those of its core workloads, A, B and C.
constexpr std::array<ServerWorkload, 9> kWorkloads = {{
    {"put", 0, false},
    {"putzipf", 0, true},
    {"get", 100, false},
    {"getzipf", 100, true},
    {"getmissing", 100, false, true},
    {"mixed", 50, false},
    {"ycsba", 50, true},
    {"ycsbb", 95, true},
    {"ycsbc", 100, true},
}};

}  // namespace

std::string workload_names() {
  std::string names;
  for (const auto& workload : kWorkloads) {
    names += (names.empty() ? "" : ", ") + std::string(workload.name);
  }
  return names;
}

const ServerWorkload& workload_named(const std::string& name) {
  for (const auto& workload : kWorkloads) {
    if (name == workload.name) return workload;
  }
  throw std::invalid_argument("--workload \"" + name + "\": expected one of " + workload_names());
}

}  // namespace kvbench

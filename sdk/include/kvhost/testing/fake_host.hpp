// A host for one component under test. Log lines and metrics are kept, time stands until it is
// moved, posted work waits until it is run, the journal is in memory, and a store is there for
// those who are given one.
//
//   FakeStore store;
//   FakeHost host(store.table());
//   FakeConfig config(Mine::kOptions, {{"listen", "127.0.0.1:0"}});
//   kvhost::Context context(host.table());
//   auto made = Mine::create(context, kvhost::Config(config.table()));
//
// Threads:   any.
// Lifetime:  outlives the component.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/plugin.hpp"
#include "kvhost/testing/fake_config.hpp"
#include "kvhost/testing/fake_executor.hpp"
#include "kvhost/testing/fake_journal.hpp"
#include "kvhost/testing/fake_metrics.hpp"
#include "kvhost/testing/fake_time.hpp"
#include "kvhost/testing/temporary_folder.hpp"

namespace kvhost::testing {

class FakeHost {
 public:
  explicit FakeHost(const kvh_store* store = nullptr) {
    node_.size = sizeof(node_);
    node_.io_threads = 2;
    node_.node_id = detail::to_bytes("node1");
    node_.host_version = detail::to_bytes("0.1.0");
    node_.data_dir = detail::to_bytes(data_dir_.path());
    node_.max_key_bytes = uint64_t{64} << 10;
    node_.max_value_bytes = uint64_t{64} << 20;
    node_.max_batch_bytes = uint64_t{256} << 20;
    node_.request_timeout_ns = 5'000'000'000;
    log_ = {sizeof(kvh_log), 0, this, [](void*, uint32_t) noexcept -> int32_t { return 1; },
            &FakeHost::write_line};
    offer(KVH_SERVICE_LOG, &log_);
    offer(KVH_SERVICE_NODE, &node_);
    offer(KVH_SERVICE_METRICS, metrics_.table());
    offer(KVH_SERVICE_TIMER, time_.table());
    offer(KVH_SERVICE_EXECUTOR, executor_.table());
    offer(KVH_SERVICE_JOURNAL, journal_.table());
    offer(KVH_SERVICE_STORE, store);
    host_ = {sizeof(kvh_host), KVH_ABI_MAJOR, KVH_ABI_MINOR, 0, this, &FakeHost::service};
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  const kvh_host* table() const { return &host_; }
  kvh_node& node() { return node_; }  // change before create
  // Replaces a service, or takes it away with null. Before create.
  void offer(const std::string& id, const void* table) { services_[id] = table; }

  FakeTime& time() { return time_; }
  FakeExecutor& executor() { return executor_; }
  FakeMetrics& metrics() { return metrics_; }
  FakeJournal& journal() { return journal_; }

  // What was logged, as written. With KVHOST_TEST_LOG in the environment it goes to stderr, too.
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  bool logged(std::string_view words) const {
    const std::lock_guard lock(mutex_);
    for (const auto& line : lines_) {
      if (line.find(words) != std::string::npos) return true;
    }
    return false;
  }
  // FakeMetrics::value.
  double metric(const std::string& name) const { return metrics_.value(name); }
  std::vector<std::string> metric_names() const { return metrics_.names(); }

 private:
  static const void* service(void* self, const char* id) noexcept {
    const auto& services = static_cast<FakeHost*>(self)->services_;
    const auto at = services.find(std::string_view(id));
    return at == services.end() ? nullptr : at->second;
  }
  static void write_line(void* self, uint32_t, kvh_bytes text) noexcept {
    auto& host = *static_cast<FakeHost*>(self);
    static const bool is_echoed = std::getenv("KVHOST_TEST_LOG") != nullptr;
    const std::lock_guard lock(host.mutex_);
    host.lines_.emplace_back(detail::to_view(text));
    if (is_echoed) std::fprintf(stderr, "log: %s\n", host.lines_.back().c_str());
  }

  const TemporaryFolder data_dir_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  FakeMetrics metrics_;
  FakeTime time_;
  FakeExecutor executor_;
  FakeJournal journal_;
  std::map<std::string, const void*, std::less<>> services_;
  kvh_log log_{};
  kvh_node node_{};
  kvh_host host_{};
};

}  // namespace kvhost::testing

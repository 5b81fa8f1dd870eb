// What the host offers to a component: words, facts, time, threads, metrics; for transports the store
// (store.hpp), for replication strategies the journal (journal.hpp).
//
// Threads:   any, for everything here.
// Lifetime:  a Context is a small value; copy it. It is good until the component is destroyed.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/abi/host.h"
#include "kvhost/detail/boundary.hpp"

namespace kvhost {

// The host's log. Does nothing when the host has none.
class Log {
 public:
  Log() = default;
  explicit Log(const kvh_log* log) : log_(log) {}
  bool enabled(uint32_t level) const {
    return log_ != nullptr && log_->enabled(log_->self, level) != 0;
  }
  void debug(std::string_view text) const { write(KVH_LOG_DEBUG, text); }
  void info(std::string_view text) const { write(KVH_LOG_INFO, text); }
  void warning(std::string_view text) const { write(KVH_LOG_WARNING, text); }
  void error(std::string_view text) const { write(KVH_LOG_ERROR, text); }

 private:
  void write(uint32_t level, std::string_view text) const {
    if (log_ != nullptr) log_->write(log_->self, level, detail::to_bytes(text));
  }
  const kvh_log* log_ = nullptr;
};

// Facts about the node that the component runs on.
struct NodeInfo {
  std::string node_id = "node";
  std::string host_version;
  std::string data_dir;
  uint32_t io_threads = 1;
  uint64_t max_key_bytes = uint64_t{64} << 10;
  uint64_t max_value_bytes = uint64_t{64} << 20;
  uint64_t max_batch_bytes = uint64_t{256} << 20;
  std::chrono::nanoseconds request_timeout{std::chrono::seconds(5)};
  bool allow_insecure = false;
};

// Calls back later, on a thread of the host's. Callbacks must not block or throw.
class Timer {
 public:
  Timer() = default;
  explicit Timer(const kvh_timer* timer) : timer_(timer) {}
  // `fn(ctx)` once after `delay`; the id is never 0.
  uint64_t after(std::chrono::nanoseconds delay, void (*fn)(void*) KVH_NOEXCEPT, void* ctx) const {
    return timer_->after(timer_->self, static_cast<uint64_t>(delay.count()), fn, ctx);
  }
  // After the return the callback is not running and will not run; true if it had not run.
  bool cancel(uint64_t id) const { return timer_->cancel(timer_->self, id) != 0; }
  explicit operator bool() const { return timer_ != nullptr; }

 private:
  const kvh_timer* timer_ = nullptr;
};

// Threads of the host's that may block.
class Executor {
 public:
  Executor() = default;
  explicit Executor(const kvh_executor* executor) : executor_(executor) {}
  // Runs `work` on a lane (KVH_LANE_…). OVERLOADED when the lane is full: it will not run.
  Status post(uint32_t lane, std::function<void()> work) const {
    auto owned = std::make_unique<std::function<void()>>(std::move(work));
    const int32_t code = executor_->post(
        executor_->self, lane,
        [](void* ctx) noexcept {
          std::unique_ptr<std::function<void()>> mine(static_cast<std::function<void()>*>(ctx));
          detail::swallowed(*mine);
        },
        owned.get());
    if (code != KVH_OK) return {static_cast<StatusCode>(code), "the host's executor is full"};
    (void)owned.release();
    return {};
  }
  explicit operator bool() const { return executor_ != nullptr; }

 private:
  const kvh_executor* executor_ = nullptr;
};

// One series; a default-made one counts into nothing. Calls are lock-free.
class Series {
 public:
  Series() = default;
  Series(const kvh_metrics* metrics, void* series) : metrics_(metrics), series_(series) {}
  void add(double amount = 1) const {
    if (series_ != nullptr) metrics_->add(metrics_->self, series_, amount);
  }
  void set(double value) const {
    if (series_ != nullptr) metrics_->set(metrics_->self, series_, value);
  }
  void observe(double value) const {
    if (series_ != nullptr) metrics_->observe(metrics_->self, series_, value);
  }
  void retire() {
    if (series_ != nullptr) metrics_->retire(metrics_->self, series_);
    series_ = nullptr;
  }

 private:
  const kvh_metrics* metrics_ = nullptr;
  void* series_ = nullptr;
};

// All series of one name. Asking for a series may lock: keep the Series.
class Family {
 public:
  Family() = default;
  Family(const kvh_metrics* metrics, uint64_t handle) : metrics_(metrics), handle_(handle) {}
  Series series(std::initializer_list<std::string_view> label_values = {}) const {
    if (metrics_ == nullptr || handle_ == 0) return {};
    std::vector<kvh_bytes> values;
    for (const auto value : label_values) values.push_back(detail::to_bytes(value));
    return {metrics_, metrics_->series(metrics_->self, handle_, values.data(), values.size())};
  }

 private:
  const kvh_metrics* metrics_ = nullptr;
  uint64_t handle_ = 0;
};

// Registers families; a family that the host refuses counts into nothing.
class Metrics {
 public:
  Metrics() = default;
  explicit Metrics(const kvh_metrics* metrics) : metrics_(metrics) {}
  Family counter(std::string_view name, std::string_view help,
                 std::initializer_list<std::string_view> labels = {}) const {
    return family(KVH_METRIC_COUNTER, name, help, labels, {});
  }
  Family gauge(std::string_view name, std::string_view help,
               std::initializer_list<std::string_view> labels = {}) const {
    return family(KVH_METRIC_GAUGE, name, help, labels, {});
  }
  // Without bounds: seconds, from 10 µs doubling.
  Family histogram(std::string_view name, std::string_view help,
                   std::initializer_list<std::string_view> labels = {},
                   std::initializer_list<double> bounds = {}) const {
    return family(KVH_METRIC_HISTOGRAM, name, help, labels, bounds);
  }

 private:
  Family family(uint32_t type, std::string_view name, std::string_view help,
                std::initializer_list<std::string_view> labels,
                std::initializer_list<double> bounds) const {
    if (metrics_ == nullptr) return {};
    std::vector<kvh_bytes> names;
    for (const auto label : labels) names.push_back(detail::to_bytes(label));
    kvh_family_info info{};
    info.size = sizeof(info);
    info.type = type;
    info.name = detail::to_bytes(name);
    info.help = detail::to_bytes(help);
    info.label_names = names.data();
    info.label_count = names.size();
    info.buckets = bounds.size() == 0 ? nullptr : bounds.begin();
    info.bucket_count = bounds.size();
    kvh_error error = detail::make_error();
    return {metrics_, metrics_->family(metrics_->self, &info, &error)};
  }
  const kvh_metrics* metrics_ = nullptr;
};

class Context {
 public:
  explicit Context(const kvh_host* host) : host_(host) {}

  Log log() const { return Log(service<kvh_log>(KVH_SERVICE_LOG)); }
  Timer timer() const { return Timer(service<kvh_timer>(KVH_SERVICE_TIMER)); }
  Executor executor() const { return Executor(service<kvh_executor>(KVH_SERVICE_EXECUTOR)); }
  Metrics metrics() const { return Metrics(service<kvh_metrics>(KVH_SERVICE_METRICS)); }
  NodeInfo node() const {
    NodeInfo info;
    const auto* node = service<kvh_node>(KVH_SERVICE_NODE);
    if (node == nullptr) return info;
    info.node_id = detail::to_view(node->node_id);
    info.host_version = detail::to_view(node->host_version);
    info.data_dir = detail::to_view(node->data_dir);
    info.io_threads = node->io_threads;
    info.max_key_bytes = node->max_key_bytes;
    info.max_value_bytes = node->max_value_bytes;
    info.max_batch_bytes = node->max_batch_bytes;
    info.request_timeout = std::chrono::nanoseconds(node->request_timeout_ns);
    info.allow_insecure = node->allow_insecure != 0;
    return info;
  }

  uint32_t host_abi_minor() const { return host_->abi_minor; }
  // The table of a service, or null where this host has none.
  template <typename Table>
  const Table* service(const char* id) const {
    return static_cast<const Table*>(host_->service(host_->self, id));
  }

 private:
  const kvh_host* host_;
};

}  // namespace kvhost

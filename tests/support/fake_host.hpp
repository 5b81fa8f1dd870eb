// A host for one component under test: log, node facts, metrics and, for transports, a store; and
// the component's options with their defaults, some of them replaced.
//
//   FakeHost host(store.table());
//   FakeConfig config(T::kOptions, {{"listen", "127.0.0.1:0"}});
//   kvhost::Context context(host.table());
//   auto made = T::create(context, kvhost::Config(config.table()));
//
// Threads:   any. FakeConfig: one.
// Lifetime:  outlives the component.
#pragma once

#include <charconv>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/plugin.hpp"

namespace kvhost::testing {

class FakeHost {
 public:
  explicit FakeHost(const kvh_store* store = nullptr) : store_(store) {
    node_.size = sizeof(node_);
    node_.io_threads = 2;
    node_.node_id = detail::to_bytes("node1");
    node_.host_version = detail::to_bytes("0.1.0");
    node_.data_dir = detail::to_bytes("/nonexistent");
    node_.max_key_bytes = uint64_t{64} << 10;
    node_.max_value_bytes = uint64_t{64} << 20;
    node_.max_batch_bytes = uint64_t{256} << 20;
    node_.request_timeout_ns = 5'000'000'000;
    fill_log();
    fill_metrics();
    host_ = {sizeof(kvh_host),
             KVH_ABI_MAJOR,
             KVH_ABI_MINOR,
             0,
             this,
             [](void* self, const char* id) noexcept { return of(self).service(id); }};
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  const kvh_host* table() const { return &host_; }
  kvh_node& node() { return node_; }  // change before create

  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  // The value of a counter or gauge, or a histogram's count: "name{label,label}"; 0 when there is
  // none.
  double metric(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto at = series_.find(name);
    return at == series_.end() ? 0 : at->second;
  }
  std::vector<std::string> metric_names() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, value] : series_) names.push_back(name);
    return names;
  }

 private:
  static FakeHost& of(void* self) { return *static_cast<FakeHost*>(self); }

  const void* service(std::string_view id) const {
    if (id == KVH_SERVICE_LOG) return &log_;
    if (id == KVH_SERVICE_NODE) return &node_;
    if (id == KVH_SERVICE_METRICS) return &metrics_;
    if (id == KVH_SERVICE_STORE) return store_;
    return nullptr;
  }

  void fill_log() {
    log_ = {sizeof(kvh_log), 0, this, [](void*, uint32_t) noexcept -> int32_t { return 1; },
            [](void* self, uint32_t, kvh_bytes text) noexcept {
              const std::lock_guard lock(of(self).mutex_);
              of(self).lines_.emplace_back(detail::to_view(text));
            }};
  }

  void change(void* series, double amount, bool replace) {
    const std::lock_guard lock(mutex_);
    auto& value = *static_cast<double*>(series);
    value = replace ? amount : value + amount;
  }

  void fill_metrics() {
    metrics_.size = sizeof(kvh_metrics);
    metrics_.self = this;
    metrics_.family = [](void* self, const kvh_family_info* info, kvh_error*) noexcept -> uint64_t {
      const std::lock_guard lock(of(self).mutex_);
      auto& families = of(self).families_;
      const std::pair<std::string, uint64_t> family{detail::to_view(info->name), info->label_count};
      for (std::size_t i = 0; i < families.size(); ++i) {
        if (families[i] == family) return i + 1;
      }
      families.push_back(family);
      return families.size();
    };
    metrics_.series = [](void* self, uint64_t family, const kvh_bytes* values,
                         uint64_t count) noexcept -> void* {
      const std::lock_guard lock(of(self).mutex_);
      const auto& [family_name, labels] = of(self).families_.at(family - 1);
      if (labels != count) return nullptr;
      std::string name = family_name;
      for (uint64_t i = 0; i < count; ++i) {
        name += (i == 0 ? "{" : ",") + std::string(detail::to_view(values[i]));
      }
      return &of(self).series_[count == 0 ? name : name + "}"];
    };
    metrics_.add = [](void* self, void* series, double amount) noexcept {
      of(self).change(series, amount, false);
    };
    metrics_.set = [](void* self, void* series, double value) noexcept {
      of(self).change(series, value, true);
    };
    metrics_.observe = [](void* self, void* series, double) noexcept {
      of(self).change(series, 1, false);
    };
    metrics_.retire = [](void*, void*) noexcept {};
  }

  const kvh_store* store_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::deque<std::pair<std::string, uint64_t>> families_;
  std::map<std::string, double> series_;
  kvh_host host_{};
  kvh_log log_{};
  kvh_node node_{};
  kvh_metrics metrics_{};
};

// Understands what defaults and overrides are written in: numbers, true and false, sizes ("64KiB"),
// durations ("10ms") and strings.
class FakeConfig {
 public:
  template <std::size_t N>
  explicit FakeConfig(const OptionList<N>& options, std::map<std::string, std::string> given = {})
      : given_(std::move(given)), declared_(options.items.data(), options.items.size()) {
    table_ = {sizeof(kvh_config), 0, this,
              [](void* self, kvh_bytes path, kvh_value* out) noexcept -> int32_t {
                return static_cast<FakeConfig*>(self)->get(detail::to_view(path), *out);
              },
              [](void* self, kvh_bytes path, kvh_bytes text) noexcept {
                static_cast<FakeConfig*>(self)->failures.push_back(
                    std::string(detail::to_view(path)) + ": " + std::string(detail::to_view(text)));
              }};
  }
  FakeConfig(const FakeConfig&) = delete;
  FakeConfig& operator=(const FakeConfig&) = delete;

  const kvh_config* table() const { return &table_; }
  std::vector<std::string> failures;  // what the component said by Config::fail

 private:
  int32_t get(std::string_view path, kvh_value& out) const {
    for (std::size_t i = 0; i < declared_.count(); ++i) {
      const kvh_option& option = declared_.rows()[i];
      if (detail::to_view(option.path) != path) continue;
      const auto given = given_.find(std::string(path));
      const std::string_view text = given != given_.end() ? std::string_view(given->second)
                                                          : detail::to_view(option.default_value);
      out.type = option.type;
      out.is_set = text.empty() ? 0 : 1;
      out.string = detail::to_bytes(text);
      parse_number(text, out);
      return KVH_OK;
    }
    return KVH_INVALID_ARGUMENT;
  }

  static void parse_number(std::string_view text, kvh_value& out) {
    if (text == "true") out.integer = 1;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out.integer);
    if (parsed.ec != std::errc()) return;
    const std::string_view unit(parsed.ptr,
                                static_cast<std::size_t>(text.data() + text.size() - parsed.ptr));
    static const std::map<std::string_view, int64_t> kUnits = {{"ns", 1},
                                                               {"us", 1000},
                                                               {"ms", 1'000'000},
                                                               {"s", 1'000'000'000},
                                                               {"m", 60'000'000'000},
                                                               {"h", 3'600'000'000'000},
                                                               {"B", 1},
                                                               {"KiB", 1 << 10},
                                                               {"MiB", 1 << 20},
                                                               {"GiB", 1 << 30},
                                                               {"KB", 1000},
                                                               {"MB", 1'000'000}};
    out.number = static_cast<double>(out.integer);
    if (const auto at = kUnits.find(unit); at != kUnits.end()) out.integer *= at->second;
  }

  std::map<std::string, std::string> given_;
  detail::OptionTable declared_;
  kvh_config table_{};
};

}  // namespace kvhost::testing

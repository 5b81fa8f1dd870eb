#include "services/host_services.hpp"

#include <string_view>
#include <utility>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::host {
namespace {

LogLevel to_level(uint32_t level) {
  switch (level) {
    case KVH_LOG_DEBUG:
      return LogLevel::kDebug;
    case KVH_LOG_INFO:
      return LogLevel::kInfo;
    case KVH_LOG_WARNING:
      return LogLevel::kWarning;
    default:
      return LogLevel::kError;
  }
}

}  // namespace

// The tables of one component; their strings are those of the settings and of `name`.
struct HostServices::ComponentTables {
  ComponentTables(std::string component, Log& component_log)
      : name(std::move(component)), log(component_log) {}

  std::string name;
  Log& log;
  kvh_log log_table{};
  kvh_node node_table{};
  const kvh_timer* timer = nullptr;
  const kvh_executor* executor = nullptr;
  const kvh_metrics* metrics = nullptr;
  const kvh_store* store = nullptr;
  const kvh_journal* journal = nullptr;
  kvh_host host{};

  const void* service(std::string_view id) const {
    if (id == KVH_SERVICE_LOG) return &log_table;
    if (id == KVH_SERVICE_NODE) return &node_table;
    if (id == KVH_SERVICE_TIMER) return timer;
    if (id == KVH_SERVICE_EXECUTOR) return executor;
    if (id == KVH_SERVICE_METRICS) return metrics;
    if (id == KVH_SERVICE_STORE) return store;
    if (id == KVH_SERVICE_JOURNAL) return journal;
    return nullptr;
  }
  void fill_log() {
    log_table = {sizeof(kvh_log), 0, this,
                 [](void* self, uint32_t level) noexcept -> int32_t {
                   int32_t answer = 0;
                   detail::swallowed([&] {
                     answer = static_cast<ComponentTables*>(self)->log.enabled(to_level(level));
                   });
                   return answer;
                 },
                 [](void* self, uint32_t level, kvh_bytes text) noexcept {
                   detail::swallowed([&] {
                     auto& mine = *static_cast<ComponentTables*>(self);
                     mine.log.write(to_level(level), mine.name, detail::to_view(text));
                   });
                 }};
  }
};

HostServices::HostServices(ServiceSettings settings, Log& log)
    : settings_(std::move(settings)), log_(log), executor_(settings_.executor) {}

HostServices::~HostServices() { stop(); }

const kvh_host& HostServices::host_for(std::string name, const ServiceOffer& offer) {
  tables_.push_back(std::make_unique<ComponentTables>(std::move(name), log_));
  ComponentTables& tables = *tables_.back();
  tables.fill_log();
  tables.timer = timer_.table();
  tables.executor = executor_.table();
  tables.metrics = metrics_.metrics_table();
  tables.store = offer.store;
  tables.journal = offer.journal;
  tables.node_table = {sizeof(kvh_node),
                       offer.io_threads == 0 ? 1 : offer.io_threads,
                       detail::to_bytes(settings_.node_id),
                       detail::to_bytes(settings_.host_version),
                       detail::to_bytes(settings_.data_dir),
                       settings_.max_key_bytes,
                       settings_.max_value_bytes,
                       settings_.max_batch_bytes,
                       static_cast<uint64_t>(settings_.request_timeout.count()),
                       settings_.allow_insecure ? 1u : 0u,
                       0};
  tables.host = {sizeof(kvh_host),
                 KVH_ABI_MAJOR,
                 KVH_ABI_MINOR,
                 0,
                 &tables,
                 [](void* self, const char* id) noexcept -> const void* {
                   if (id == nullptr) return nullptr;
                   return static_cast<const ComponentTables*>(self)->service(id);
                 }};
  return tables.host;
}

void HostServices::stop() {
  executor_.stop();
  timer_.stop();
}

}  // namespace kvhost::host

#include "plugin/component_instance.hpp"

#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "kvhost/detail/boundary.hpp"
#include "plugin/component_config.hpp"
#include "plugin/open_calls.hpp"

namespace kvhost::host {
namespace {

uint64_t to_ns(ComponentInstance::TimePoint time) {
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch());
  return ns.count() > 0 ? static_cast<uint64_t>(ns.count()) : 1;
}

// What the plugin's kvh_error, perhaps of another size, has of words.
void copy_error(const kvh_error& from, kvh_error& to) {
  if (!KVH_COVERS(&from, kvh_error, text_size) || from.size < offsetof(kvh_error, text)) return;
  const uint64_t room = from.size - offsetof(kvh_error, text);
  const uint64_t length = from.text_size < room ? from.text_size : room;
  detail::write_error(&to, from.code, {from.text, static_cast<std::size_t>(length)});
}

bool is_known_code(int32_t code) {
  return code >= 0 && static_cast<std::size_t>(code) < kStatusTable.size();
}

// A plugin's failure with its words; what is missing or impossible is called the plugin's bug.
Status plugin_failure(const LoadedComponent& component, const char* what, int32_t code,
                      const kvh_error& error) {
  std::string text = component.describe() + ": " + what + " failed: ";
  if (!is_known_code(code)) {
    return {StatusCode::PLUGIN_ERROR, text + "the plugin returned status " + std::to_string(code) +
                                          ", which no host knows; this is a bug of the plugin"};
  }
  const Status status = detail::read_status(code, &error);
  if (error.text_size == 0) {
    text +=
        std::string(status.info().name) + ", without a word of why; this is a bug of the plugin";
  } else {
    text += status.message();
  }
  return {status.code(), text};
}

}  // namespace

// Shared with the plugin's `done`, which may come after the host has given up waiting.
struct ComponentInstance::DrainEnd {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  int32_t status = KVH_OK;
  kvh_error error = detail::make_error();
};
struct ComponentInstance::DrainCall {
  const void* owner;
  std::shared_ptr<DrainEnd> end;
};

Result<std::unique_ptr<ComponentInstance>> ComponentInstance::create(
    const LoadedComponent& component, const kvh_host& host, OptionValues values,
    const ValueContext& context, Diagnostics& diagnostics) {
  std::unique_ptr<ComponentInstance> instance(new ComponentInstance(component, std::move(values)));
  ComponentConfig config(instance->values_, context, diagnostics);
  kvh_error error = detail::make_error();
  const int32_t code =
      component.descriptor->create(&host, config.table(), &instance->self_, &error);
  if (config.failures() != 0) {
    if (code == KVH_OK && instance->self_ != nullptr)
      component.descriptor->destroy(instance->self_);
    instance->self_ = nullptr;
    return Status(StatusCode::CONFIG_ERROR,
                  component.describe() + ": the options are not accepted");
  }
  if (code != KVH_OK) {
    instance->self_ = nullptr;
    return plugin_failure(component, "create", code, error);
  }
  if (instance->self_ == nullptr) {
    return Status(StatusCode::PLUGIN_ERROR,
                  component.describe() +
                      ": create said ok but made nothing; this is a bug of the "
                      "plugin");
  }
  return instance;
}

ComponentInstance::~ComponentInstance() {
  if (self_ == nullptr) return;
  stop(std::chrono::steady_clock::now());
  component_.descriptor->destroy(self_);
}

Status ComponentInstance::start() {
  const auto* descriptor = component_.descriptor;
  if (KVH_HAS(descriptor, kvh_component, start)) {
    kvh_error error = detail::make_error();
    const int32_t code = descriptor->start(self_, &error);
    if (code != KVH_OK) return plugin_failure(component_, "start", code, error);
  }
  started_ = true;
  return {};
}

Status ComponentInstance::begin_drain(TimePoint deadline) {
  const auto* descriptor = component_.descriptor;
  if (!started_ || !KVH_HAS(descriptor, kvh_component, drain)) return {};
  drain_end_ = std::make_shared<DrainEnd>();
  // `done` may be called late, or, by a faulty plugin, never or twice.
  void* const held = OpenCalls<DrainCall>::instance().add(
      std::make_unique<DrainCall>(DrainCall{this, drain_end_}));
  const kvh_done done{[](void* ctx, int32_t status, const kvh_error* error) noexcept {
                        const auto mine = OpenCalls<DrainCall>::instance().take(ctx);
                        if (mine == nullptr) return;
                        DrainEnd& end = *mine->end;
                        const std::lock_guard lock(end.mutex);
                        end.done = true;
                        end.status = status;
                        if (error != nullptr) copy_error(*error, end.error);
                        end.changed.notify_all();
                      },
                      held};
  const int32_t code = descriptor->drain(self_, to_ns(deadline), done);
  if (code == KVH_PENDING) return {};
  OpenCalls<DrainCall>::instance().take(held);
  drain_end_ = nullptr;
  return code == KVH_OK ? Status()
                        : plugin_failure(component_, "drain", code, detail::make_error());
}

Status ComponentInstance::finish_drain(TimePoint deadline) {
  if (drain_end_ == nullptr) return {};
  constexpr auto kGrace = std::chrono::milliseconds(500);
  std::unique_lock lock(drain_end_->mutex);
  const bool in_time =
      drain_end_->changed.wait_until(lock, deadline + kGrace, [&] { return drain_end_->done; });
  if (!in_time) {
    return {StatusCode::DEADLINE_EXCEEDED,
            component_.describe() + ": drain had not ended at its deadline"};
  }
  return drain_end_->status == KVH_OK
             ? Status()
             : plugin_failure(component_, "drain", drain_end_->status, drain_end_->error);
}

void ComponentInstance::stop(TimePoint deadline) {
  if (!started_) return;
  started_ = false;
  const auto* descriptor = component_.descriptor;
  if (KVH_HAS(descriptor, kvh_component, stop)) descriptor->stop(self_, to_ns(deadline));
}

Status ComponentInstance::reconfigure(OptionValues values, const ValueContext& context,
                                      Diagnostics& diagnostics) {
  const auto* descriptor = component_.descriptor;
  if (!KVH_HAS(descriptor, kvh_component, reconfigure)) {
    return {StatusCode::NOT_SUPPORTED,
            component_.describe() +
                ": declares reloadable options but cannot take new ones; this "
                "is a bug of the plugin"};
  }
  ComponentConfig config(values, context, diagnostics);
  kvh_error error = detail::make_error();
  const int32_t code = descriptor->reconfigure(self_, config.table(), &error);
  if (config.failures() != 0) {
    return {StatusCode::CONFIG_ERROR, component_.describe() + ": the options are not accepted"};
  }
  if (code != KVH_OK) return plugin_failure(component_, "reconfigure", code, error);
  values_ = std::move(values);
  return {};
}

}  // namespace kvhost::host

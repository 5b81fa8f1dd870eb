#include "plugin/component_instance.hpp"

#include <condition_variable>
#include <mutex>

#include "kvhost/detail/boundary.hpp"
#include "plugin/component_config.hpp"
#include "plugin/open_calls.hpp"
#include "plugin/plugin_words.hpp"

namespace kvhost::host {
namespace {

uint64_t to_ns(ComponentInstance::TimePoint time) {
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch());
  return ns.count() > 0 ? static_cast<uint64_t>(ns.count()) : 1;
}

// A plugin's failure with its words.
Status plugin_failure(const LoadedComponent& component, const char* what, int32_t code,
                      const kvh_error& error) {
  return plugin_words(code, &error).with_context(component.describe() + ": " + what + " failed");
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
  const CallOwner* owner;
  std::shared_ptr<DrainEnd> end;
};

Result<std::unique_ptr<ComponentInstance>> ComponentInstance::create(
    const LoadedComponent& component, const kvh_host& host, OptionValues values,
    const ValueContext& context, Diagnostics& diagnostics) {
  std::unique_ptr<ComponentInstance> instance(new ComponentInstance(component, std::move(values)));
  instance->calls_ = CallOwner::make(Context(&host).log());
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
      std::make_unique<DrainCall>(DrainCall{calls_.get(), drain_end_}));
  const kvh_done done{[](void* ctx, int32_t status, const kvh_error* error) noexcept {
                        const auto mine = OpenCalls<DrainCall>::instance().take(ctx);
                        if (mine == nullptr) return CallOwner::tell_late_end(ctx);
                        DrainEnd& end = *mine->end;
                        const std::lock_guard lock(end.mutex);
                        end.done = true;
                        end.status = status;
                        detail::write_error(&end.error, status, error_text(error));
                        end.changed.notify_all();
                      },
                      held};
  const int32_t code = descriptor->drain(self_, to_ns(deadline), done);
  if (code == KVH_PENDING) return {};
  if (OpenCalls<DrainCall>::instance().take(held) == nullptr) CallOwner::tell_late_end(held);
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

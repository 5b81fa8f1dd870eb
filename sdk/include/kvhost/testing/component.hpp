// A component as the host holds it: made from its descriptor, driven through the C tables alone.
//
//   FakeHost host;
//   auto made = Component::create(*find_component(kvhost_plugin_v1(), "mine"), host, {{"runs",
//   "4"}});
//
// The plugin is linked into the test, or loaded: load_plugin("./mine.so").
//
// Threads:   the control thread, but for what a kind's slots allow.
// Lifetime:  borrows host and descriptor; stops and destroys the instance in its destructor.
// Errors:    the component's own words; CONFIG_ERROR lists what it said by Config::fail.
#pragma once

#include <dlfcn.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/testing/fake_host.hpp"

namespace kvhost::testing {

// Maps a plugin file for the rest of the process.
inline Result<const kvh_plugin*> load_plugin(const std::string& file) {
  void* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return Status(StatusCode::PLUGIN_INCOMPATIBLE, ::dlerror());
  void* const entry = ::dlsym(library, KVH_ENTRY_SYMBOL);
  if (entry == nullptr) return Status(StatusCode::PLUGIN_INCOMPATIBLE, ::dlerror());
  const kvh_plugin* const plugin = reinterpret_cast<const kvh_plugin* (*)()>(entry)();
  if (plugin != nullptr) return plugin;
  return Status(StatusCode::PLUGIN_ERROR, file + ": the entry function returned nothing");
}

// Null when the plugin offers no component of that name.
inline const kvh_component* find_component(const kvh_plugin* plugin, std::string_view name) {
  for (uint64_t i = 0; i < plugin->component_count; ++i) {
    const auto& row = detail::strided(plugin->components, plugin->component_stride, i);
    if (detail::to_view(row.name) == name) return &row;
  }
  return nullptr;
}

class Component {
 public:
  static Result<Component> create(const kvh_component& descriptor, FakeHost& host,
                                  Values values = {}) {
    FakeConfig config(descriptor, std::move(values));
    for (const auto& name : config.undeclared()) {
      return Status(StatusCode::INVALID_ARGUMENT, "no option \"" + name + "\" is declared");
    }
    void* self = nullptr;
    kvh_error error = detail::make_error();
    const int32_t code = descriptor.create(host.table(), config.table(), &self, &error);
    if (!config.failures.empty()) {
      if (code == KVH_OK && self != nullptr) descriptor.destroy(self);
      return Status(StatusCode::CONFIG_ERROR, config.failures.front());
    }
    if (code != KVH_OK) return detail::read_status(code, &error);
    if (self == nullptr) return Status(StatusCode::PLUGIN_ERROR, "create said ok but made nothing");
    return Component(descriptor, self);
  }
  Component(Component&& other) noexcept
      : descriptor_(other.descriptor_),
        self_(std::exchange(other.self_, nullptr)),
        is_running_(std::exchange(other.is_running_, false)) {}
  Component& operator=(Component&&) = delete;
  ~Component() {
    if (self_ == nullptr) return;
    stop();
    descriptor_->destroy(self_);
  }

  Status start() {
    is_running_ = true;
    if (!KVH_HAS(descriptor_, kvh_component, start)) return {};
    kvh_error error = detail::make_error();
    const Status status = detail::read_status(descriptor_->start(self_, &error), &error);
    if (!status.is_ok()) is_running_ = false;
    return status;
  }
  // Waits for the drain's end; DEADLINE_EXCEEDED when it takes longer than `limit` and a second.
  Status drain(std::chrono::milliseconds limit);
  void stop(std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    if (!std::exchange(is_running_, false)) return;
    if (KVH_HAS(descriptor_, kvh_component, stop)) descriptor_->stop(self_, deadline_ns(limit));
  }
  Status reconfigure(Values values) {
    if (!KVH_HAS(descriptor_, kvh_component, reconfigure)) {
      return {StatusCode::NOT_SUPPORTED, "the component has no reconfigure"};
    }
    FakeConfig config(*descriptor_, std::move(values));
    kvh_error error = detail::make_error();
    const int32_t code = descriptor_->reconfigure(self_, config.table(), &error);
    if (!config.failures.empty()) return {StatusCode::CONFIG_ERROR, config.failures.front()};
    return detail::read_status(code, &error);
  }

  void* self() const { return self_; }
  const kvh_component& descriptor() const { return *descriptor_; }
  template <typename Table>
  const Table* table() const {
    return static_cast<const Table*>(descriptor_->table);
  }

  static uint64_t deadline_ns(std::chrono::milliseconds from_now) {
    const auto at = std::chrono::steady_clock::now() + from_now;
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
  }

 private:
  Component(const kvh_component& descriptor, void* self) : descriptor_(&descriptor), self_(self) {}

  const kvh_component* descriptor_;
  void* self_;
  bool is_running_ = false;
};

// Where an asynchronous call ends: give done() to the call, then wait.
class CallEnd {
 public:
  kvh_done done() {
    return {[](void* ctx, int32_t code, const kvh_error* error) noexcept {
              static_cast<CallEnd*>(ctx)->finish(code, error);
            },
            this};
  }
  // For a call that ended at once.
  void finish(int32_t code, const kvh_error* error) {
    const std::lock_guard lock(mutex_);
    ++count_;
    status_ = detail::read_status(code, error);
    changed_.notify_all();
  }
  bool wait(std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [this] { return count_ != 0; });
  }
  bool is_done() const {
    const std::lock_guard lock(mutex_);
    return count_ != 0;
  }
  // How often it was called: more than once is a fault.
  int count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  Status status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
  Status status_;
};

inline Status Component::drain(std::chrono::milliseconds limit) {
  if (!KVH_HAS(descriptor_, kvh_component, drain)) return {};
  // Held by the callback too: a faulty component may call it late.
  const auto end = std::make_shared<CallEnd>();
  auto* const held = new std::shared_ptr<CallEnd>(end);
  const kvh_done done{[](void* ctx, int32_t code, const kvh_error* error) noexcept {
                        const std::unique_ptr<std::shared_ptr<CallEnd>> mine(
                            static_cast<std::shared_ptr<CallEnd>*>(ctx));
                        (*mine)->finish(code, error);
                      },
                      held};
  const int32_t code = descriptor_->drain(self_, deadline_ns(limit), done);
  if (code != KVH_PENDING) {
    delete held;
    return detail::read_status(code, nullptr);
  }
  if (!end->wait(limit + std::chrono::seconds(1))) {
    return {StatusCode::DEADLINE_EXCEEDED, "the drain had not ended at its deadline"};
  }
  return end->status();
}

}  // namespace kvhost::testing

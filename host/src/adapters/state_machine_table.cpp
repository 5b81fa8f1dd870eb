// The C table of a StateMachine: thunks that let no exception out.
#include <exception>

#include "adapters/state_machine.hpp"
#include "adapters/state_manifest_json.hpp"
#include "kvhost/detail/boundary.hpp"

namespace kvhost::host {
namespace {

using detail::to_view;

kvh_position to_abi(const engine::ReplicationPosition& position) {
  return {position.incarnation, position.term, position.index};
}

// Runs `body`, which yields a Status.
template <typename Body>
int32_t answered(kvh_error* error, const char* where, Body&& body) noexcept {
  return detail::guarded(error, where, [&] { return detail::write_status(error, body()); });
}

}  // namespace

void StateMachine::fill_table() {
  table_.size = sizeof(kvh_state_machine);
  table_.self = this;
  table_.apply = [](void* self, const kvh_position* first, const kvh_ordered_batch* batches,
                    uint64_t count, uint64_t stride, kvh_results_sink sink,
                    kvh_error* error) noexcept -> int32_t {
    if (first == nullptr) {
      return detail::write_error(error, KVH_INVALID_ARGUMENT, "state_machine.apply: no position");
    }
    try {
      return of(self).apply(*first, batches, count, stride, sink, error);
    } catch (const std::exception& thrown) {
      return detail::write_error(error, KVH_INTERNAL, thrown.what());
    }
  };
  table_.applied = [](void* self, kvh_position* out) noexcept { *out = of(self).applied(); };
  table_.durable = [](void* self, kvh_position* out) noexcept { *out = of(self).durable(); };
  table_.on_durable = [](void* self, void (*fn)(void*, const kvh_position*) KVH_NOEXCEPT,
                         void* ctx) noexcept {
    detail::swallowed([&] { of(self).on_durable(fn, ctx); });
  };
  table_.role_changed = [](void* self, uint32_t role, kvh_bytes leader) noexcept {
    detail::swallowed([&] {
      auto& mine = of(self);
      mine.role_.store(role, std::memory_order_release);
      const std::lock_guard lock(mine.mutex_);
      mine.leader_advertise_ = to_view(leader);
    });
  };
  table_.now_ms = [](void* self) noexcept { return of(self).stamp(); };
  table_.last_version = [](void* self) noexcept { return of(self).engine_.last_sequence(); };
  table_.digest = [](void* self, kvh_bytes start, kvh_bytes end, uint64_t index, uint64_t now_ms,
                     uint64_t out[2], kvh_error* error) noexcept -> int32_t {
    return answered(error, "digest", [&]() -> Status {
      std::optional<std::string> limit;
      if (end.size != 0) limit = to_view(end);
      KVHOST_TRY_ASSIGN(const auto digest,
                        of(self).digest(std::string(to_view(start)), limit, index, now_ms));
      out[0] = digest.words[0];
      out[1] = digest.words[1];
      return {};
    });
  };
}

void StateMachine::fill_checkpoint_slots() {
  table_.checkpoint_open = [](void* self, uint64_t* checkpoint, kvh_position* position,
                              kvh_bytes_sink manifest, kvh_error* error) noexcept -> int32_t {
    return answered(error, "checkpoint_open", [&]() -> Status {
      KVHOST_TRY_ASSIGN(const auto opened, of(self).transfer_.open_checkpoint());
      *checkpoint = opened.handle;
      *position = to_abi(opened.manifest.position);
      detail::send(manifest, manifest_to_json(opened.manifest));
      return {};
    });
  };
  table_.checkpoint_read = [](void* self, uint64_t checkpoint, kvh_bytes file, uint64_t offset,
                              uint64_t max_bytes, kvh_bytes_sink sink,
                              kvh_error* error) noexcept -> int32_t {
    return answered(error, "checkpoint_read", [&]() -> Status {
      KVHOST_TRY_ASSIGN(const std::string bytes, of(self).transfer_.read_checkpoint(
                                                     checkpoint, to_view(file), offset, max_bytes));
      if (!bytes.empty()) detail::send(sink, bytes);
      return {};
    });
  };
  table_.checkpoint_close = [](void* self, uint64_t checkpoint) noexcept {
    detail::swallowed([&] { of(self).transfer_.close_checkpoint(checkpoint); });
  };
}

void StateMachine::fill_install_slots() {
  table_.install_begin = [](void* self, kvh_bytes manifest, uint64_t* install,
                            kvh_error* error) noexcept -> int32_t {
    return answered(error, "install_begin", [&]() -> Status {
      KVHOST_TRY_ASSIGN(*install, of(self).transfer_.begin_install(to_view(manifest)));
      return {};
    });
  };
  table_.install_write = [](void* self, uint64_t install, kvh_bytes file, uint64_t offset,
                            kvh_bytes bytes, kvh_error* error) noexcept -> int32_t {
    return answered(error, "install_write", [&] {
      return of(self).transfer_.write_install(install, to_view(file), offset, to_view(bytes));
    });
  };
  table_.install_commit = [](void* self, uint64_t install, kvh_error* error) noexcept -> int32_t {
    return detail::guarded(error, "install_commit",
                           [&] { return of(self).commit_install(install, error); });
  };
  table_.install_abort = [](void* self, uint64_t install) noexcept {
    detail::swallowed([&] { of(self).transfer_.abort_install(install); });
  };
  table_.install_wanted = [](void* self, uint64_t install, kvh_bytes_sink sink,
                             kvh_error* error) noexcept -> int32_t {
    return answered(error, "install_wanted", [&]() -> Status {
      KVHOST_TRY_ASSIGN(const auto wanted, of(self).transfer_.wanted(install));
      detail::send(sink, wanted_to_json(wanted));
      return {};
    });
  };
}

}  // namespace kvhost::host

#include "core_host.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "kvhost/detail/boundary.hpp"
#include "monotonic.hpp"

namespace kvhost::raft {
namespace {

// What the host's exit codes call a fault of a plugin.
constexpr int kExitPluginFault = 70;

std::string_view view(const char* data, uint64_t size) {
  return size == 0 ? std::string_view() : std::string_view(data, size);
}

kvh_bytes bytes(const char* data, uint64_t size) { return {data, size}; }

int32_t fill(kvr_error* out, int32_t code, const kvh_error& from) {
  out->code = code;
  out->text_size = std::min<uint32_t>(from.text_size, sizeof(out->text));
  std::memcpy(out->text, from.text, out->text_size);
  return code;
}

kvr_position to_core(const kvh_position& at) { return {at.incarnation, at.term, at.index}; }

// Collects a sink's bytes in memory that the core frees.
int32_t grow(void* ctx, kvh_bytes piece) noexcept {
  auto& buffer = *static_cast<kvr_buffer*>(ctx);
  auto* const data = static_cast<char*>(std::realloc(buffer.data, buffer.size + piece.size + 1));
  if (data == nullptr) return 1;
  std::memcpy(data + buffer.size, piece.data, piece.size);
  buffer.data = data;
  buffer.size += piece.size;
  return 0;
}

// Fills a buffer of fixed room.
struct Room {
  char* at;
  uint64_t left;
};

}  // namespace

kvr_host CoreHost::table(RaftStrategy& strategy) {
  kvr_host host{};
  host.self = &strategy;
  fill_log(host);
  fill_proposals(host);
  fill_reads(host);
  fill_state(host);
  fill_checkpoints(host);
  fill_installs(host);
  return host;
}

void CoreHost::fill_log(kvr_host& host) {
  host.log = [](void* self, uint32_t level, const char* text, uint64_t size) {
    const Log& log = of(self).log_;
    const auto words = view(text, size);
    switch (level) {
      case 0:
        return log.debug(words);
      case 1:
        return log.info(words);
      case 2:
        return log.warning(words);
      default:
        return log.error(words);
    }
  };
  host.fatal = [](void* self, const char* text, uint64_t size) {
    of(self).log_.error("stops at once: " + std::string(view(text, size)));
    // No destructors: other threads still use what they would destroy, and the log is all that
    // counts.
    _exit(kExitPluginFault);
  };
}

void CoreHost::fill_proposals(kvr_host& host) {
  host.waiting_proposals = [](void* self) { return of(self).proposals_.waiting_bytes(); };
  host.take_proposals = [](void* self, char* buffer, uint64_t capacity) {
    return of(self).proposals_.take(buffer, capacity);
  };
  host.finish_proposal = [](void* self, uint64_t number, int32_t code, const char* text,
                            uint64_t size) {
    of(self).proposals_.tell(
        number, Status(static_cast<StatusCode>(code), std::string(view(text, size))), nullptr);
  };
}

void CoreHost::fill_reads(kvr_host& host) {
  host.take_reads = [](void* self, uint32_t leader) {
    return of(self).reads_.take(leader != 0 ? PendingReads::Level::kLeader
                                            : PendingReads::Level::kQuorum);
  };
  host.reads_ready = [](void* self, uint64_t batch, uint64_t index) {
    of(self).reads_.ready(batch, index, of(self).read_time());
  };
  host.reads_failed = [](void* self, uint64_t batch, int32_t code, const char* text,
                         uint64_t size) {
    of(self).reads_.failed(batch,
                           Status(static_cast<StatusCode>(code), std::string(view(text, size))));
  };
  host.expire_reads = [](void* self, uint64_t* batches, uint64_t room) -> uint64_t {
    const auto empty = of(self).reads_.expire(monotonic_ns());
    const auto count = std::min<uint64_t>(room, empty.size());
    std::copy_n(empty.begin(), count, batches);
    return count;
  };
}

void CoreHost::fill_state(kvr_host& host) {
  host.apply = [](void* self, kvr_position first, uint64_t count, const char* frames, uint64_t size,
                  kvr_error* error) { return of(self).apply(first, count, frames, size, error); };
  host.applied_to = [](void* self, uint64_t index) {
    of(self).reads_.applied(index, of(self).read_time());
  };
  host.applied = [](void* self, kvr_position* out) { *out = to_core(of(self).state_->applied()); };
  host.durable = [](void* self, kvr_position* out) { *out = to_core(of(self).state_->durable()); };
  host.has_data = [](void* self) -> uint32_t {
    const auto& state = machine(self);
    if (!KVH_HAS(&state, kvh_state_machine, last_version)) {
      return of(self).state_->applied().index != 0 ? 1 : 0;
    }
    return state.last_version(state.self) != 0 ? 1 : 0;
  };
  host.now_ms = [](void* self) { return of(self).state_->now_ms(); };
  host.role_changed = [](void* self, uint32_t role, const char* advertise, uint64_t size) {
    auto& strategy = of(self);
    {
      const std::lock_guard lock(strategy.mutex_);
      strategy.leader_advertise_ = view(advertise, size);
    }
    strategy.role_.store(role, std::memory_order_release);
    strategy.state_->role_changed(role, view(advertise, size));
  };
}

void CoreHost::fill_checkpoints(kvr_host& host) {
  host.can_checkpoint = [](void* self) -> uint32_t {
    const auto& state = machine(self);
    return KVH_HAS(&state, kvh_state_machine, checkpoint_open) &&
                   KVH_HAS(&state, kvh_state_machine, install_begin)
               ? 1
               : 0;
  };
  host.checkpoint_open = [](void* self, uint64_t* id, kvr_position* at, kvr_buffer* manifest,
                            kvr_error* error) -> int32_t {
    const auto& state = machine(self);
    kvh_error words = detail::make_error();
    kvh_position position{};
    *manifest = {};
    const int32_t code =
        state.checkpoint_open(state.self, id, &position, {&grow, manifest}, &words);
    *at = to_core(position);
    return code == KVH_OK ? KVH_OK : fill(error, code, words);
  };
  host.checkpoint_read = [](void* self, uint64_t id, const char* file, uint64_t file_size,
                            uint64_t offset, char* buffer, uint64_t capacity, uint64_t* count,
                            kvr_error* error) -> int32_t {
    const auto& state = machine(self);
    kvh_error words = detail::make_error();
    Room room{buffer, capacity};
    const kvh_bytes_sink sink{[](void* ctx, kvh_bytes piece) noexcept -> int32_t {
                                auto& into = *static_cast<Room*>(ctx);
                                if (piece.size > into.left) return 1;
                                std::memcpy(into.at, piece.data, piece.size);
                                into.at += piece.size;
                                into.left -= piece.size;
                                return 0;
                              },
                              &room};
    const int32_t code = state.checkpoint_read(state.self, id, bytes(file, file_size), offset,
                                               capacity, sink, &words);
    *count = capacity - room.left;
    return code == KVH_OK ? KVH_OK : fill(error, code, words);
  };
  host.checkpoint_close = [](void* self, uint64_t id) {
    const auto& state = machine(self);
    state.checkpoint_close(state.self, id);
  };
}

void CoreHost::fill_installs(kvr_host& host) {
  host.install_begin = [](void* self, const char* manifest, uint64_t size, uint64_t* id,
                          kvr_error* error) -> int32_t {
    const auto& state = machine(self);
    kvh_error words = detail::make_error();
    const int32_t code = state.install_begin(state.self, bytes(manifest, size), id, &words);
    return code == KVH_OK ? KVH_OK : fill(error, code, words);
  };
  host.install_wanted = [](void* self, uint64_t id, kvr_buffer* wanted,
                           kvr_error* error) -> int32_t {
    const auto& state = machine(self);
    *wanted = {};
    if (!KVH_HAS(&state, kvh_state_machine, install_wanted)) return KVH_OK;
    kvh_error words = detail::make_error();
    const int32_t code = state.install_wanted(state.self, id, {&grow, wanted}, &words);
    return code == KVH_OK ? KVH_OK : fill(error, code, words);
  };
  host.install_write = [](void* self, uint64_t id, const char* file, uint64_t file_size,
                          uint64_t offset, const char* data, uint64_t size,
                          kvr_error* error) -> int32_t {
    const auto& state = machine(self);
    kvh_error words = detail::make_error();
    const int32_t code = state.install_write(state.self, id, bytes(file, file_size), offset,
                                             bytes(data, size), &words);
    return code == KVH_OK ? KVH_OK : fill(error, code, words);
  };
  host.install_commit = [](void* self, uint64_t id, kvr_error* error) -> int32_t {
    const auto& state = machine(self);
    kvh_error words = detail::make_error();
    const int32_t code = state.install_commit(state.self, id, &words);
    return code == KVH_OK ? KVH_OK : fill(error, code, words);
  };
  host.install_abort = [](void* self, uint64_t id) {
    const auto& state = machine(self);
    state.install_abort(state.self, id);
  };
}

}  // namespace kvhost::raft

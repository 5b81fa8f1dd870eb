#include "store/store_table.hpp"

#include <new>
#include <string>

#include "kvhost/detail/boundary.hpp"
#include "store/request_checks.hpp"
#include "store/store_core.hpp"

namespace kvhost::host {
namespace {

StoreCore& core_of(void* self) { return *static_cast<StoreCore*>(self); }

// What a throw becomes: the request fails, the node goes on.
template <typename Body>
int32_t shielded(kvh_error* error, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return detail::write_error(error, KVH_OUT_OF_MEMORY,
                               status_info(StatusCode::OUT_OF_MEMORY).meaning);
  } catch (const std::exception& thrown) {
    return detail::write_error(error, KVH_INTERNAL, thrown.what());
  } catch (...) {
    return detail::write_error(error, KVH_INTERNAL, status_info(StatusCode::INTERNAL).meaning);
  }
}

int32_t session_open(void* self, const kvh_session_info* info, uint64_t* session,
                     kvh_error* error) noexcept {
  return shielded(error, [&] {
    const auto opened = [&]() -> Status {
      if (info == nullptr || !KVH_COVERS(info, kvh_session_info, peer) || session == nullptr) {
        return {StatusCode::INVALID_ARGUMENT,
                "session_open: the kvh_session_info is missing or too small"};
      }
      KVHOST_TRY(core_of(self).check_serving());
      KVHOST_TRY_ASSIGN(*session, core_of(self).sessions.open());
      return {};
    };
    return detail::write_status(error, opened());
  });
}

void session_close(void* self, uint64_t session) noexcept {
  detail::swallowed([&] { core_of(self).sessions.close(session); });
}

int32_t authenticate(void* self, uint64_t session, kvh_bytes, kvh_bytes,
                     kvh_error* error) noexcept {
  return shielded(error, [&] {
    const Status known = core_of(self).sessions.check(session);
    if (!known.is_ok()) return detail::write_status(error, known);
    return detail::write_error(error, KVH_NOT_SUPPORTED,
                               "authentication is not supported yet; this node asks for none");
  });
}

int32_t read(void* self, const kvh_call* call, const kvh_bytes* keys, uint64_t count,
             kvh_entry_sink sink, kvh_done done, kvh_error* error) noexcept {
  return shielded(error,
                  [&] { return start_read(core_of(self), call, keys, count, sink, done, error); });
}

int32_t write(void* self, const kvh_call* call, const kvh_op* ops, uint64_t op_count,
              uint64_t op_stride, const kvh_condition* conditions, uint64_t condition_count,
              uint64_t condition_stride, kvh_result_sink sink, kvh_done done,
              kvh_error* error) noexcept {
  return shielded(error, [&] {
    const WriteInput input{ops, op_count, op_stride, conditions, condition_count, condition_stride};
    return start_write(core_of(self), call, input, sink, done, error);
  });
}

int32_t snapshot_open(void* self, const kvh_call* call, uint64_t* snapshot,
                      kvh_error* error) noexcept {
  return shielded(error, [&] { return open_snapshot(core_of(self), call, snapshot, error); });
}
void snapshot_close(void* self, uint64_t session, uint64_t snapshot) noexcept {
  detail::swallowed([&] { core_of(self).sessions.close_snapshot(session, snapshot); });
}

int32_t cursor_open(void* self, const kvh_call* call, const kvh_range* range, uint64_t* cursor,
                    kvh_error* error) noexcept {
  return shielded(error, [&] { return open_cursor(core_of(self), call, range, cursor, error); });
}
int32_t cursor_next(void* self, const kvh_call* call, uint64_t cursor, uint64_t max_rows,
                    uint64_t max_bytes, kvh_entry_sink sink, kvh_done done,
                    kvh_error* error) noexcept {
  return shielded(error, [&] {
    return start_page(core_of(self), call, cursor, max_rows, max_bytes, sink, done, error);
  });
}
void cursor_close(void* self, uint64_t session, uint64_t cursor) noexcept {
  detail::swallowed([&] { core_of(self).sessions.close_cursor(session, cursor); });
}

int32_t command(void* self, const kvh_call* call, kvh_bytes name, kvh_bytes arguments,
                kvh_bytes_sink sink, kvh_done done, kvh_error* error) noexcept {
  return shielded(error, [&] {
    return start_command(core_of(self), call, name, arguments, sink, done, error);
  });
}
int32_t info(void* self, kvh_bytes section, kvh_bytes_sink sink, kvh_error* error) noexcept {
  return shielded(error, [&] { return tell_info(core_of(self), section, sink, error); });
}
void cancel(void* self, uint64_t session, uint64_t token) noexcept {
  detail::swallowed([&] { core_of(self).pending.cancel(session, token); });
}

}  // namespace

kvh_store make_store_table(StoreCore& core) {
  kvh_store table{};
  table.size = sizeof(kvh_store);
  table.self = &core;
  table.session_open = &session_open;
  table.session_close = &session_close;
  table.authenticate = &authenticate;
  table.read = &read;
  table.write = &write;
  table.snapshot_open = &snapshot_open;
  table.snapshot_close = &snapshot_close;
  table.cursor_open = &cursor_open;
  table.cursor_next = &cursor_next;
  table.cursor_close = &cursor_close;
  table.command = &command;
  table.info = &info;
  table.cancel = &cancel;
  return table;
}

}  // namespace kvhost::host

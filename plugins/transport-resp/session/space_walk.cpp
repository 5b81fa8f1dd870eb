#include "session/space_walk.hpp"

#include "kvhost/detail/boundary.hpp"

namespace kvhost::resp {

namespace {

constexpr uint64_t kPageBytes = uint64_t{1} << 20;

kvh_call call_of(uint64_t session, uint32_t space) {
  kvh_call call{};
  call.size = sizeof(call);
  call.session = session;
  call.space = space;
  return call;
}

}  // namespace

Status SpaceWalk::open(const Range& range) {
  close();
  space_ = range.space;
  const kvh_call call = call_of(store_session_, space_);
  kvh_range raw{
      sizeof(kvh_range), KVH_RANGE_KEYS_ONLY, detail::to_bytes(range.start), {nullptr, 0}};
  if (range.end) {
    raw.end = detail::to_bytes(*range.end);
  } else {
    raw.flags |= KVH_RANGE_TO_END;
  }
  if (range.is_reverse) raw.flags |= KVH_RANGE_REVERSE;
  kvh_error error = detail::make_error();
  const kvh_store& store = loop_.server.store;
  const int32_t code = store.cursor_open(store.self, &call, &raw, &cursor_, &error);
  status_ = detail::read_status(code, &error);
  if (!status_.is_ok()) cursor_ = 0;
  return status_;
}

bool SpaceWalk::next(uint64_t max_rows, Task& task) {
  rows_.clear();
  task_ = &task;
  const kvh_call call = call_of(store_session_, space_);
  const kvh_store& store = loop_.server.store;
  kvh_error error = detail::make_error();
  ++loop_.in_flight;
  const int32_t code = store.cursor_next(store.self, &call, cursor_, max_rows, kPageBytes,
                                         {&on_rows, this}, {&on_done, this}, &error);
  if (code == KVH_PENDING) return false;
  --loop_.in_flight;
  status_ = detail::read_status(code, &error);
  return true;
}

void SpaceWalk::close() {
  if (cursor_ == 0) return;
  const kvh_store& store = loop_.server.store;
  store.cursor_close(store.self, store_session_, cursor_);
  cursor_ = 0;
}

int32_t SpaceWalk::on_rows(void* ctx, const kvh_entry* entries, uint64_t count,
                           uint64_t stride) KVH_NOEXCEPT {
  auto& self = *static_cast<SpaceWalk*>(ctx);
  int32_t code = KVH_OUT_OF_MEMORY;
  detail::swallowed([&] {
    for (uint64_t i = 0; i < count; ++i) {
      const kvh_entry& entry = detail::strided(entries, stride, i);
      self.rows_.push_back({std::string(detail::to_view(entry.key)), entry.expires_at_ms != 0});
    }
    code = KVH_OK;
  });
  return code;
}

void SpaceWalk::on_done(void* ctx, int32_t code, const kvh_error* error) KVH_NOEXCEPT {
  auto& self = *static_cast<SpaceWalk*>(ctx);
  detail::swallowed([&] { self.status_ = detail::read_status(code, error); });
  self.loop_.mailbox.post(*self.task_);
}

}  // namespace kvhost::resp

#include "store_call.hpp"

#include <algorithm>
#include <chrono>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::tcp {

namespace {

constexpr uint32_t kUsualRows = 1000;
constexpr uint32_t kMostRows = 100'000;
constexpr uint64_t kUsualScanBytes = uint64_t{1} << 20;
constexpr std::size_t kKeptFrameBytes = 64 << 10;
// The most that a row takes beside its key and value.
constexpr uint64_t kRowOverheadBytes = 40;

uint32_t row_limit(uint32_t asked) { return asked == 0 ? kUsualRows : std::min(asked, kMostRows); }

uint64_t byte_limit(uint32_t asked, uint64_t max_frame_bytes) {
  return std::min<uint64_t>(asked == 0 ? kUsualScanBytes : asked, max_frame_bytes / 2);
}

kvh_range to_range(const RangeMessage& range) {
  return {sizeof(kvh_range), range.flags, detail::to_bytes(range.start),
          detail::to_bytes(range.end)};
}

}  // namespace

uint64_t monotonic_ns() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

void StoreCall::restart(uint16_t opcode, uint64_t id, uint64_t started_ns) {
  opcode_ = opcode;
  id_ = id;
  started_ns_ = started_ns;
  if (frame_.capacity() > kKeptFrameBytes) frame_ = {};
  frame_.clear();
  text_ = {};
  rows_.reset();
  scan_.reset();
  is_too_large_ = false;
}

// ---- what the store hands over

int32_t StoreCall::on_entries(void* ctx, const kvh_entry* entries, uint64_t count,
                              uint64_t stride) KVH_NOEXCEPT {
  auto& self = *static_cast<StoreCall*>(ctx);
  bool goes_on = true;
  detail::swallowed([&] {
    for (uint64_t i = 0; i < count && goes_on; ++i) {
      goes_on = self.add_row(detail::strided(entries, stride, i));
    }
  });
  return goes_on ? 0 : 1;
}

bool StoreCall::add_row(const kvh_entry& entry) {
  if (scan_ && rows_->rows() == scan_->max_rows) {
    scan_->has_more = true;
    return false;
  }
  const uint64_t bytes = entry.key.size + entry.value.size + kRowOverheadBytes;
  if (frame_.size() + bytes > max_frame_bytes_) {
    is_too_large_ = true;
    return false;
  }
  rows_->add(entry);
  return true;
}

void StoreCall::on_done(void* ctx, int32_t code, const kvh_error* error) KVH_NOEXCEPT {
  std::unique_ptr<StoreCall> self(static_cast<StoreCall*>(ctx));
  detail::swallowed([&] {
    if (!self->scan_) {
      self->complete(code, error);
    } else if (!self->scan_advance(code, error) && !self->scan_on()) {
      // Pending again: it owns itself, and may be gone already.
      (void)self.release();
      return;
    }
    self->box_->put(self->frame_);
  });
}

// ---- starting work

bool StoreCall::settle(int32_t code, const kvh_error* error) {
  if (code == KVH_PENDING) return false;
  complete(code, error);
  return true;
}

bool StoreCall::read(const kvh_call& call, const DecodedRequest& request) {
  rows_.emplace(frame_, Opcode::kRead, id_);
  kvh_error error = detail::make_error();
  const kvh_store& store = box_->store();
  return settle(store.read(store.self, &call, request.keys.data(), request.keys.size(),
                           {&on_entries, this}, {&on_done, this}, &error),
                &error);
}

bool StoreCall::write(const kvh_call& call, const DecodedRequest& request) {
  failed_ = {};
  kvh_error error = detail::make_error();
  const kvh_store& store = box_->store();
  const kvh_result_sink sink{[](void* ctx, const kvh_result* result) KVH_NOEXCEPT {
                               auto& self = *static_cast<StoreCall*>(ctx);
                               detail::swallowed([&] {
                                 if (result->failed_count != 0) {
                                   self.failed_ = detail::to_reply(*result);
                                 } else {
                                   encode_write_reply(self.frame_, self.id_, *result);
                                 }
                               });
                             },
                             this};
  return settle(store.write(store.self, &call, request.ops.data(), request.ops.size(),
                            sizeof(kvh_op), request.conditions.data(), request.conditions.size(),
                            sizeof(kvh_condition), sink, {&on_done, this}, &error),
                &error);
}

bool StoreCall::cursor_next(const kvh_call& call, const DecodedRequest& request) {
  rows_.emplace(frame_, Opcode::kCursorNext, id_);
  kvh_error error = detail::make_error();
  const kvh_store& store = box_->store();
  return settle(store.cursor_next(store.self, &call, request.handle, row_limit(request.max_rows),
                                  byte_limit(request.max_bytes, max_frame_bytes_),
                                  {&on_entries, this}, {&on_done, this}, &error),
                &error);
}

bool StoreCall::command(const kvh_call& call, const DecodedRequest& request) {
  const kvh_bytes_sink sink{[](void* ctx, kvh_bytes piece) KVH_NOEXCEPT -> int32_t {
                              auto& self = *static_cast<StoreCall*>(ctx);
                              int32_t code = KVH_OUT_OF_MEMORY;
                              detail::swallowed([&] {
                                self.text_.append(detail::to_view(piece));
                                code = KVH_OK;
                              });
                              return code;
                            },
                            this};
  kvh_error error = detail::make_error();
  const kvh_store& store = box_->store();
  return settle(store.command(store.self, &call, detail::to_bytes(request.name),
                              detail::to_bytes(request.text), sink, {&on_done, this}, &error),
                &error);
}

// ---- a scan: one cursor, read until the page is full or the range at its end

bool StoreCall::scan(const kvh_call& call, const DecodedRequest& request) {
  rows_.emplace(frame_, Opcode::kScan, id_);
  scan_.emplace();
  scan_->max_rows = row_limit(request.max_rows);
  scan_->max_bytes = byte_limit(request.max_bytes, max_frame_bytes_);
  const kvh_range range = to_range(request.range);
  const kvh_store& store = box_->store();
  kvh_error error = detail::make_error();
  const int32_t code = store.cursor_open(store.self, &call, &range, &scan_->cursor, &error);
  if (code != KVH_OK) {
    complete(code, &error);
    return true;
  }
  scan_->call = call;
  // Borrowed only for the first call.
  scan_->call.request_id = scan_->call.trace = {nullptr, 0};
  return scan_on();
}

bool StoreCall::scan_on() {
  const kvh_store& store = box_->store();
  for (;;) {
    rows_before_ = rows_->rows();
    kvh_error error = detail::make_error();
    // One row more than the page holds tells whether another page follows.
    const int32_t code = store.cursor_next(
        store.self, &scan_->call, scan_->cursor, uint64_t{scan_->max_rows} + 1 - rows_->rows(),
        scan_->max_bytes, {&on_entries, this}, {&on_done, this}, &error);
    if (code == KVH_PENDING) return false;
    if (scan_advance(code, &error)) return true;
  }
}

// True when the reply is complete.
bool StoreCall::scan_advance(int32_t code, const kvh_error* error) {
  if (frame_.size() >= scan_->max_bytes) scan_->has_more = true;
  const bool is_at_end = code == KVH_OK && !is_too_large_ && rows_->rows() == rows_before_;
  if (code == KVH_OK && !is_too_large_ && !scan_->has_more && !is_at_end) return false;
  const kvh_store& store = box_->store();
  store.cursor_close(store.self, box_->session(), scan_->cursor);
  // A page that is full is an answer, even where one more row would not have fitted.
  if (is_too_large_ && rows_->rows() > 0) {
    scan_->has_more = true;
    is_too_large_ = false;
  }
  complete(code, error);
  return true;
}

// ---- the end

void StoreCall::complete(int32_t code, const kvh_error* error) {
  if (code == KVH_OK && is_too_large_) {
    finish_error({StatusCode::TOO_LARGE, "the reply would be larger than a frame's " +
                                             std::to_string(max_frame_bytes_) +
                                             " bytes; ask for fewer keys at once"});
    return;
  }
  if (code != KVH_OK) {
    finish_error(detail::read_status(code, error));
    return;
  }
  if (rows_) {
    const bool is_read = opcode_ == static_cast<uint16_t>(Opcode::kRead);
    rows_->finish(scan_ ? scan_->has_more : !is_read && rows_->rows() != 0);
  } else if (opcode_ == static_cast<uint16_t>(Opcode::kCommand)) {
    finish_text(text_);
    return;
  } else if (frame_.empty()) {
    finish_error({StatusCode::INTERNAL, "the store completed a write without a result"});
    return;
  }
  record(StatusCode::OK);
}

void StoreCall::finish_text(std::string_view text) {
  if (text.size() + kHeaderBytes > max_frame_bytes_) {
    finish_error({StatusCode::TOO_LARGE, "the answer of " + std::to_string(text.size()) +
                                             " bytes does not fit a frame of " +
                                             std::to_string(max_frame_bytes_)});
    return;
  }
  encode_text_reply(frame_, static_cast<Opcode>(opcode_), id_, text);
  record(StatusCode::OK);
}

void StoreCall::finish_handle(uint64_t handle) {
  encode_handle_reply(frame_, static_cast<Opcode>(opcode_), id_, handle);
  record(StatusCode::OK);
}

void StoreCall::finish_error(const Status& status) {
  frame_.clear();
  kvh_result result{};
  result.version = failed_.version;
  result.failed = failed_.failed.data();
  result.failed_count = failed_.failed.size();
  result.failed_stride = sizeof(kvh_failed_condition);
  const bool has_result = status.code() == StatusCode::CONDITION_FAILED;
  encode_error_reply(frame_, opcode_, id_, status.code(), status.message(),
                     has_result ? &result : nullptr);
  record(status.code());
}

void StoreCall::record(StatusCode code) {
  metrics_.request_finished(opcode_, code, monotonic_ns() - started_ns_);
}

}  // namespace kvhost::tcp

#include "request_runner.hpp"

#include <string>
#include <utility>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::tcp {

RequestRunner::RequestRunner(std::shared_ptr<ReplyBox> box, TcpMetrics& metrics,
                             uint64_t max_frame_bytes)
    : box_(std::move(box)), metrics_(metrics), max_frame_bytes_(max_frame_bytes) {}

std::optional<std::string_view> RequestRunner::run(const Frame& frame) {
  if (!idle_) idle_ = std::make_unique<StoreCall>(box_, metrics_, max_frame_bytes_);
  now_ns_ = monotonic_ns();
  idle_->restart(frame.opcode, frame.request_id, now_ns_);
  const Status decoded = decoder_.decode(frame);
  if (!decoded.is_ok()) {
    idle_->finish_error(decoded);
    return idle_->frame();
  }
  StoreCall* const call = idle_.release();
  if (!start(*call, static_cast<Opcode>(frame.opcode), frame.request_id)) return std::nullopt;
  idle_.reset(call);
  return idle_->frame();
}

kvh_call RequestRunner::circumstances(uint64_t id, uint64_t now_ns) const {
  const RequestContext& context = decoder_.request().context;
  kvh_call call{};
  call.size = sizeof(call);
  call.space = context.space;
  call.read_level = context.read_level;
  call.session = box_->session();
  if (context.deadline_ms != 0) {
    call.deadline_ns = now_ns + uint64_t{context.deadline_ms} * 1'000'000;
  }
  call.token = id;
  call.snapshot = context.snapshot;
  call.request_id = detail::to_bytes(context.idempotency_id);
  call.trace = detail::to_bytes(context.trace);
  return call;
}

bool RequestRunner::start(StoreCall& call, Opcode opcode, uint64_t id) {
  const kvh_call around = circumstances(id, now_ns_);
  const DecodedRequest& request = decoder_.request();
  switch (opcode) {
    case Opcode::kRead:
      return call.read(around, request);
    case Opcode::kWrite:
      return call.write(around, request);
    case Opcode::kScan:
      return call.scan(around, request);
    case Opcode::kCursorNext:
      return call.cursor_next(around, request);
    case Opcode::kCommand:
      return call.command(around, request);
    default:
      return finish_quick(call, opcode);
  }
}

bool RequestRunner::finish_quick(StoreCall& call, Opcode opcode) {
  const kvh_store& store = box_->store();
  const DecodedRequest& request = decoder_.request();
  const uint64_t session = box_->session();
  const kvh_call around = circumstances(0, now_ns_);
  kvh_error error = detail::make_error();
  std::string text;
  uint64_t handle = 0;
  int32_t code = KVH_OK;
  switch (opcode) {
    case Opcode::kPing:
      text = request.text;
      break;
    case Opcode::kAuthenticate:
      code = store.authenticate(store.self, session, detail::to_bytes(request.name),
                                detail::to_bytes(request.text), &error);
      break;
    case Opcode::kCancel:
      store.cancel(store.self, session, request.handle);
      break;
    case Opcode::kSnapshotOpen:
      code = store.snapshot_open(store.self, &around, &handle, &error);
      break;
    case Opcode::kSnapshotClose:
      store.snapshot_close(store.self, session, request.handle);
      break;
    case Opcode::kCursorOpen: {
      const kvh_range range{sizeof(kvh_range), request.range.flags,
                            detail::to_bytes(request.range.start),
                            detail::to_bytes(request.range.end)};
      code = store.cursor_open(store.self, &around, &range, &handle, &error);
      break;
    }
    case Opcode::kCursorClose:
      store.cursor_close(store.self, session, request.handle);
      break;
    case Opcode::kInfo:
      code =
          store.info(store.self, detail::to_bytes(request.name), detail::string_sink(text), &error);
      break;
    default:
      code = detail::write_error(&error, KVH_INTERNAL, "an opcode that nobody carries out");
  }
  if (code != KVH_OK) {
    call.finish_error(detail::read_status(code, &error));
  } else if (handle != 0) {
    call.finish_handle(handle);
  } else {
    call.finish_text(text);
  }
  return true;
}

}  // namespace kvhost::tcp

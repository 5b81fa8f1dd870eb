#include "session/exchange.hpp"

#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

#include "session/leader_redirect.hpp"
#include "session/session.hpp"

namespace kvhost::http {
namespace {

constexpr std::size_t kMaxIdBytes = 128;
constexpr double kMaxTimeoutSeconds = 86'400;

bool is_plain_text(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

Result<uint64_t> deadline_from(std::string_view seconds_text, TimePoint now) {
  double seconds = 0;
  const char* const end = seconds_text.data() + seconds_text.size();
  const auto parsed = std::from_chars(seconds_text.data(), end, seconds);
  if (parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(seconds) || seconds <= 0 ||
      seconds > kMaxTimeoutSeconds) {
    return Status(
        StatusCode::INVALID_ARGUMENT,
        "the header Request-Timeout must be a number of seconds above 0 and at most 86400");
  }
  const auto at = now.time_since_epoch() + std::chrono::duration<double>(seconds);
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(at).count());
}

Result<ReadLevel> read_level_from(std::optional<std::string_view> text) {
  if (!text || text->empty()) return ReadLevel::kDefault;
  if (*text == "local") return ReadLevel::kLocal;
  if (*text == "leader") return ReadLevel::kLeader;
  if (*text == "linearizable") return ReadLevel::kLinearizable;
  return Status(StatusCode::INVALID_ARGUMENT,
                "the parameter \"consistency\" must be local, leader or linearizable");
}

}  // namespace

Exchange::Exchange(std::shared_ptr<HttpSession> session, Request request, const Route* route,
                   std::string capture)
    : session_(std::move(session)),
      request_(std::move(request)),
      route_(route),
      capture_(std::move(capture)) {
  const std::string_view given = request_.header("X-Request-Id");
  const bool usable = !given.empty() && given.size() <= kMaxIdBytes && is_plain_text(given);
  request_id_ = usable ? std::string(given) : service().make_request_id();
}

Service& Exchange::service() const { return session_->service(); }

Status Exchange::prepare_call() {
  const std::string_view id = request_.header("Idempotency-Key");
  if (id.size() > kMaxIdBytes) {
    return {StatusCode::INVALID_ARGUMENT, "the header Idempotency-Key is longer than 128 bytes"};
  }
  call_.request_id = id;
  call_.trace = request_.header("traceparent").substr(0, kMaxIdBytes);
  if (request_.has_header("Request-Timeout")) {
    KVHOST_TRY_ASSIGN(call_.deadline_ns,
                      deadline_from(request_.header("Request-Timeout"), service().loop.now()));
  }
  KVHOST_TRY_ASSIGN(call_.read_level, read_level_from(request_.target.parameter("consistency")));
  KVHOST_TRY_ASSIGN(call_.session, session_->store_session());
  call_.token = service().make_token();
  return {};
}

void Exchange::respond(Response response) {
  response_ = std::move(response);
  answered_ = complete_ = true;
  session_->note_answer(*this);
}

void Exchange::fail(const Status& status, ProblemExtras extras) {
  if (status.code() != StatusCode::NOT_LEADER) return respond(problem(status, extras));
  const auto leader = leader_url(service().store, status);
  if (!leader) return respond(problem(status, extras));
  extras.http_status = 307;
  Response redirect = problem(status, extras);
  redirect.add("Location", *leader + std::string(request_.raw_target()));
  respond(std::move(redirect));
}

void Exchange::begin_stream(Response head) {
  response_ = std::move(head);
  response_.streamed = true;
  answered_ = true;
  session_->note_answer(*this);
}

void Exchange::send(std::string_view piece) {
  if (piece.empty() || request_.is_head()) return;
  if (request_.is_http_1_0()) {
    pieces_.emplace_back(piece);
  } else {
    char size[20];
    const auto end = std::to_chars(size, size + sizeof(size), piece.size(), 16).ptr;
    std::string chunk(size, end);
    chunk.reserve(chunk.size() + piece.size() + 4);
    chunk += "\r\n";
    chunk += piece;
    chunk += "\r\n";
    pieces_.push_back(std::move(chunk));
  }
}

void Exchange::finish_stream() {
  if (!request_.is_head() && !request_.is_http_1_0()) pieces_.emplace_back("0\r\n\r\n");
  complete_ = true;
}

void Exchange::break_off() { broken_ = complete_ = true; }

}  // namespace kvhost::http

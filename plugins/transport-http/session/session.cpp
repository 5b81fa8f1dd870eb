#include "session/session.hpp"

#include <algorithm>

#include "api/admission.hpp"
#include "api/routes.hpp"

namespace kvhost::http {
namespace {

// Above this no further request is begun.
constexpr std::size_t kHighWaterBytes = 1 << 20;
// Below this a streamed answer is asked for more.
constexpr std::size_t kLowWaterBytes = 256 << 10;
// A body earns a second for each of these.
constexpr uint64_t kBodyBytesPerSecond = 64 << 10;

}  // namespace

HttpSession::HttpSession(Service& service, std::string peer, std::shared_ptr<void> lease)
    : lease_(std::move(lease)),
      service_(service),
      peer_(std::move(peer)),
      reader_(service.limits.read(), &service.bodies),
      phase_since_(service.loop.now()),
      write_progress_(phase_since_) {}

HttpSession::~HttpSession() {
  if (store_session_ != 0) service_.store.close_session(store_session_);
}

// ---- what happens to the connection

void HttpSession::receive(std::string_view bytes) {
  if (input_over_ || closed_) {
    cut_off_ = true;
    return;
  }
  input_.append(bytes);
  pump();
}

void HttpSession::receive_end() {
  input_ended_ = true;
  pump();
}

void HttpSession::written(std::size_t bytes) {
  note_written(bytes);
  pump();
}

void HttpSession::note_written(std::size_t bytes) {
  unwritten_bytes_ -= std::min(bytes, unwritten_bytes_);
  write_progress_ = service_.loop.now();
}

void HttpSession::drain() {
  draining_ = true;
  if (!reader_.in_body() && input_.empty()) input_over_ = true;
  if (exchanges_.empty() && input_over_) finished_ = true;
  pump();
}

void HttpSession::close() {
  if (closed_) return;
  closed_ = finished_ = input_over_ = true;
  changed_ = nullptr;
  for (const auto& exchange : exchanges_) {
    if (exchange->started_ && !exchange->complete_ && exchange->call_.token != 0) {
      service_.store.cancel(store_session_, exchange->call_.token);
    }
    exchange->more_ = nullptr;
  }
  exchanges_.clear();
  output_.clear();
}

void HttpSession::refuse(const Status& status, int http_status) {
  end_input(status, http_status);
  pump();
}

void HttpSession::tick() {
  const auto due = deadline();
  if (!due || service_.loop.now() < *due || closed_) return;
  if (unwritten_bytes_ != 0 && *due == write_progress_ + service_.limits.write_timeout) {
    aborted_ = finished_ = true;
    return;
  }
  if (phase_ == Phase::kIdle) {
    finished_ = true;
    return;
  }
  end_input({StatusCode::REQUEST_TIMEOUT, phase_ == Phase::kHead
                                              ? "the head of the request did not arrive in time"
                                              : "the body of the request did not arrive in time"});
  pump();
}

// ---- what the connection is to do

std::vector<std::string> HttpSession::take_output() { return std::exchange(output_, {}); }

bool HttpSession::may_begin_request() const {
  return exchanges_.size() < service_.limits.max_pipelined && unwritten_bytes_ < kHighWaterBytes;
}

bool HttpSession::wants_input() const {
  return !input_over_ && !input_ended_ && !finished_ && (reader_.in_body() || may_begin_request());
}

std::optional<TimePoint> HttpSession::deadline() const {
  if (closed_ || aborted_) return std::nullopt;
  std::optional<TimePoint> due;
  if (unwritten_bytes_ != 0) due = write_progress_ + service_.limits.write_timeout;
  // Only a client that keeps the parser waiting is late.
  if (finished_ || input_over_ || input_ended_ || !starved_) return due;
  const auto& limits = service_.limits;
  if (phase_ == Phase::kIdle) {
    if (!exchanges_.empty() || unwritten_bytes_ != 0) return due;
    return std::max(phase_since_, write_progress_) + limits.idle_timeout;
  }
  TimePoint input_due = phase_since_ + limits.header_timeout;
  if (phase_ == Phase::kBody) {
    input_due = phase_since_ + limits.body_timeout +
                std::chrono::seconds(reader_.body_bytes() / kBodyBytesPerSecond);
  }
  return due ? std::min(*due, input_due) : input_due;
}

void HttpSession::note_phase() {
  const Phase now_in = reader_.in_body()             ? Phase::kBody
                       : starved_ && !input_.empty() ? Phase::kHead
                                                     : Phase::kIdle;
  if (now_in == phase_ && phase_message_ == messages_) return;
  phase_ = now_in;
  phase_message_ = messages_;
  phase_since_ = service_.loop.now();
}

// ---- for exchanges and store calls

Result<uint64_t> HttpSession::store_session() {
  if (store_session_ == 0) {
    KVHOST_TRY_ASSIGN(store_session_, service_.store.open_session("http", peer_));
  }
  return store_session_;
}

void HttpSession::note_answer(const Exchange& exchange) {
  service_.metrics.count(
      exchange.route() == nullptr ? std::string_view() : exchange.route()->pattern,
      exchange.request().method(), exchange.response_.status,
      service_.loop.now() - exchange.arrived_);
}

void HttpSession::resume() {
  pump();
  note_change();
}

// ---- the machine

void HttpSession::pump() {
  if (pumping_ || closed_) return;
  pumping_ = true;
  bool progress = true;
  while (progress && !closed_) {
    progress = parse();
    dispatch();
    progress = emit() || progress;
  }
  emit_continue();
  note_phase();
  if (exchanges_.empty() && input_over_) finished_ = true;
  pumping_ = false;
}

// Takes in one request at most, so that its answer counts before the next is begun.
bool HttpSession::parse() {
  starved_ = false;
  while (!input_over_ && !finished_ && (reader_.in_body() || may_begin_request())) {
    switch (reader_.advance(input_)) {
      case RequestReader::Progress::kNeedMore:
        starved_ = true;
        if (input_ended_) input_over_ = true;
        return false;
      case RequestReader::Progress::kHead:
        take_head();
        break;
      case RequestReader::Progress::kComplete:
        take_request();
        return true;
      case RequestReader::Progress::kFailed:
        end_input(reader_.failure().status, reader_.failure().http_status);
        return true;
    }
  }
  return false;
}

// Judges a head before its body comes, so that a refused body is not waited for or stored.
void HttpSession::take_head() {
  const Request& head = reader_.head();
  Admission admission = admit(head, service_.limits);
  const uint64_t length = reader_.content_length().value_or(0);
  const bool refused = admission.refusal.has_value();
  const uint64_t limit = refused ? Limits::small_body() : admission.max_body_bytes;
  const bool waits = !head.is_http_1_0() && reader_.has_body() && head.has_header("Expect");
  reader_.accept_body(limit, !refused);
  continue_owed_ = waits && !refused;
  // A request whose head was taken is carried out even if a drain begins before its body is here. A
  // failure shows when the call is prepared.
  if (!refused && admission.route->uses_store) static_cast<void>(store_session().has_value());
  incoming_ = {std::move(admission.target), admission.route, std::move(admission.capture),
               std::move(admission.refusal)};
  if (length <= limit && !(waits && refused)) return;
  if (!incoming_.refusal) {
    incoming_.refusal = problem({StatusCode::TOO_LARGE, "the body has " + std::to_string(length) +
                                                            " bytes; this request takes at most " +
                                                            std::to_string(limit)});
  }
  continue_owed_ = false;
  input_over_ = true;
  Request request;
  request.message.base() = head.message.base();
  push(std::move(request), incoming_.route, {});
}

void HttpSession::take_request() {
  continue_owed_ = false;
  Request request = reader_.take();
  request.target = std::move(incoming_.target);
  if (!request.keep_alive() || draining_) input_over_ = true;
  push(std::move(request), incoming_.route, std::move(incoming_.capture));
}

// Answers what cannot be understood, after all that came before it, and takes no more.
void HttpSession::end_input(const Status& status, int http_status) {
  input_over_ = cut_off_ = true;
  continue_owed_ = false;
  ProblemExtras extras;
  extras.http_status = http_status;
  incoming_ = {};
  incoming_.refusal = problem(status, extras);
  push(Request(), nullptr, {});
}

void HttpSession::push(Request request, const Route* route, std::string capture) {
  auto exchange =
      std::make_shared<Exchange>(shared_from_this(), std::move(request), route, std::move(capture));
  exchange->arrived_ = service_.loop.now();
  ++messages_;
  if (incoming_.refusal) {
    exchange->started_ = true;
    exchange->respond(std::move(*incoming_.refusal));
    incoming_.refusal.reset();
  }
  exchanges_.push_back(std::move(exchange));
  if (!input_over_) return;
  cut_off_ = cut_off_ || !input_.empty() || reader_.in_body();
  input_.clear();
}

void HttpSession::dispatch() {
  bool all_safe = true;
  for (std::size_t i = 0; i < exchanges_.size(); ++i) {
    const ExchangePtr exchange = exchanges_[i];
    if (exchange->complete_) continue;
    const bool safe = exchange->request().is_safe();
    if (!exchange->started_) {
      const bool first =
          std::all_of(exchanges_.begin(), exchanges_.begin() + static_cast<std::ptrdiff_t>(i),
                      [](const auto& earlier) { return earlier->complete_; });
      if (!first && !(safe && all_safe)) return;
      start(exchange);
    }
    if (!exchange->complete_) all_safe = all_safe && safe;
  }
}

void HttpSession::start(const ExchangePtr& exchange) {
  exchange->started_ = true;
  const Route& route = *exchange->route();
  if (route.uses_store) {
    const Status prepared = exchange->prepare_call();
    if (!prepared.is_ok()) return exchange->fail(prepared);
  }
  route.handler(exchange);
  exchange->request().forget_body();
}

bool HttpSession::emit() {
  bool progress = false;
  while (!exchanges_.empty() && !finished_ && !closed_) {
    const ExchangePtr front = exchanges_.front();
    if (!front->answered_) break;
    if (!front->head_sent_) {
      front->head_sent_ = true;
      if (front->response_.streamed && front->request_.is_http_1_0()) input_over_ = true;
      const bool last = exchanges_.size() == 1 && input_over_;
      output(head_text(front->response_, {front->request_.is_http_1_0(), !last, front->request_id_,
                                          service_.date()}));
      if (!front->request_.is_head()) output(std::move(front->response_.body));
    }
    if (!emit_pieces(*front)) break;
    progress = true;
    exchanges_.pop_front();
    if (front->broken_ || (input_over_ && exchanges_.empty())) finished_ = true;
  }
  return progress;
}

// True when the answer is out completely.
bool HttpSession::emit_pieces(Exchange& front) {
  for (;;) {
    while (!front.pieces_.empty()) {
      output(std::move(front.pieces_.front()));
      front.pieces_.pop_front();
    }
    if (front.complete_) return true;
    if (!front.more_ || unwritten_bytes_ >= kLowWaterBytes) return false;
    std::exchange(front.more_, nullptr)();
    if (closed_) return false;
  }
}

// "100 Continue" belongs after every answer to earlier requests.
void HttpSession::emit_continue() {
  if (!continue_owed_ || !exchanges_.empty() || finished_ || closed_) return;
  continue_owed_ = false;
  output("HTTP/1.1 100 Continue\r\n\r\n");
}

void HttpSession::output(std::string bytes) {
  if (bytes.empty()) return;
  if (unwritten_bytes_ == 0) write_progress_ = service_.loop.now();
  unwritten_bytes_ += bytes.size();
  output_.push_back(std::move(bytes));
}

}  // namespace kvhost::http

// One request and the answer that grows for it. A handler answers by respond(), or streams; it may
// do so at once or after calls to the store (store_call.hpp).
//
// Threads:   the session's loop.
// Lifetime:  shared by the session, until the answer is written, and by pending store calls. Keeps
// the
//            session alive.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "kvhost/store.hpp"
#include "message/request.hpp"
#include "message/response.hpp"
#include "session/loop.hpp"

namespace kvhost::http {

class HttpSession;
class Service;
struct Route;

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<HttpSession> session, Request request, const Route* route,
           std::string capture);

  HttpSession& session() const { return *session_; }
  Service& service() const;
  const Request& request() const { return request_; }
  Request& request() { return request_; }
  const Route* route() const { return route_; }
  // What stood in the braces of the route's pattern.
  const std::string& key() const { return capture_; }
  const Call& call() const { return call_; }

  // Opens the store's session if need be and reads the headers and the parameter that go with every
  // call: Request-Timeout, Idempotency-Key, traceparent, consistency.
  Status prepare_call();

  void respond(Response response);
  void fail(const Status& status, ProblemExtras extras = {});

  // An answer in pieces: begin, send…, then finish. break_off() tells the client by closing the
  // connection before the end.
  void begin_stream(Response head);
  void send(std::string_view piece);
  void finish_stream();
  void break_off();
  // Calls `more` once when the client has taken most of what was sent.
  void when_writable(std::function<void()> more) { more_ = std::move(more); }

 private:
  friend class HttpSession;

  const std::shared_ptr<HttpSession> session_;
  Request request_;
  const Route* const route_;
  const std::string capture_;
  std::string request_id_;
  Call call_;
  TimePoint arrived_{};
  bool started_ = false;
  bool answered_ = false;  // there is a head
  bool head_sent_ = false;
  bool complete_ = false;
  bool broken_ = false;
  Response response_;
  std::deque<std::string> pieces_;
  std::function<void()> more_;
};

using ExchangePtr = std::shared_ptr<Exchange>;

}  // namespace kvhost::http

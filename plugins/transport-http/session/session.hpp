// The HTTP/1.1 protocol of one connection, without a socket: bytes in, bytes out, and the time.
//
// Requests are parsed as they come, answered in order. Safe ones (GET, HEAD) run beside each other;
// any other waits for all before it, and all after it wait for it (RFC 9112, 9.3.2). A limit on
// requests in flight and on bytes that wait for the client stops the parsing, and with it the
// reading.
//
// Threads:   the loop's.
// Lifetime:  shared: pending store calls keep it alive past the connection. The store's session is
//            closed when the last of them is done.
// Errors:    malformed input is answered with a problem, and the connection ends.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/request_reader.hpp"
#include "session/exchange.hpp"
#include "session/service.hpp"

namespace kvhost::http {

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  // `lease` is let go after everything else.
  HttpSession(Service& service, std::string peer, std::shared_ptr<void> lease = nullptr);
  ~HttpSession();

  // ---- what happens to the connection
  void receive(std::string_view bytes);
  void receive_end();                    // the peer sends no more; it may still read
  void written(std::size_t bytes);       // the peer's side has taken this much of the output
  void note_written(std::size_t bytes);  // the same, in the middle of a write: nothing else happens
  void tick();                           // looks at the deadlines
  void drain();                          // finish what was taken, then end
  void close();                          // the connection is gone: withdraws what is pending
  // Ends the connection without a further word: memory for going on could not be had.
  void abort() { aborted_ = finished_ = true; }
  // Answers 503 without reading a request, then ends.
  void refuse(const Status& status, int http_status);

  // ---- what the connection is to do
  bool has_output() const { return !output_.empty(); }
  std::vector<std::string> take_output();
  bool wants_input() const;
  // True: close once the output is written.
  bool finished() const { return finished_; }
  // With finished(): the peer may still be sending; closing at once could lose it the last answer.
  bool cut_off() const { return cut_off_; }
  // True: close at once, the peer does not read.
  bool aborted() const { return aborted_; }
  // When to call tick().
  std::optional<TimePoint> deadline() const;
  // Called on the loop when something above changed outside of a call of the connection's.
  void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

  // ---- for exchanges and store calls
  Service& service() const { return service_; }
  Result<uint64_t> store_session();
  bool closed() const { return closed_; }
  void note_answer(const Exchange& exchange);
  // Goes on after a store call was completed on the loop.
  void resume();
  void note_change() {
    if (changed_) changed_();
  }

 private:
  enum class Phase { kIdle, kHead, kBody };

  bool may_begin_request() const;
  bool parse();
  void take_head();
  void take_request();
  void end_input(const Status& status, int http_status = 0);
  void push(Request request, const Route* route, std::string capture);
  void dispatch();
  void start(const ExchangePtr& exchange);
  bool emit();
  bool emit_pieces(Exchange& front);
  void emit_continue();
  void output(std::string bytes);
  void pump();
  void note_phase();

  // What the head of the request that is being received came to.
  struct Incoming {
    Target target;
    const Route* route = nullptr;
    std::string capture;
    std::optional<Response> refusal;
  };

  const std::shared_ptr<void> lease_;
  Service& service_;
  const std::string peer_;
  std::function<void()> changed_;
  uint64_t store_session_ = 0;

  InputBuffer input_;
  RequestReader reader_;
  Incoming incoming_;
  bool continue_owed_ = false;
  bool input_ended_ = false;  // the peer sends no more
  bool input_over_ = false;   // no more is taken
  bool draining_ = false;
  bool starved_ = true;       // the parser waits for more bytes
  bool pumping_ = false;
  bool finished_ = false;
  bool aborted_ = false;
  bool cut_off_ = false;
  bool closed_ = false;

  std::deque<ExchangePtr> exchanges_;
  std::vector<std::string> output_;
  std::size_t unwritten_bytes_ = 0;  // taken by the connection or not

  Phase phase_ = Phase::kIdle;
  uint64_t messages_ = 0;
  uint64_t phase_message_ = 0;
  TimePoint phase_since_;
  TimePoint write_progress_;
};

}  // namespace kvhost::http

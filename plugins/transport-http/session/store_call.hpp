// Calls to the store from a handler. `then` runs on the session's loop: inside the call when the
// store answers at once, else later; not at all when the client has gone.
//
// Threads:   called on the loop. A completion on another thread is handed over by Loop::post.
// Lifetime:  inputs are borrowed until the function returns. The exchange lives until `then` has
// run.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "kvhost/store.hpp"
#include "session/exchange.hpp"
#include "session/session.hpp"

namespace kvhost::http {

// One call under way. The caller, on leaving the call, and the completion meet here; whoever comes
// second owns the object: the caller then goes on at once, the completion posts it to the loop.
template <typename Outcome, typename Then>
class StoreCall final : public Task {
 public:
  StoreCall(ExchangePtr exchange, Then then)
      : exchange_(std::move(exchange)), then_(std::move(then)) {}

  template <typename Start>
  static void begin(ExchangePtr exchange, Start start, Then then) {
    auto* const call = new StoreCall(std::move(exchange), std::move(then));
    start(call->outcome_, [call](Status status) { call->complete(std::move(status)); });
    if (call->first_.exchange(true)) std::unique_ptr<StoreCall>(call)->go_on();
  }

  // Posted: on the loop, outside of any other call.
  void run() override {
    const auto session = exchange_->session().shared_from_this();
    try {
      go_on();
      if (!session->closed()) session->resume();
    } catch (const std::exception&) {
      session->abort();
      session->note_change();
    }
  }

 private:
  void complete(Status status) {
    status_ = std::move(status);
    Loop& loop = exchange_->service().loop;
    if (first_.exchange(true)) loop.post(std::unique_ptr<Task>(this));
  }
  void go_on() {
    if (exchange_->session().closed()) return;
    then_(exchange_, std::move(status_), std::move(outcome_));
  }

  ExchangePtr exchange_;
  Then then_;
  Status status_;
  Outcome outcome_{};
  std::atomic<bool> first_{false};
};

// ---- then(const ExchangePtr&, Status, …)

template <typename Then>
void store_write(const ExchangePtr& exchange, const WriteRequest& request, Then then) {
  StoreCall<WriteReply, Then>::begin(
      exchange,
      [&](WriteReply& reply, auto done) {
        exchange->service().store.write(exchange->call(), request,
                                        [&reply, done](Status status, WriteReply answer) {
                                          reply = std::move(answer);
                                          done(std::move(status));
                                        });
      },
      std::move(then));
}

// One key's entry, owned.
struct OwnedEntry {
  bool found = false;
  std::string value;
  uint64_t version = 0;
  uint64_t ttl_ms = 0;
};
template <typename Then>
void store_read(const ExchangePtr& exchange, std::string_view key, Then then) {
  StoreCall<OwnedEntry, Then>::begin(
      exchange,
      [&](OwnedEntry& entry, auto done) {
        exchange->service().store.read(
            exchange->call(), {&key, 1},
            [&entry](const EntryView& view) {
              entry = {view.found, std::string(view.value), view.version, view.ttl_ms};
            },
            [done](Status status) { done(std::move(status)); });
      },
      std::move(then));
}

// Rows of a cursor, made into text by `Rows::add(EntryView)` on the thread that completes the call.
template <typename Rows, typename Then>
void store_next_rows(const ExchangePtr& exchange, uint64_t cursor, uint64_t max_rows,
                     uint64_t max_bytes, Then then) {
  StoreCall<Rows, Then>::begin(
      exchange,
      [&](Rows& rows, auto done) {
        exchange->service().store.next_rows(
            exchange->call(), cursor, max_rows, max_bytes,
            [&rows](const EntryView& view) { rows.add(view); },
            [done](Status status) { done(std::move(status)); });
      },
      std::move(then));
}

template <typename Then>
void store_command(const ExchangePtr& exchange, std::string_view name, std::string_view arguments,
                   Then then) {
  StoreCall<std::string, Then>::begin(
      exchange,
      [&](std::string& text, auto done) {
        exchange->service().store.command(exchange->call(), name, arguments,
                                          [&text, done](Status status, std::string answer) {
                                            text = std::move(answer);
                                            done(std::move(status));
                                          });
      },
      std::move(then));
}

}  // namespace kvhost::http

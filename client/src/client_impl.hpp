// How the client's calls reach a node: contexts, deadlines, and second attempts.
//
// Threads:   any.
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "endpoints.hpp"
#include "kvhost/client/client.hpp"
#include "replies.hpp"
#include "waiting.hpp"

namespace kvhost::client {

// What a connection's loss means for a call.
enum class Effect { kRead, kWrite };

class Client::Impl {
 public:
  explicit Impl(ClientOptions options) : endpoints(std::move(options)) {}

  // One request and its answer; tried again elsewhere while that is safe and there is time.
  // `answered_by`, where given, is set to the connection that answered.
  template <typename Encode, typename Decode>
  auto call(const CallOptions& options, Effect effect, Encode encode, Decode decode,
            std::shared_ptr<Channel>* answered_by = nullptr)
      -> decltype(decode(std::declval<const Result<tcp::Frame>&>())) {
    KVHOST_TRY(check(options));
    const TimePoint deadline = deadline_of(options);
    for (std::size_t attempt = 0;; ++attempt) {
      KVHOST_TRY_ASSIGN(const auto channel, endpoints.channel());
      auto answer = call_and_wait(
          *channel, terms(deadline, effect, true),
          [&](tcp::RequestEncoder& encoder, uint64_t id) {
            encode(encoder, id, context(options, deadline));
          },
          decode);
      if (answered_by != nullptr) *answered_by = channel;
      if (answer || attempt >= endpoints.count() || std::chrono::steady_clock::now() >= deadline) {
        return answer;
      }
      if (!may_retry(answer.error().code(), endpoints.count())) return answer;
      endpoints.leave(channel);
    }
  }

  template <typename Encode, typename Decode, typename Done>
  void call_async(const CallOptions& options, Effect effect, Encode encode, Decode decode,
                  Done done) {
    const Status wrong = check(options);
    if (!wrong.is_ok()) return done(wrong);
    const auto channel = endpoints.channel();
    if (!channel) return done(channel.error());
    const TimePoint deadline = deadline_of(options);
    (*channel)->submit(
        terms(deadline, effect, false),
        [decode, done = std::move(done)](Result<tcp::Frame> reply) { done(decode(reply)); },
        [&](tcp::RequestEncoder& encoder, uint64_t id) {
          encode(encoder, id, context(options, deadline));
        });
  }

  TimePoint deadline_of(const CallOptions& options) const {
    return std::chrono::steady_clock::now() +
           options.timeout.value_or(endpoints.options().request_timeout);
  }

  // Views of the batch as the encoder takes them.
  struct RawBatch {
    std::vector<kvh_op> ops;
    std::vector<kvh_condition> conditions;
  };
  static RawBatch raw(const WriteBatch& batch);

  Endpoints endpoints;

 private:
  static Status check(const CallOptions& options);
  // True where nothing was executed, and another connection may do better. DRAINING is also what
  // a connection hears that was idle for too long.
  static bool may_retry(StatusCode code, std::size_t endpoint_count) {
    if (code == StatusCode::CONNECTION_FAILED || code == StatusCode::DRAINING) return true;
    const bool is_elsewhere = code == StatusCode::STARTING || code == StatusCode::NOT_LEADER;
    return is_elsewhere && endpoint_count > 1;
  }
  Channel::Terms terms(TimePoint deadline, Effect effect, bool at_once) const {
    return {deadline + endpoints.options().answer_grace, effect == Effect::kWrite, at_once};
  }
  static tcp::RequestContext context(const CallOptions& options, TimePoint deadline);
};

}  // namespace kvhost::client

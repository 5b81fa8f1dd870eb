// Waits for one reply, for synchronous calls.
//
// Threads:   the caller's; the answer comes from the channel's.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "channel.hpp"

namespace kvhost::client {

// `encode(RequestEncoder&, id)` makes the request; `decode(const Result<Frame>&)` what is returned.
template <typename Encode, typename Decode>
auto call_and_wait(Channel& channel, const Channel::Terms& terms, Encode encode, Decode decode)
    -> decltype(decode(std::declval<const Result<tcp::Frame>&>())) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable arrived;
    std::optional<decltype(decode(std::declval<const Result<tcp::Frame>&>()))> value;
  } answer;
  channel.submit(
      terms,
      [&answer, &decode](Result<tcp::Frame> reply) {
        auto value = decode(reply);
        // Notified under the lock: the waiter destroys both as soon as it has it.
        const std::lock_guard lock(answer.mutex);
        answer.value.emplace(std::move(value));
        answer.arrived.notify_one();
      },
      encode);
  std::unique_lock lock(answer.mutex);
  answer.arrived.wait(lock, [&answer] { return answer.value.has_value(); });
  return std::move(*answer.value);
}

}  // namespace kvhost::client

// The node that a client talks to now, and where it goes when that one is lost.
//
// Threads:   any.
// Lifetime:  outlives every call.
// Errors:    CONNECTION_FAILED, or what the last node refused with, naming every endpoint tried.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "channel.hpp"
#include "kvhost/client/types.hpp"

namespace kvhost::client {

class Endpoints {
 public:
  explicit Endpoints(ClientOptions options) : options_(std::move(options)) {}

  const ClientOptions& options() const { return options_; }
  std::size_t count() const { return options_.endpoints.size(); }
  // The connection in use, or a new one to the first endpoint that answers.
  Result<std::shared_ptr<Channel>> channel();
  // Not to this node again, if there is another: `channel` cannot serve what was asked.
  void leave(const std::shared_ptr<Channel>& channel);

 private:
  Result<std::shared_ptr<Channel>> connect_next();
  void retire();
  Status authenticate(Channel& channel) const;

  const ClientOptions options_;
  std::mutex mutex_;
  std::size_t next_ = 0;                           // guarded by mutex_
  std::shared_ptr<Channel> current_;               // guarded by mutex_
  std::vector<std::shared_ptr<Channel>> retired_;  // guarded by mutex_: still finish their work
};

}  // namespace kvhost::client

// The C++ face of a transport: serves the store to clients over some protocol.
//
//   static Result<std::unique_ptr<Http>> create(Context& context, const Config& config);
//
// Threads:   start, drain, stop and reconfigure run on the host's control thread; addresses and
// info on
//            any thread. A transport runs at most NodeInfo::io_threads threads of its own, which
//            never wait for the disk or a peer.
// Lifetime:  create → start → (reconfigure)* → drain → stop → destruction.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kvhost/abi/transport.h"
#include "kvhost/compaction.hpp"
#include "kvhost/config.hpp"
#include "kvhost/context.hpp"
#include "kvhost/result.hpp"
#include "kvhost/store.hpp"

namespace kvhost {

class Transport {
 public:
  virtual ~Transport() = default;
  // Listens. ADDRESS_IN_USE when the port is taken.
  virtual Status start() = 0;
  // Takes no new connections and requests; calls `drained` once when those taken are answered, or
  // at `deadline`. May call it at once.
  virtual void drain(Deadline deadline, std::function<void()> drained) = 0;
  // Closes what is left; returns when every thread of its own is joined.
  virtual void stop(Deadline deadline) = 0;
  // New values of reloadable options; on failure nothing changed.
  virtual Status reconfigure(const Config& /*config*/) { return {}; }
  // The addresses listened on, with the real port: "127.0.0.1:8080".
  virtual std::vector<std::string> addresses() const = 0;
  // What an operator wants to see, as one JSON object.
  virtual std::string info() const { return "{}"; }
};

}  // namespace kvhost

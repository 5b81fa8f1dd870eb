// One client's socket, and the session on it.
//
//   serving → lingering (the last word is sent; what still comes is not looked at) → shut
//
// Threads:   one, its loop's.
// Lifetime:  owned by its loop until the socket is shut and nothing is under way for it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/poller.hpp"
#include "net/socket.hpp"
#include "session/session.hpp"

namespace kvhost::resp {

class Connection final : public Session, public PollTarget {
 public:
  Connection(LoopServices& loop, Poller& poller, Descriptor socket, std::shared_ptr<Client> client,
             uint64_t store_session);
  ~Connection() override;

  void open();
  void on_events(uint32_t events) override;
  // Sends what is ready and says what it waits for; after work().
  void settle();
  // The periodic look: gives memory back, and closes where the client was silent for too long.
  void look_after(uint64_t now_ns);
  void shut();
  bool is_gone() const { return is_shut_ && in_flight() == 0; }
  bool is_quiet() { return is_shut_ || (in_flight() == 0 && output().empty() && sending_.empty()); }

 private:
  void read();
  void send();
  void linger();
  void poll_for(uint32_t events);

  Poller& poller_;
  Descriptor socket_;
  std::string sending_;
  std::size_t sent_ = 0;
  uint32_t polled_ = 0;
  bool is_lingering_ = false;
  bool is_shut_ = false;
  uint64_t linger_until_ns_ = 0;
};

}  // namespace kvhost::resp

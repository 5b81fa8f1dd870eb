// A network between processes on this machine, which can be cut: one address for each node, behind
// which connections are passed on to where the node listens. Who has opened a connection is told
// from /proc, so that both directions of a cut are known whatever addresses the nodes tell each
// other.
//
// Threads:   one of its own, from start() on; cut() and heal() any.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kvhost::conformance {

class CutNetwork {
 public:
  explicit CutNetwork(std::size_t nodes);
  ~CutNetwork();
  CutNetwork(const CutNetwork&) = delete;
  CutNetwork& operator=(const CutNetwork&) = delete;

  // False when no ports could be had.
  bool is_made() const { return is_made_; }
  // Where the others reach the node, and where it is to listen itself.
  std::string outer_address(std::size_t node) const { return outer_[node].address; }
  std::string inner_address(std::size_t node) const { return inner_[node].address; }

  // `processes[i]` is node i.
  void start(std::vector<pid_t> processes);
  // Nothing passes between `node` and the others any more: what is open stands still.
  void cut(std::size_t node) { cut_ = static_cast<int>(node); }
  // What stood still is reset, new connections pass.
  void heal() { cut_ = kNone; }

 private:
  static constexpr int kNone = -1;
  struct Port {
    int socket = -1;
    uint16_t number = 0;
    std::string address;
  };
  struct Pair {
    int from_socket = -1;
    int to_socket = -1;
    int from = kNone;
    int to = kNone;
    bool stood_still = false;
  };
  static Port make_port();
  void run();
  void take(std::size_t node);
  int owner_of(uint16_t port, uint16_t peer_port) const;
  bool is_cut(const Pair& pair) const;
  static bool pass(int from, int to);

  std::vector<Port> outer_;
  std::vector<Port> inner_;
  bool is_made_ = true;
  std::vector<pid_t> processes_;
  std::list<Pair> pairs_;
  std::atomic<int> cut_{kNone};
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

}  // namespace kvhost::conformance

// A strategy as one node of several, each in a process of its own, told what to do by words.
//
// Threads:   one. Make all of them before the first thread is there, and before the plugin is
// loaded:
//            a runtime that it brings would lose its threads by the fork.
// Lifetime:  the destructor ends the process.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "checks.hpp"
#include "kvhost/status.hpp"

namespace kvhost::conformance {

class NodeProcess {
 public:
  // A process that is to create and attach the component as node `id`.
  NodeProcess(const Subject& subject, const std::string& id);
  ~NodeProcess();
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  pid_t process() const { return process_; }
  const std::string& id() const { return id_; }

  // How the component is told of other nodes: by options listen, peers = [ { id, address } ] and,
  // where it has one, an address beside listen. `why_not` has words where it is one node by itself.
  struct Convention {
    std::string why_not;
    bool has_address = false;
  };
  Convention convention();
  // Before the start.
  void set_option(const std::string& path, const std::string& value) {
    tell("set " + path + " " + value);
  }
  // A node may wait for the others while it is attached: begin with all, then ask each.
  void begin_start() { tell("start"); }
  Status started() { return status_of(hear(std::chrono::seconds(30))); }
  struct Proposed {
    Status status;
    uint64_t index = 0;
    int completions = 0;
  };
  Proposed propose(const std::string& batch, std::chrono::milliseconds limit);
  // The index from which a linearizable read is served; the status of the refusal otherwise.
  struct Granted {
    Status status;
    uint64_t index = 0;
  };
  Granted barrier(std::chrono::milliseconds limit);
  uint64_t traits();
  // The batches applied, in order, without empty ones.
  std::vector<std::string> applied();
  // What went against the order of the log.
  std::string faults() { return ask("faults", std::chrono::seconds(5)); }
  // Stops the component; empty when that went well.
  std::string stop() { return ask("stop", std::chrono::seconds(30)); }

 private:
  // The answer; "gone" when the process has ended or says nothing.
  std::string ask(const std::string& words, std::chrono::milliseconds limit);
  void tell(const std::string& words) const;
  std::string hear(std::chrono::milliseconds limit) const;
  static Status status_of(const std::string& text);

  std::string id_;
  pid_t process_ = -1;
  int socket_ = -1;
};

}  // namespace kvhost::conformance

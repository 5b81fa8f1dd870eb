// A network of this process's own: a namespace for the clients with a bridge in it, and a namespace
// for each node, joined by a pair of virtual interfaces. Nothing of it outlives the process,
// however that ends: the namespaces have no names, only descriptors.
//
// Threads:   made and destroyed by the main thread, which is inside meanwhile, as are the threads
//            and processes that it starts; faults by one thread.
// Errors:    obstacle() says why the machine does not allow it.
#pragma once

#include <string>
#include <vector>

namespace kvhost::testing {

class Network {
 public:
  // Why no such network can be made here; empty when it can.
  static std::string obstacle();

  explicit Network(int nodes);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  std::string address(int node) const { return "10.77.0." + std::to_string(node + 1); }
  // The words to put before a command that shall run where the node runs, and end with this
  // process.
  std::vector<std::string> inside(int node) const;
  // What `from` sends does not reach `to` any more; the other way stays as it is.
  void cut(int from, int to);
  // `node` loses a share of what the others send it.
  void lose(int node, double share);
  // What `node` sends waits behind itself, and is dropped where it would wait too long.
  void thin(int node);
  void heal();

 private:
  void run(const std::string& command) const;
  std::string prefix(int node) const;

  int outside_ = -1;
  std::vector<int> namespaces_;
  std::vector<bool> has_rules_;
  std::vector<bool> is_thin_;
};

}  // namespace kvhost::testing

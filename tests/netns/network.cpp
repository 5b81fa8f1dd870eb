#include "network.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace kvhost::testing {
namespace {

// 250 KB a second; a packet that would wait longer than 300 ms is lost.
constexpr const char* kThinLink = "tbf rate 2mbit burst 16kb latency 300ms";

int open_own_namespace() { return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); }

bool works(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

}  // namespace

std::string Network::obstacle() {
  if (geteuid() != 0) return "network namespaces need root";
  for (const char* const program : {"ip", "tc", "iptables", "nsenter", "setpriv", "unshare"}) {
    if (!works("command -v " + std::string(program))) {
      return std::string(program) + " is not installed (scripts/install-deps)";
    }
  }
  if (!works("unshare -n sh -c 'ip link add name veth0 type veth peer name veth1 && ip link add "
             "name bridge0 type bridge'")) {
    return "this machine makes no network namespaces with virtual interfaces";
  }
  if (!works("unshare -n iptables -w -A INPUT -s 10.77.0.1 -m statistic --mode random "
             "--probability 0.5 -j DROP")) {
    return "this machine's kernel takes no rules of iptables";
  }
  if (!works("unshare -n tc qdisc add dev lo root " + std::string(kThinLink))) {
    return "this machine's kernel slows no interface down";
  }
  return {};
}

Network::Network(int nodes)
    : has_rules_(static_cast<std::size_t>(nodes)), is_thin_(static_cast<std::size_t>(nodes)) {
  outside_ = open_own_namespace();
  const auto fresh = [] {
    if (unshare(CLONE_NEWNET) != 0) throw std::runtime_error("unshare: no network namespace");
    return open_own_namespace();
  };
  const int clients = fresh();
  run("ip link set lo up && ip link add name bridge0 type bridge && ip link set bridge0 up && "
      "ip address add 10.77.0.254/24 dev bridge0");
  for (int node = 0; node < nodes; ++node) {
    namespaces_.push_back(fresh());
    if (setns(clients, CLONE_NEWNET) != 0) throw std::runtime_error("setns: the clients'");
    const std::string name = "veth" + std::to_string(node);
    run("ip link add name " + name + " type veth peer name eth0 netns /proc/" +
        std::to_string(getpid()) + "/fd/" + std::to_string(namespaces_.back()) +
        " && ip link set " + name + " master bridge0 up");
    run(prefix(node) + "sh -c 'ip link set lo up && ip link set eth0 up && ip address add " +
        address(node) + "/24 dev eth0'");
  }
  close(clients);
}

Network::~Network() {
  (void)!setns(outside_, CLONE_NEWNET);
  close(outside_);
  for (const int one : namespaces_) close(one);
}

std::vector<std::string> Network::inside(int node) const {
  return {"setpriv", "--pdeathsig", "KILL", "nsenter",
          "--net=/proc/" + std::to_string(getpid()) + "/fd/" +
              std::to_string(namespaces_[static_cast<std::size_t>(node)])};
}

std::string Network::prefix(int node) const {
  std::string text;
  for (const auto& word : inside(node)) text += word + " ";
  return text;
}

void Network::cut(int from, int to) {
  has_rules_[static_cast<std::size_t>(to)] = true;
  run(prefix(to) + "iptables -w -A INPUT -s " + address(from) + " -j DROP");
}

void Network::lose(int node, double share) {
  has_rules_[static_cast<std::size_t>(node)] = true;
  for (int other = 0; other < static_cast<int>(namespaces_.size()); ++other) {
    if (other == node) continue;
    run(prefix(node) + "iptables -w -A INPUT -s " + address(other) +
        " -m statistic --mode random --probability " + std::to_string(share) + " -j DROP");
  }
}

void Network::thin(int node) {
  is_thin_[static_cast<std::size_t>(node)] = true;
  run(prefix(node) + "tc qdisc replace dev eth0 root " + kThinLink);
}

void Network::heal() {
  for (int node = 0; node < static_cast<int>(namespaces_.size()); ++node) {
    if (is_thin_[static_cast<std::size_t>(node)]) {
      run(prefix(node) + "tc qdisc del dev eth0 root");
      is_thin_[static_cast<std::size_t>(node)] = false;
    }
    if (!has_rules_[static_cast<std::size_t>(node)]) continue;
    run(prefix(node) + "iptables -w -F INPUT");
    has_rules_[static_cast<std::size_t>(node)] = false;
  }
}

void Network::run(const std::string& command) const {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

}  // namespace kvhost::testing

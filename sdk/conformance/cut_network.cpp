#include "cut_network.hpp"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace kvhost::conformance {
namespace {

sockaddr_in loopback(uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return to;
}

uint16_t peer_port(int socket) {
  sockaddr_in from{};
  socklen_t length = sizeof(from);
  ::getpeername(socket, reinterpret_cast<sockaddr*>(&from), &length);
  return ntohs(from.sin_port);
}

void send_at_once(int socket) {
  const int one = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

// The inode of the socket on this machine with these ports; empty when there is none.
std::string inode_of(uint16_t port, uint16_t peer) {
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    unsigned here = 0;
    unsigned there = 0;
    char inode[32] = "";
    if (std::sscanf(line.c_str(), " %*d: %*8X:%X %*8X:%X %*X %*s %*s %*s %*s %*s %31s", &here,
                    &there, inode) == 3 &&
        here == port && there == peer) {
      return inode;
    }
  }
  return {};
}

bool has_socket(pid_t process, const std::string& inode) {
  const std::string folder = "/proc/" + std::to_string(process) + "/fd";
  DIR* const files = ::opendir(folder.c_str());
  if (files == nullptr) return false;
  bool is_found = false;
  while (const dirent* file = ::readdir(files)) {
    char target[64] = "";
    const std::string path = folder + "/" + file->d_name;
    const ssize_t length = ::readlink(path.c_str(), target, sizeof(target) - 1);
    if (length > 0 &&
        std::string(target, static_cast<std::size_t>(length)) == "socket:[" + inode + "]") {
      is_found = true;
      break;
    }
  }
  ::closedir(files);
  return is_found;
}

}  // namespace

CutNetwork::Port CutNetwork::make_port() {
  Port port;
  sockaddr_in to = loopback(0);
  socklen_t length = sizeof(to);
  port.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (::bind(port.socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0 ||
      ::listen(port.socket, 64) != 0) {
    return port;
  }
  ::getsockname(port.socket, reinterpret_cast<sockaddr*>(&to), &length);
  port.number = ntohs(to.sin_port);
  port.address = "127.0.0.1:" + std::to_string(port.number);
  return port;
}

CutNetwork::CutNetwork(std::size_t nodes) {
  for (std::size_t i = 0; i < nodes; ++i) {
    outer_.push_back(make_port());
    inner_.push_back(make_port());
    is_made_ = is_made_ && outer_[i].number != 0 && inner_[i].number != 0;
  }
  // The nodes listen there themselves.
  for (const Port& port : inner_) ::close(port.socket);
}

CutNetwork::~CutNetwork() {
  is_stopping_ = true;
  if (thread_.joinable()) thread_.join();
  for (const Pair& pair : pairs_) {
    ::close(pair.from_socket);
    ::close(pair.to_socket);
  }
  for (const Port& port : outer_) ::close(port.socket);
}

void CutNetwork::start(std::vector<pid_t> processes) {
  processes_ = std::move(processes);
  thread_ = std::thread([this] { run(); });
}

int CutNetwork::owner_of(uint16_t port, uint16_t peer) const {
  const std::string inode = inode_of(port, peer);
  for (std::size_t i = 0; i < processes_.size() && !inode.empty(); ++i) {
    if (has_socket(processes_[i], inode)) return static_cast<int>(i);
  }
  return kNone;
}

bool CutNetwork::is_cut(const Pair& pair) const {
  const int cut = cut_;
  return cut != kNone && pair.from != pair.to && (pair.from == cut || pair.to == cut);
}

void CutNetwork::take(std::size_t node) {
  const int from = ::accept4(outer_[node].socket, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (from < 0) return;
  Pair pair;
  pair.from_socket = from;
  pair.from = owner_of(peer_port(from), outer_[node].number);
  pair.to = static_cast<int>(node);
  const sockaddr_in to = loopback(inner_[node].number);
  pair.to_socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (is_cut(pair) ||
      ::connect(pair.to_socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    ::close(from);
    ::close(pair.to_socket);
    return;
  }
  send_at_once(from);
  send_at_once(pair.to_socket);
  pairs_.push_back(pair);
}

// False when one end is over.
bool CutNetwork::pass(int from, int to) {
  char bytes[65536];
  const ssize_t count = ::recv(from, bytes, sizeof(bytes), MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  for (ssize_t done = 0; done < count;) {
    const ssize_t sent =
        ::send(to, bytes + done, static_cast<std::size_t>(count - done), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      pollfd ready{to, POLLOUT, 0};
      if (::poll(&ready, 1, 1000) <= 0) return false;
      continue;
    }
    if (sent < 0) return false;
    done += sent;
  }
  return true;
}

void CutNetwork::run() {
  constexpr int kTickMs = 20;
  while (!is_stopping_) {
    std::vector<pollfd> files;
    for (const Port& port : outer_) files.push_back({port.socket, POLLIN, 0});
    std::vector<std::list<Pair>::iterator> watched;
    for (auto at = pairs_.begin(); at != pairs_.end();) {
      const bool is_still = is_cut(*at);
      at->stood_still = at->stood_still || is_still;
      if (!is_still && at->stood_still) {
        ::close(at->from_socket);
        ::close(at->to_socket);
        at = pairs_.erase(at);
        continue;
      }
      if (!is_still) {
        watched.push_back(at);
        files.push_back({at->from_socket, POLLIN, 0});
        files.push_back({at->to_socket, POLLIN, 0});
      }
      ++at;
    }
    if (::poll(files.data(), files.size(), kTickMs) <= 0) continue;
    for (std::size_t i = 0; i < watched.size(); ++i) {
      const auto& pair = *watched[i];
      const std::size_t first = outer_.size() + 2 * i;
      bool is_alive = true;
      if (files[first].revents != 0) is_alive = pass(pair.from_socket, pair.to_socket);
      if (is_alive && files[first + 1].revents != 0) {
        is_alive = pass(pair.to_socket, pair.from_socket);
      }
      if (is_alive) continue;
      ::close(pair.from_socket);
      ::close(pair.to_socket);
      pairs_.erase(watched[i]);
    }
    for (std::size_t node = 0; node < outer_.size(); ++node) {
      if (files[node].revents != 0) take(node);
    }
  }
}

}  // namespace kvhost::conformance

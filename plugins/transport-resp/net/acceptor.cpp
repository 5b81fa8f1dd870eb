#include "net/acceptor.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace kvhost::resp {

namespace {

constexpr uint64_t kPauseNs = 100'000'000;
constexpr int kMaxPerTurn = 256;

}  // namespace

bool Acceptor::open() { return loops_[0]->poller().add(socket_.get(), EPOLLIN, *this); }

void Acceptor::close() {
  if (!socket_.is_open()) return;
  loops_[0]->poller().remove(socket_.get());
  if (pause_) loops_[0]->services().timers.cancel(*pause_);
  pause_.reset();
  socket_.reset();
}

void Acceptor::on_events(uint32_t) {
  for (int i = 0; i < kMaxPerTurn && socket_.is_open(); ++i) {
    Descriptor taken(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (taken.is_open()) {
      loops_[next_++ % loops_.size()]->adopt(std::move(taken));
      continue;
    }
    if (errno == EAGAIN) return;
    if (errno == EINTR || errno == ECONNABORTED) continue;
    // Out of descriptors, most likely: others must close first.
    server_.log.warning(std::string("accept failed: ") + std::strerror(errno));
    Loop& loop = *loops_[0];
    loop.poller().change(socket_.get(), 0, *this);
    pause_ = loop.services().timers.add(loop.services().now_ns + kPauseNs, *this);
    return;
  }
}

void Acceptor::run() {
  pause_.reset();
  if (socket_.is_open()) loops_[0]->poller().change(socket_.get(), EPOLLIN, *this);
}

}  // namespace kvhost::resp

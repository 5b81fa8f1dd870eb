#include "net/poller.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "wire/wall_clock.hpp"

namespace kvhost::resp {

namespace {

constexpr int kMaxEvents = 256;

int timeout_ms(std::optional<uint64_t> until_ns) {
  if (!until_ns) return -1;
  const uint64_t now = steady_ns();
  if (*until_ns <= now) return 0;
  return static_cast<int>(std::min<uint64_t>((*until_ns - now) / 1'000'000 + 1, 60'000));
}

epoll_event event_of(uint32_t events, PollTarget* target) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = target;
  return event;
}

}  // namespace

Status Poller::open() {
  epoll_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  event_ = Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  epoll_event event = event_of(EPOLLIN, nullptr);
  if (epoll_.is_open() && event_.is_open() &&
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, event_.get(), &event) == 0) {
    return {};
  }
  return {StatusCode::IO_ERROR, std::string("making an event loop: ") + std::strerror(errno)};
}

bool Poller::add(int descriptor, uint32_t events, PollTarget& target) {
  epoll_event event = event_of(events, &target);
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Poller::change(int descriptor, uint32_t events, PollTarget& target) {
  epoll_event event = event_of(events, &target);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
}

void Poller::remove(int descriptor) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void Poller::wait(std::optional<uint64_t> until_ns) {
  std::array<epoll_event, kMaxEvents> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), kMaxEvents, timeout_ms(until_ns));
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr != nullptr) {
      static_cast<PollTarget*>(event.data.ptr)->on_events(event.events);
      continue;
    }
    uint64_t ignored = 0;
    static_cast<void>(::read(event_.get(), &ignored, sizeof ignored) != 0);
  }
}

void Poller::wake() const {
  const uint64_t one = 1;
  static_cast<void>(::write(event_.get(), &one, sizeof one) != 0);
}

}  // namespace kvhost::resp

#include "stream_link.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace kvbench {
namespace {

std::runtime_error lost(const std::string& why) {
  return std::runtime_error("the connection is lost: " + why);
}

// Nanoseconds matter: a schedule of 50 000 operations a second is asked every 20 µs.
timespec until(TimePoint deadline) {
  const auto left = std::max<int64_t>(
      0, std::chrono::nanoseconds(deadline - std::chrono::steady_clock::now()).count());
  return {static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
}

}  // namespace

StreamLink::~StreamLink() { ::close(descriptor_); }

void StreamLink::get(uint32_t tag, std::string_view key) {
  codec_->encode_get(key, output_);
  tags_.push_back(tag);
}

void StreamLink::put(uint32_t tag, std::string_view key, std::string_view value) {
  codec_->encode_put(key, value, output_);
  tags_.push_back(tag);
}

void StreamLink::flush() {
  while (sent_ < output_.size()) {
    const ssize_t sent = ::send(descriptor_, output_.data() + sent_, output_.size() - sent_,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      sent_ += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      throw lost(std::generic_category().message(errno));
    }
  }
  output_.clear();
  sent_ = 0;
}

void StreamLink::receive(TimePoint deadline, std::vector<Answer>& answers) {
  const std::size_t before = answers.size();
  while (answers.size() == before) {
    pollfd one{descriptor_, POLLIN, 0};
    if (sent_ < output_.size()) one.events |= POLLOUT;
    const timespec patience = until(deadline);
    const int ready = ::ppoll(&one, 1, &patience, nullptr);
    if (ready < 0 && errno != EINTR) throw lost(std::generic_category().message(errno));
    if (ready == 0) return;
    if ((one.revents & POLLOUT) != 0) flush();
    if ((one.revents & ~POLLOUT) != 0 && read_some()) decode_all(answers);
  }
}

bool StreamLink::read_some() {
  const ssize_t got = ::recv(descriptor_, piece_.data(), piece_.size(), MSG_DONTWAIT);
  if (got > 0) {
    input_.append(piece_.data(), static_cast<std::size_t>(got));
    return true;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  throw lost((got == 0 ? "the server closed it" : std::generic_category().message(errno)) +
             (" with " + std::to_string(tags_.size()) + " requests unanswered"));
}

void StreamLink::decode_all(std::vector<Answer>& answers) {
  const auto now = std::chrono::steady_clock::now();
  std::string_view rest = input_;
  while (!rest.empty()) {
    Answer answer;
    if (!codec_->decode(rest, answer)) break;
    if (tags_.empty()) throw std::runtime_error("an answer came that nothing had asked for");
    answer.tag = tags_.front();
    answer.at = now;
    tags_.pop_front();
    answers.push_back(std::move(answer));
  }
  input_.erase(0, input_.size() - rest.size());
}

}  // namespace kvbench

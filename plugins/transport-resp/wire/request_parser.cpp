#include "wire/request_parser.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "wire/numbers.hpp"
#include "wire/quoting.hpp"

namespace kvhost::resp {

namespace {

constexpr std::size_t kFirstInputBytes = 16 << 10;
constexpr std::size_t kUsualInputBytes = 64 << 10;
// A line (an inline command, a count) may be so long.
constexpr std::size_t kMaxLineBytes = 64 << 10;
// Extents for more arguments than this are made only as they arrive.
constexpr std::size_t kReservedArguments = 1024;
constexpr int64_t kMaxStrangersArguments = 10;
constexpr int64_t kMaxStrangersBulk = 16384;

}  // namespace

std::span<char> RequestParser::input_room() {
  words_.clear();
  if (begin_ != 0) {
    if (end_ != begin_) std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == 0 && input_.size() > kUsualInputBytes) input_ = {};
  if (end_ == input_.size()) {
    const std::size_t enough = std::max(kUsualInputBytes, wanted_);
    const std::size_t larger = std::max(kFirstInputBytes, 2 * input_.size());
    input_.resize(std::max(std::min(larger, enough), end_ + 1));
  }
  return {input_.data() + end_, input_.size() - end_};
}

void RequestParser::trim() {
  if (begin_ != end_ || has_begun_) return;
  begin_ = end_ = at_ = 0;
  input_ = {};
  extents_ = {};
  arguments_ = {};
  words_.clear();
}

RequestParser::Step RequestParser::fail(std::string text) {
  error_ = "Protocol error: " + std::move(text);
  begin_ = end_ = 0;
  return Step::kProtocolError;
}

RequestParser::Step RequestParser::next() {
  arguments_.clear();
  for (;;) {
    if (begin_ == end_) {
      wanted_ = 0;
      return Step::kNeedsMore;
    }
    const bool is_multibulk = has_begun_ || input_[begin_] == '*';
    const Step step = is_multibulk ? next_multibulk() : next_inline();
    if (step != Step::kCommand || !arguments_.empty()) return step;
  }
}

RequestParser::Step RequestParser::next_inline() {
  const std::string_view bytes = unread();
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) {
    if (bytes.size() > kMaxLineBytes) return fail("too big inline request");
    wanted_ = 0;
    return Step::kNeedsMore;
  }
  std::string_view line = bytes.substr(0, end);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  auto words = split_words(line);
  if (!words) return fail("unbalanced quotes in request");
  begin_ += end + 1;
  command_bytes_ = end + 1;
  for (const auto& word : words_.emplace_back(std::move(*words))) arguments_.push_back(word);
  return Step::kCommand;
}

bool RequestParser::take_line(std::string_view& line) {
  const std::string_view bytes = unread().substr(at_);
  const std::size_t end = bytes.find('\r');
  if (end == std::string_view::npos || end + 1 >= bytes.size()) return false;
  line = bytes.substr(0, end);
  at_ += end + 2;
  return true;
}

RequestParser::Step RequestParser::read_count() {
  at_ = 0;
  std::string_view line;
  if (!take_line(line)) {
    if (unread().find('\r') == std::string_view::npos && unread().size() > kMaxLineBytes) {
      return fail("too big mbulk count string");
    }
    wanted_ = 0;
    return Step::kNeedsMore;
  }
  const auto count = parse_integer(line.substr(1));
  if (!count || *count > std::numeric_limits<int32_t>::max()) {
    return fail("invalid multibulk length");
  }
  if (*count > kMaxStrangersArguments && !limits_.is_authenticated) {
    return fail("unauthenticated multibulk length");
  }
  if (*count <= 0) {
    begin_ += at_;
    at_ = 0;
    return Step::kCommand;  // without arguments: passed over
  }
  has_begun_ = true;
  missing_ = *count;
  bulk_bytes_ = -1;
  extents_.clear();
  extents_.reserve(std::min(static_cast<std::size_t>(missing_), kReservedArguments));
  return Step::kCommand;
}

RequestParser::Step RequestParser::read_bulk() {
  if (bulk_bytes_ < 0) {
    std::string_view line;
    if (!take_line(line)) {
      const std::string_view rest = unread().substr(at_);
      if (rest.find('\r') == std::string_view::npos && rest.size() > kMaxLineBytes) {
        return fail("too big bulk count string");
      }
      wanted_ = 0;
      return Step::kNeedsMore;
    }
    if (line.empty() || line[0] != '$') {
      return fail(std::string("expected '$', got '") + (line.empty() ? '\r' : line[0]) + "'");
    }
    const auto size = parse_integer(line.substr(1));
    if (!size || *size < 0 || static_cast<uint64_t>(*size) > limits_.max_bulk_bytes) {
      return fail("invalid bulk length");
    }
    if (*size > kMaxStrangersBulk && !limits_.is_authenticated) {
      return fail("unauthenticated bulk length");
    }
    bulk_bytes_ = *size;
  }
  const auto size = static_cast<std::size_t>(bulk_bytes_);
  if (at_ + size + 2 > limits_.max_request_bytes) {
    return fail("a command of more than " + std::to_string(limits_.max_request_bytes) + " bytes");
  }
  if (unread().size() < at_ + size + 2) {
    wanted_ = at_ + size + 2;
    return Step::kNeedsMore;
  }
  extents_.push_back({at_, size});
  at_ += size + 2;
  bulk_bytes_ = -1;
  --missing_;
  return Step::kCommand;
}

RequestParser::Step RequestParser::next_multibulk() {
  if (!has_begun_) {
    const Step step = read_count();
    if (step != Step::kCommand || !has_begun_) return step;
  }
  while (missing_ > 0) {
    const Step step = read_bulk();
    if (step != Step::kCommand) return step;
  }
  return finish_multibulk();
}

RequestParser::Step RequestParser::finish_multibulk() {
  const char* const base = input_.data() + begin_;
  arguments_.reserve(extents_.size());
  for (const Extent& extent : extents_) arguments_.emplace_back(base + extent.start, extent.size);
  begin_ += at_;
  command_bytes_ = at_;
  at_ = 0;
  wanted_ = 0;
  has_begun_ = false;
  if (extents_.capacity() > kReservedArguments) extents_ = {};
  return Step::kCommand;
}

}  // namespace kvhost::resp

#include "connection.hpp"

#include <algorithm>

namespace {

constexpr std::size_t kMostOutput = 1 << 20;

// The first word of `text`, which loses it and the blank behind it.
std::string_view take_word(std::string_view& text) {
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

}  // namespace

Connection::Connection(kvhost::Store store, uint64_t session, std::size_t max_line,
                       std::function<void()> wake)
    : store_(store), session_(session), max_line_(max_line), wake_(std::move(wake)) {}

void Connection::advance() {
  std::size_t begin = 0;
  while (!is_broken_ && wants_input() && !is_busy()) {
    const auto end = input_.find('\n', begin);
    const auto length = (end == std::string::npos ? input_.size() : end) - begin;
    if (length > max_line_) {
      is_broken_ = true;
      reply("ERROR a line has at most " + std::to_string(max_line_) + " bytes");
    } else if (end == std::string::npos) {
      break;
    } else {
      std::string_view line(input_.data() + begin, length);
      if (line.ends_with('\r')) line.remove_suffix(1);
      start(line);
      begin = end + 1;
    }
  }
  input_.erase(0, begin);
}

void Connection::start(std::string_view line) {
  {
    const std::lock_guard lock(mutex_);
    is_busy_ = true;
  }
  const auto command = take_word(line);
  const auto key = take_word(line);
  if (command == "GET" && !key.empty()) return get(key);
  if (command == "SET" && !key.empty()) return set(key, line);
  if (command == "DEL" && !key.empty()) return erase(key);
  reply("ERROR expected GET key, SET key value or DEL key");
}

void Connection::get(std::string_view key) {
  kvhost::Call call;
  call.session = session_;
  const auto found = std::make_shared<std::string>("ABSENT");
  store_.read(
      call, std::span(&key, 1),
      [found](const kvhost::EntryView& entry) {
        if (entry.found) *found = "VALUE " + std::string(entry.value);
      },
      [found, self = shared_from_this()](const kvhost::Status& status) {
        if (!status.is_ok()) return self->reply_error(status);
        const bool is_line = found->find('\n') == std::string::npos;
        self->reply(is_line ? *found : "ERROR the value is more than a line");
      });
}

void Connection::set(std::string_view key, std::string_view value) {
  kvhost::Call call;
  call.session = session_;
  kvhost::WriteRequest request;
  request.put(key, value);
  store_.write(call, request,
               [self = shared_from_this()](const kvhost::Status& status,
                                           const kvhost::WriteReply& written) {
                 if (!status.is_ok()) return self->reply_error(status);
                 self->reply("STORED " + std::to_string(written.version));
               });
}

void Connection::erase(std::string_view key) {
  kvhost::Call call;
  call.session = session_;
  kvhost::WriteRequest request;
  request.erase(key, KVH_OP_WANT_EXISTED);
  store_.write(call, request,
               [self = shared_from_this()](const kvhost::Status& status,
                                           const kvhost::WriteReply& written) {
                 if (!status.is_ok()) return self->reply_error(status);
                 self->reply(written.items.at(0).existed != 0 ? "DELETED" : "ABSENT");
               });
}

void Connection::reply_error(const kvhost::Status& status) {
  reply("ERROR " + status.to_string());
}

void Connection::reply(std::string text) {
  // Under the lock, so that nobody who sees the call ended takes the loop away before it is woken.
  const std::lock_guard lock(mutex_);
  output_ += text + "\n";
  is_busy_ = false;
  wake_();
}

std::string Connection::output() const {
  const std::lock_guard lock(mutex_);
  return output_;
}
void Connection::drop_output(std::size_t size) {
  const std::lock_guard lock(mutex_);
  output_.erase(0, size);
}
bool Connection::wants_input() const {
  const std::lock_guard lock(mutex_);
  return output_.size() < kMostOutput;
}
bool Connection::is_busy() const {
  const std::lock_guard lock(mutex_);
  return is_busy_;
}

#include "tcp_link.hpp"

#include <stdexcept>
#include <utility>

namespace kvbench {

using kvhost::StatusCode;

TcpLink::TcpLink(const std::string& host_and_port, uint32_t depth) {
  kvhost::client::ClientOptions options;
  options.endpoints = {host_and_port};
  options.max_in_flight = depth;
  options.name = "kvbench";
  auto connected = kvhost::client::Client::connect(options);
  if (!connected) {
    throw std::runtime_error("cannot connect: " + connected.error().to_string() +
                             "; is the server running, and does it listen there?");
  }
  client_.emplace(std::move(*connected));
  const auto facts = client_->node();
  if (facts && facts->max_in_flight < depth) {
    throw std::runtime_error("the node allows " + std::to_string(facts->max_in_flight) +
                             " unanswered requests on a connection; give a smaller --depth");
  }
}

void TcpLink::get(uint32_t tag, std::string_view key) {
  client_->async_get(key, {}, [this, tag](auto entry) {
    Answer answer;
    answer.tag = tag;
    if (entry && !*entry) answer.kind = Answer::Kind::kAbsent;
    if (entry && *entry) answer.text = std::move((**entry).value);
    arrived(std::move(answer), entry.status());
  });
}

void TcpLink::put(uint32_t tag, std::string_view key, std::string_view value) {
  client_->async_put(key, value, {}, [this, tag](const auto& version) {
    Answer answer;
    answer.tag = tag;
    arrived(std::move(answer), version.status());
  });
}

void TcpLink::arrived(Answer answer, const kvhost::Status& status) {
  answer.at = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (status.code() == StatusCode::CONNECTION_FAILED ||
      status.code() == StatusCode::OUTCOME_UNKNOWN) {
    failure_ = status.to_string();
  } else if (!status.is_ok()) {
    answer.kind = Answer::Kind::kRefused;
    answer.text = status.to_string();
  }
  answers_.push_back(std::move(answer));
  if (answers_.size() == 1) changed_.notify_one();
}

void TcpLink::receive(TimePoint deadline, std::vector<Answer>& answers) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [this] { return !answers_.empty(); });
  if (!failure_.empty()) throw std::runtime_error("a request came to nothing: " + failure_);
  if (answers.empty()) {
    answers.swap(answers_);
    return;
  }
  for (auto& answer : answers_) answers.push_back(std::move(answer));
  answers_.clear();
}

}  // namespace kvbench

// Reads back what a session wrote, as a strict client would.
//
// Threads:   a value.
#pragma once

#include <boost/json.hpp>
#include <cctype>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace kvhost::http::testing {

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool complete = true;  // false: the bytes end before the body does

  std::string header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? "" : at->second;
  }
  boost::json::object json() const { return boost::json::parse(body).as_object(); }
  std::string code() const { return std::string(json().at("code").as_string()); }
  std::string detail() const { return std::string(json().at("detail").as_string()); }
};

namespace detail {

inline std::string take_line(std::string_view& bytes) {
  const auto end = bytes.find("\r\n");
  if (end == std::string_view::npos) throw std::runtime_error("no end of line in an answer");
  std::string line(bytes.substr(0, end));
  bytes.remove_prefix(end + 2);
  return line;
}

inline void take_chunks(std::string_view& bytes, Answer& answer) {
  while (!bytes.empty()) {
    const std::size_t size = std::stoul(take_line(bytes), nullptr, 16);
    if (bytes.size() < size + 2) throw std::runtime_error("a chunk is cut");
    answer.body += bytes.substr(0, size);
    bytes.remove_prefix(size + 2);
    if (size == 0) return;
  }
  answer.complete = false;
}

}  // namespace detail

// `head_only`: the answers are to HEAD requests.
inline std::vector<Answer> read_answers(std::string_view bytes, bool head_only = false) {
  std::vector<Answer> answers;
  while (!bytes.empty()) {
    Answer answer;
    const std::string status_line = detail::take_line(bytes);
    if (status_line.substr(0, 9) != "HTTP/1.1 ") throw std::runtime_error("bad: " + status_line);
    answer.status = std::stoi(status_line.substr(9, 3));
    for (std::string line; !(line = detail::take_line(bytes)).empty();) {
      std::string name = line.substr(0, line.find(": "));
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      answer.headers[name] = line.substr(name.size() + 2);
    }
    if (head_only || answer.status == 100) {
      answers.push_back(std::move(answer));
      continue;
    }
    if (answer.header("transfer-encoding") == "chunked") {
      detail::take_chunks(bytes, answer);
    } else if (answer.headers.count("content-length") != 0) {
      const std::size_t size = std::stoul(answer.header("content-length"));
      answer.complete = bytes.size() >= size;
      answer.body = bytes.substr(0, size);
      bytes.remove_prefix(answer.body.size());
    } else {
      answer.body = bytes;
      bytes = {};
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace kvhost::http::testing

// Bytes that were received and are not parsed yet.
//
// Threads:   one.
// Lifetime:  a view lives until the next append or consume.
#pragma once

#include <string>
#include <string_view>

namespace kvhost::http {

class InputBuffer {
 public:
  void append(std::string_view bytes) {
    if (begin_ == bytes_.size()) clear();
    if (begin_ > kCompactBytes) {
      bytes_.erase(0, begin_);
      begin_ = 0;
    }
    bytes_.append(bytes);
  }
  void consume(std::size_t count) { begin_ += count; }
  void clear() {
    bytes_.clear();
    begin_ = 0;
  }
  std::string_view view() const { return std::string_view(bytes_).substr(begin_); }
  bool empty() const { return begin_ == bytes_.size(); }

 private:
  static constexpr std::size_t kCompactBytes = 64 << 10;
  std::string bytes_;
  std::size_t begin_ = 0;
};

}  // namespace kvhost::http

// The engine key of one lookup, built on the stack where it fits.
//
// Threads:   one.
// Lifetime:  view() lives as long as the object, which does not move.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "format/space_key.hpp"

namespace kvhost::engine {

class EngineKey {
 public:
  EngineKey(uint32_t space, std::string_view key) {
    const std::size_t prefix = space_prefix_size(space);
    size_ = prefix + key.size();
    char* to = inline_;
    if (size_ > sizeof inline_) {
      heap_.resize(size_);
      to = heap_.data();
    }
    data_ = to;
    if (prefix == 1) {
      *to = static_cast<char>(space);
    } else {
      std::memcpy(to, space_key(space, {}).data(), prefix);
    }
    if (!key.empty()) std::memcpy(to + prefix, key.data(), key.size());
  }
  EngineKey(const EngineKey&) = delete;
  EngineKey& operator=(const EngineKey&) = delete;

  std::string_view view() const { return {data_, size_}; }

 private:
  char inline_[120];
  std::string heap_;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace kvhost::engine

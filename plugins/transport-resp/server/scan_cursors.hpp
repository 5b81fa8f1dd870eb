// Where each SCAN goes on: a number for the client, a key for the store.
//
// Threads:   any.
// Limits:    the oldest places are forgotten; a client that comes back to one starts anew.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "wire/wall_clock.hpp"

namespace kvhost::resp {

class ScanCursors {
 public:
  static constexpr std::size_t kMaxPlaces = 16'384;
  static constexpr std::size_t kMaxBytes = 16 << 20;

  // A number for the place behind `key`; never 0.
  uint64_t keep(uint32_t space, std::string_view key) {
    const std::lock_guard lock(mutex_);
    const uint64_t number = ++last_;
    places_.push_front({number, space, std::string(key)});
    by_number_[number] = places_.begin();
    bytes_ += key.size();
    while (places_.size() > kMaxPlaces || (bytes_ > kMaxBytes && places_.size() > 1)) {
      bytes_ -= places_.back().key.size();
      by_number_.erase(places_.back().number);
      places_.pop_back();
    }
    return number;
  }
  // The key to go on behind; nothing for a number that is not known (any more) in this space.
  std::optional<std::string> find(uint32_t space, uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = by_number_.find(number);
    if (found == by_number_.end() || found->second->space != space) return std::nullopt;
    places_.splice(places_.begin(), places_, found->second);
    return found->second->key;
  }

 private:
  struct Place {
    uint64_t number;
    uint32_t space;
    std::string key;
  };
  std::mutex mutex_;
  // Numbers of an earlier life of the node must not mean anything in this one, and fit the integers
  // of JavaScript.
  uint64_t last_ = unix_us();
  std::size_t bytes_ = 0;
  std::list<Place> places_;
  std::unordered_map<uint64_t, std::list<Place>::iterator> by_number_;
};

}  // namespace kvhost::resp

// A copy of a command's words, for when it cannot be carried out while its input is there.
//
// Threads:   a value; moves keep the views good.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "command/command.hpp"

namespace kvhost::resp {

class OwnedWords {
 public:
  OwnedWords() = default;
  explicit OwnedWords(Arguments words) {
    std::size_t total = 0;
    for (const auto word : words) total += word.size();
    bytes_ = std::make_unique<char[]>(total);
    words_.reserve(words.size());
    char* at = bytes_.get();
    for (const auto word : words) {
      if (!word.empty()) std::memcpy(at, word.data(), word.size());
      words_.emplace_back(at, word.size());
      at += word.size();
    }
  }
  Arguments view() const { return words_; }
  bool is_empty() const { return words_.empty(); }

 private:
  std::unique_ptr<char[]> bytes_;
  std::vector<std::string_view> words_;
};

}  // namespace kvhost::resp

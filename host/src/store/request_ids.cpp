#include "store/request_ids.hpp"

#include <utility>

namespace kvhost::host {

bool RequestIds::begin(const std::string& id, Turn turn) {
  const std::lock_guard lock(mutex_);
  const auto [place, is_first] = waiting_.try_emplace(id);
  if (is_first) return true;
  place->second.push_back(std::move(turn));
  return false;
}

RequestIds::Turn RequestIds::next(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return nullptr;
  if (found->second.empty()) {
    waiting_.erase(found);
    return nullptr;
  }
  Turn turn = std::move(found->second.front());
  found->second.pop_front();
  return turn;
}

void RequestIds::pass_on(const std::string& id) {
  while (const Turn turn = next(id)) {
    if (turn()) return;
  }
}

}  // namespace kvhost::host

#include "engine/pending_effects.hpp"

namespace kvhost::engine {

void PendingEffects::clear() {
  points_.clear();
  ranges_.clear();
}

void PendingEffects::add(const Effect& effect, SequenceNumber sequence) {
  if (effect.type == EffectType::kNothing) return;
  if (effect.type == EffectType::kRangeTombstone) {
    ranges_.push_back({effect, sequence});
  } else {
    points_[effect.key] = {effect, sequence};
  }
}

std::optional<PendingEffects::Record> PendingEffects::find(std::string_view key) const {
  std::optional<Record> newest;
  if (const auto found = points_.find(key); found != points_.end()) newest = found->second;
  for (const Record& range : ranges_) {
    const bool covers = range.effect.key <= key && key < range.effect.value;
    if (covers && (!newest || newest->sequence < range.sequence)) newest = range;
  }
  return newest;
}

}  // namespace kvhost::engine

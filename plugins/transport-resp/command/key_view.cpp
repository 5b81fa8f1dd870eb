#include "command/key_view.hpp"

#include <algorithm>
#include <set>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::resp {

namespace {

// More keys than this are found by hash.
constexpr std::size_t kLinearItems = 8;

std::string index_key(uint32_t space, std::string_view key) {
  std::string made(1, static_cast<char>(space));
  made.append(key);
  return made;
}

}  // namespace

uint32_t in_space(uint32_t space, uint32_t call_space) {
  return space == call_space ? 0 : KVH_IN_SPACE(space);
}

void KeyView::begin(uint32_t space, uint64_t now_ms, uint64_t max_value_bytes) {
  space_ = space;
  now_ms_ = now_ms;
  max_value_bytes_ = max_value_bytes;
  items_.clear();
  index_.clear();
  cleared_.reset();
  listings_.clear();
}

KeyView::Item* KeyView::item(uint32_t space, std::string_view key) {
  if (items_.size() > kLinearItems) {
    const auto found = index_.find(index_key(space, key));
    return found == index_.end() ? nullptr : &items_[found->second];
  }
  for (auto& each : items_) {
    if (each.space == space && each.key == key) return &each;
  }
  return nullptr;
}

KeyView::Item& KeyView::wanted(uint32_t space, std::string_view key) {
  if (Item* const known = item(space, key)) return *known;
  Item& made = items_.emplace_back();
  made.space = space;
  made.key = key;
  if (items_.size() == kLinearItems + 1) {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      index_.emplace(index_key(items_[i].space, items_[i].key), i);
    }
  } else if (items_.size() > kLinearItems) {
    index_.emplace(index_key(space, key), items_.size() - 1);
  }
  return made;
}

void KeyView::want(uint32_t space, std::string_view key) { wanted(space, key); }

void KeyView::loaded(std::size_t index, const kvh_entry& entry) {
  Item& item = items_[index];
  item.was_found = item.is_found = entry.lookup == KVH_LOOKUP_FOUND;
  item.version = item.was_found ? entry.version : 0;
  item.record.value.assign(item.was_found ? detail::to_view(entry.value) : std::string_view());
  item.record.expires_at_ms = entry.expires_at_ms;
  item.record.ttl_ms = entry.ttl_ms;
}

void KeyView::add_listing(uint32_t space, std::vector<std::string> keys) {
  listings_[space] = std::move(keys);
}

void KeyView::restart(uint64_t now_ms) {
  now_ms_ = now_ms;
  cleared_.reset();
  listings_.clear();
  for (auto& each : items_) {
    each.was_found = each.is_found = each.is_written = false;
    each.version = 0;
    each.record = {};
  }
}

// ---- handlers

const Record* KeyView::find(uint32_t space, std::string_view key) const {
  const Item* const found = item(space, key);
  return found != nullptr && found->is_found ? &found->record : nullptr;
}

void KeyView::put(uint32_t space, std::string_view key, std::string value, Expiry expiry) {
  if (expiry.kind == Expiry::Kind::kAt && expiry.ms <= now_ms_) return erase(space, key);
  Item& item = wanted(space, key);
  item.is_written = item.is_found = true;
  item.expiry = expiry;
  item.record.value = std::move(value);
  switch (expiry.kind) {
    case Expiry::Kind::kNever:
      item.record.expires_at_ms = item.record.ttl_ms = 0;
      break;
    case Expiry::Kind::kAfter:
      item.record.expires_at_ms = now_ms_ + expiry.ms;
      item.record.ttl_ms = expiry.ms;
      break;
    case Expiry::Kind::kAt:
      item.record.expires_at_ms = expiry.ms;
      item.record.ttl_ms = expiry.ms - now_ms_;
  }
}

void KeyView::change(std::string_view key, std::string value) {
  Item& item = wanted(space_, key);
  if (!item.is_found) return put(key, std::move(value), Expiry::never());
  if (!item.is_written) item.expiry = item.record.expiry();
  item.is_written = true;
  item.record.value = std::move(value);
}

void KeyView::erase(uint32_t space, std::string_view key) {
  Item& item = wanted(space, key);
  item.is_written = true;
  item.is_found = false;
  item.record = {};
}

void KeyView::erase_all(uint32_t space) {
  cleared_.set(space);
  for (auto& each : items_) {
    if (each.space != space) continue;
    each.is_found = each.is_written = false;
    each.record = {};
  }
}

std::vector<std::string> KeyView::keys(uint32_t space) const {
  std::set<std::string> all;
  const auto listed = listings_.find(space);
  if (listed != listings_.end() && !cleared_.test(space)) {
    all.insert(listed->second.begin(), listed->second.end());
  }
  for (const auto& each : items_) {
    if (each.space != space) continue;
    if (each.is_found) {
      all.insert(each.key);
    } else {
      all.erase(each.key);
    }
  }
  return {all.begin(), all.end()};
}

// ---- the store

bool KeyView::has_changes() const {
  return cleared_.any() || std::any_of(items_.begin(), items_.end(), [](const Item& each) {
           return each.is_written && (each.is_found || each.was_found);
         });
}

std::vector<kvh_op> KeyView::changes(uint32_t call_space) const {
  std::vector<kvh_op> ops;
  for (uint32_t space = 0; space < kDatabases; ++space) {
    if (!cleared_.test(space)) continue;
    kvh_op& op = ops.emplace_back(kvh_op{});
    op.type = KVH_OP_DELETE_RANGE;
    op.flags = KVH_OP_TO_END | in_space(space, call_space);
  }
  for (const auto& each : items_) {
    if (!each.is_written || (!each.is_found && !each.was_found)) continue;
    kvh_op& op = ops.emplace_back(kvh_op{});
    op.type = each.is_found ? KVH_OP_PUT : KVH_OP_DELETE;
    op.flags = in_space(each.space, call_space);
    op.key = detail::to_bytes(each.key);
    if (!each.is_found) continue;
    op.value = detail::to_bytes(each.record.value);
    if (each.expiry.kind == Expiry::Kind::kAfter) op.ttl_ms = each.expiry.ms;
    if (each.expiry.kind == Expiry::Kind::kAt) op.expires_at_ms = each.expiry.ms;
  }
  return ops;
}

std::vector<kvh_condition> KeyView::conditions(uint32_t call_space) const {
  std::vector<kvh_condition> all;
  all.reserve(items_.size());
  for (const auto& each : items_) {
    kvh_condition& condition = all.emplace_back(kvh_condition{});
    condition.type =
        (each.was_found ? KVH_IF_VERSION : KVH_IF_ABSENT) | in_space(each.space, call_space);
    condition.key = detail::to_bytes(each.key);
    condition.version = each.version;
  }
  return all;
}

}  // namespace kvhost::resp

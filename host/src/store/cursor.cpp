#include "store/cursor.hpp"

#include <utility>

#include "kvhost/detail/boundary.hpp"
#include "store/entry_ttl.hpp"

namespace kvhost::host {

void CursorPage::add(std::string_view key, std::string_view value, uint64_t version,
                     uint64_t expires_at_ms, uint64_t now_ms) {
  bytes_.insert(bytes_.end(), key.begin(), key.end());
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  rows_.push_back({sizeof(kvh_entry),
                   KVH_LOOKUP_FOUND,
                   {nullptr, key.size()},
                   {nullptr, value.size()},
                   version,
                   expires_at_ms,
                   ttl_left_ms(expires_at_ms, now_ms)});
}

void CursorPage::seal() {
  const char* at = bytes_.data();
  for (kvh_entry& row : rows_) {
    row.key.data = at;
    row.value.data = at + row.key.size;
    at += row.key.size + row.value.size;
  }
}

std::string_view CursorPage::first_key() const {
  return rows_.empty() ? std::string_view() : detail::to_view(rows_.front().key);
}

Status Cursor::open(engine::Engine& engine, const engine::ReadOptions& options) {
  KVHOST_TRY_ASSIGN(iterator_, engine.iterator(options, range_));
  return {};
}

Result<CursorPage> Cursor::read_page(uint64_t max_rows, uint64_t max_bytes, uint64_t now_ms) {
  if (!positioned_) {
    if (reverse_) {
      iterator_->seek_to_last();
    } else {
      iterator_->seek_to_first();
    }
    positioned_ = true;
  }
  CursorPage page;
  while (iterator_->valid() && page.rows().size() < max_rows) {
    const std::string_view key = iterator_->key();
    const std::string_view value = keys_only_ ? std::string_view() : iterator_->value();
    if (!page.rows().empty() && page.bytes() + key.size() + value.size() > max_bytes) break;
    page.add(key, value, iterator_->version(), iterator_->expires_at_ms(), now_ms);
    if (reverse_) {
      iterator_->prev();
    } else {
      iterator_->next();
    }
  }
  KVHOST_TRY(iterator_->status());
  page.seal();
  return page;
}

void Cursor::unread(const CursorPage& page) {
  if (page.rows().empty()) return;
  if (reverse_) {
    iterator_->seek_for_prev(page.first_key());
  } else {
    iterator_->seek(page.first_key());
  }
}

}  // namespace kvhost::host

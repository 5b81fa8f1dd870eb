#include "services/journal_service.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::host {
namespace {

constexpr std::size_t kMaxNameBytes = 64;
// One answer of read() is held in memory.
constexpr uint64_t kMaxReadBytes = uint64_t{64} << 20;

JournalService& service_of(void* self) { return *static_cast<JournalService*>(self); }

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameBytes &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

}  // namespace

JournalService::JournalService(engine::FileSystem& files, std::string directory,
                               engine::Logger& logger, engine::JournalOptions options)
    : files_(files), directory_(std::move(directory)), logger_(logger), options_(options) {
  fill_table();
}

JournalService::~JournalService() { close_all(); }

void JournalService::unlock() {
  const std::unique_lock lock(mutex_);
  is_unlocked_ = true;
}

void JournalService::close_all() {
  std::map<uint64_t, Open> left;
  {
    const std::unique_lock lock(mutex_);
    left.swap(open_);
    is_unlocked_ = false;
  }
  for (auto& [handle, open] : left) {
    if (const Status closed = open.journal->close(); !closed) {
      logger_.log(engine::LogLevel::kError, "journal " + open.name + ": " + closed.to_string());
    }
  }
}

Result<uint64_t> JournalService::open(const std::string& name) {
  if (!is_name(name)) {
    return Status(
        StatusCode::INVALID_ARGUMENT,
        "journal.open: expected a name of a-z, 0-9 and \"-\", at most 64 bytes, found \"" +
            name.substr(0, kMaxNameBytes) + "\"");
  }
  const std::unique_lock lock(mutex_);
  if (!is_unlocked_) {
    return Status(StatusCode::STARTING,
                  "journal.open: the data directory is not open yet; open journals in start or "
                  "attach, not in create");
  }
  for (const auto& [handle, open] : open_) {
    if (open.name != name) continue;
    return Status(StatusCode::CONFLICT, "journal.open: \"" + name + "\" is open already");
  }
  KVHOST_TRY_ASSIGN(auto journal,
                    engine::Journal::open(files_, directory_ + "/" + name, options_, logger_));
  const uint64_t handle = next_handle_++;
  open_[handle] = {name, std::move(journal)};
  return handle;
}

void JournalService::close(uint64_t handle) {
  Open closing;
  {
    const std::unique_lock lock(mutex_);
    const auto found = open_.find(handle);
    if (found == open_.end()) return;
    closing = std::move(found->second);
    open_.erase(found);
  }
  if (const Status closed = closing.journal->close(); !closed) {
    logger_.log(engine::LogLevel::kError, "journal " + closing.name + ": " + closed.to_string());
  }
}

Result<std::shared_ptr<engine::Journal>> JournalService::find(uint64_t handle) const {
  const std::shared_lock lock(mutex_);
  const auto found = open_.find(handle);
  if (found != open_.end()) return found->second.journal;
  return Status(StatusCode::INVALID_ARGUMENT,
                "journal: " + std::to_string(handle) + " is no handle of an open journal");
}

int32_t JournalService::append(uint64_t handle, const kvh_journal_entry* entries, uint64_t count,
                               uint64_t stride, kvh_done done, kvh_error* error) {
  if (count == 0) return KVH_OK;
  if (entries == nullptr || stride < sizeof(kvh_journal_entry)) {
    return detail::write_error(error, KVH_INVALID_ARGUMENT,
                               "journal.append: no array of entries, or a stride below the size of "
                               "kvh_journal_entry");
  }
  const auto journal = find(handle);
  if (!journal) return detail::write_status(error, journal.error());
  std::vector<engine::JournalEntry> list;
  list.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const auto& raw = detail::strided(entries, stride, i);
    list.push_back({raw.index, raw.term, detail::to_view(raw.payload)});
  }
  const Status queued = (*journal)->append(list, [done](const Status& status) {
    kvh_error words = detail::make_error();
    const int32_t code = detail::write_status(&words, status);
    done.fn(done.ctx, code, code == KVH_OK ? nullptr : &words);
  });
  return queued ? KVH_PENDING : detail::write_status(error, queued);
}

int32_t JournalService::read(uint64_t handle, uint64_t from, uint64_t max_bytes,
                             kvh_journal_sink sink, kvh_error* error) {
  const auto journal = find(handle);
  if (!journal) return detail::write_status(error, journal.error());
  const auto slice = (*journal)->read(from, std::min(max_bytes, kMaxReadBytes));
  if (!slice) return detail::write_status(error, slice.error());
  std::vector<kvh_journal_entry> raw;
  raw.reserve(slice->entries.size());
  for (const auto& entry : slice->entries) {
    raw.push_back({entry.index, entry.term, detail::to_bytes(entry.payload)});
  }
  if (!raw.empty()) sink.fn(sink.ctx, raw.data(), raw.size(), sizeof(kvh_journal_entry));
  return KVH_OK;
}

void JournalService::fill_table() {
  table_.size = sizeof(kvh_journal);
  table_.self = this;
  table_.open = [](void* self, kvh_bytes name, uint64_t* handle, uint64_t* first, uint64_t* last,
                   kvh_error* error) noexcept -> int32_t {
    return detail::guarded(error, "journal.open", [&]() -> int32_t {
      const auto opened = service_of(self).open(std::string(detail::to_view(name)));
      if (!opened) return detail::write_status(error, opened.error());
      const auto journal = service_of(self).find(*opened);
      if (!journal) return detail::write_status(error, journal.error());
      *handle = *opened;
      *first = (*journal)->first();
      *last = (*journal)->last();
      return KVH_OK;
    });
  };
  table_.close = [](void* self, uint64_t handle) noexcept {
    detail::swallowed([&] { service_of(self).close(handle); });
  };
  fill_log_slots();
  fill_value_slots();
}

void JournalService::fill_log_slots() {
  table_.append = [](void* self, uint64_t handle, const kvh_journal_entry* entries, uint64_t count,
                     uint64_t stride, kvh_done done, kvh_error* error) noexcept -> int32_t {
    return detail::guarded(error, "journal.append", [&] {
      return service_of(self).append(handle, entries, count, stride, done, error);
    });
  };
  table_.read = [](void* self, uint64_t handle, uint64_t from, uint64_t max_bytes,
                   kvh_journal_sink sink, kvh_error* error) noexcept -> int32_t {
    return detail::guarded(error, "journal.read", [&] {
      return service_of(self).read(handle, from, max_bytes, sink, error);
    });
  };
  table_.truncate_before = [](void* self, uint64_t handle, uint64_t index,
                              kvh_error* error) noexcept -> int32_t {
    return detail::guarded(error, "journal.truncate_before", [&] {
      const auto journal = service_of(self).find(handle);
      return detail::write_status(error,
                                  journal ? (*journal)->truncate_before(index) : journal.error());
    });
  };
  table_.truncate_after = [](void* self, uint64_t handle, uint64_t index,
                             kvh_error* error) noexcept -> int32_t {
    return detail::guarded(error, "journal.truncate_after", [&] {
      const auto journal = service_of(self).find(handle);
      return detail::write_status(error,
                                  journal ? (*journal)->truncate_after(index) : journal.error());
    });
  };
}

void JournalService::fill_value_slots() {
  table_.put_meta = [](void* self, uint64_t handle, kvh_bytes name, kvh_bytes value,
                       kvh_error* error) noexcept -> int32_t {
    return detail::guarded(error, "journal.put_meta", [&] {
      const auto journal = service_of(self).find(handle);
      return detail::write_status(
          error, journal ? (*journal)->put_meta(detail::to_view(name), detail::to_view(value))
                         : journal.error());
    });
  };
  table_.get_meta = [](void* self, uint64_t handle, kvh_bytes name, kvh_bytes_sink sink,
                       kvh_error* error) noexcept -> int32_t {
    return detail::guarded(error, "journal.get_meta", [&]() -> int32_t {
      const auto journal = service_of(self).find(handle);
      if (!journal) return detail::write_status(error, journal.error());
      if (const auto value = (*journal)->get_meta(detail::to_view(name))) {
        detail::send(sink, *value);
      }
      return KVH_OK;
    });
  };
  table_.bounds = [](void* self, uint64_t handle, uint64_t* first, uint64_t* last,
                     uint64_t* durable, uint64_t* disk_bytes) noexcept -> int32_t {
    return detail::guarded(nullptr, "journal.bounds", [&]() -> int32_t {
      const auto journal = service_of(self).find(handle);
      if (!journal) return KVH_INVALID_ARGUMENT;
      *first = (*journal)->first();
      *last = (*journal)->last();
      *durable = (*journal)->durable();
      *disk_bytes = (*journal)->disk_bytes();
      return KVH_OK;
    });
  };
}

}  // namespace kvhost::host

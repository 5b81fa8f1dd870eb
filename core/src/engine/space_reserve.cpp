#include "engine/space_reserve.hpp"

#include <utility>

namespace kvhost::engine {

SpaceReserve::SpaceReserve(FileSystem& files, const std::string& directory, uint64_t bytes,
                           Logger& logger)
    : files_(files),
      directory_(directory),
      path_(directory + "/RESERVE"),
      bytes_(bytes),
      logger_(logger) {}

void SpaceReserve::adopt() {
  const auto there = files_.exists(path_);
  if (!there || !*there) return;
  const auto size = files_.file_size(path_);
  is_held_ = size && *size == bytes_;
  if (!is_held_) static_cast<void>(files_.remove(path_));
}

Status SpaceReserve::make() {
  KVHOST_TRY(files_.create_preallocated(path_, bytes_).status());
  is_held_ = true;
  was_released_ = false;
  return Status::ok();
}

void SpaceReserve::keep() {
  if (is_held_) return;
  const auto free = files_.free_bytes(directory_);
  if (!free || *free / kNearlyFull >= bytes_) return;
  const Status made = make();
  if (std::exchange(has_told_, true)) return;
  logger_.log(LogLevel::kWarning,
              directory_ + ": " + std::to_string(*free) + " bytes are free; " +
                  (made.is_ok() ? std::to_string(bytes_) + " of them are kept back for flushes and "
                                                           "compactions"
                                : "none could be kept back: " + made.to_string()));
}

void SpaceReserve::release() {
  if (!is_held_) return;
  if (const Status removed = files_.remove(path_); !removed) {
    logger_.log(LogLevel::kWarning, "the reserve stays: " + removed.to_string());
    return;
  }
  is_held_ = false;
  was_released_ = true;
  logger_.log(LogLevel::kWarning, "the disk is full: the reserve of " + std::to_string(bytes_) +
                                      " bytes is given up for flushes and compactions");
}

Status SpaceReserve::restore() { return was_released_ ? make() : Status::ok(); }

}  // namespace kvhost::engine

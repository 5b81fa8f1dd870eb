#include "protocol/checkpoint_receiver.hpp"

#include <algorithm>

#include "wire/checksum.hpp"

namespace kvhost::leader_follower {
namespace {

constexpr uint64_t kPieceBytes = 256 << 10;
constexpr std::size_t kAhead = 16;
constexpr Nanos kAskAgain = 5 * kSecond;

}  // namespace

CheckpointReceiver::CheckpointReceiver(uint64_t transfer, std::vector<WantedFile> wanted)
    : transfer_(transfer), wanted_(std::move(wanted)) {
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    for (uint64_t at = wanted_[i].offset; at < wanted_[i].bytes; at += kPieceBytes) {
      pieces_.push_back(
          {i, at, static_cast<uint32_t>(std::min(kPieceBytes, wanted_[i].bytes - at))});
    }
  }
}

std::vector<CheckpointAsk> CheckpointReceiver::asks(Nanos now) {
  if (last_progress_ == 0) last_progress_ = now;
  std::vector<CheckpointAsk> list;
  const std::size_t end = std::min(pieces_.size(), expected_ + kAhead);
  for (std::size_t i = expected_; i < end; ++i) {
    if (early_.contains(i)) continue;
    const auto asked = asked_.find(i);
    if (asked != asked_.end() && now - asked->second < kAskAgain) continue;
    asked_[i] = now;
    const Piece& piece = pieces_[i];
    list.push_back({transfer_, wanted_[piece.file].name, piece.offset, piece.bytes});
  }
  return list;
}

std::vector<CheckpointReceiver::Write> CheckpointReceiver::receive(CheckpointChunk chunk,
                                                                   Nanos now) {
  std::vector<Write> writes;
  if (chunk.transfer != transfer_) return writes;
  const std::size_t end = std::min(pieces_.size(), expected_ + kAhead);
  for (std::size_t i = expected_; i < end; ++i) {
    const Piece& piece = pieces_[i];
    if (piece.offset != chunk.offset || wanted_[piece.file].name != chunk.file) continue;
    const bool is_whole =
        chunk.bytes.size() == piece.bytes && crc32c(chunk.bytes) == chunk.checksum;
    if (is_whole) {
      early_[i] = std::move(chunk.bytes);
    } else {
      asked_.erase(i);
    }
    break;
  }
  while (!early_.empty() && early_.begin()->first == expected_) {
    const Piece& piece = pieces_[expected_];
    writes.push_back({wanted_[piece.file].name, piece.offset, std::move(early_.begin()->second)});
    early_.erase(early_.begin());
    asked_.erase(expected_++);
    last_progress_ = now;
  }
  return writes;
}

}  // namespace kvhost::leader_follower

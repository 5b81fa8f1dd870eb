// Checkpoints and installs of a FakeStateMachine: the whole state is one file of the manifest.
//
// Threads:   one at a time; the state machine locks.
// Errors:    as kvhost/abi/replication.h says of the slots.
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "kvhost/abi/replication.h"
#include "kvhost/result.hpp"

namespace kvhost::testing {

class FakeCheckpoints {
 public:
  static constexpr std::string_view kFile = "state";
  static constexpr std::size_t kMostOpen = 4;
  static constexpr uint64_t kMostBytes = 1 << 20;

  // The handle; `manifest` is what an install begins with.
  Result<uint64_t> open(std::string state, const kvh_position& position, std::string& manifest) {
    if (open_.size() >= kMostOpen) {
      return Status(StatusCode::OVERLOADED, "4 checkpoints are open already");
    }
    manifest = "{\"format\":1,\"strategy\":\"fake\",\"incarnation\":" +
               std::to_string(position.incarnation) + ",\"term\":" + std::to_string(position.term) +
               ",\"index\":" + std::to_string(position.index) +
               ",\"bytes\":" + std::to_string(state.size()) + ",\"files\":[{\"name\":\"" +
               std::string(kFile) + "\",\"bytes\":" + std::to_string(state.size()) +
               ",\"checksum\":\"" + checksum(state) + "\"}]}";
    open_[++last_handle_] = std::move(state);
    return last_handle_;
  }
  Result<std::string> read(uint64_t handle, std::string_view file, uint64_t offset,
                           uint64_t max_bytes) const {
    const auto at = open_.find(handle);
    if (at == open_.end() || file != kFile || offset > at->second.size()) {
      return Status(StatusCode::INVALID_ARGUMENT, "no such checkpoint, file or offset");
    }
    return at->second.substr(offset, max_bytes < kMostBytes ? max_bytes : kMostBytes);
  }
  void close(uint64_t handle) { open_.erase(handle); }

  Result<uint64_t> begin_install(std::string_view manifest) {
    if (install_ != 0) return Status(StatusCode::CONFLICT, "an install is under way");
    position_ = {number(manifest, "incarnation"), number(manifest, "term"),
                 number(manifest, "index")};
    wanted_bytes_ = number(manifest, "bytes");
    const auto at = manifest.find("\"checksum\":\"");
    if (at == std::string_view::npos) {
      return Status(StatusCode::INVALID_ARGUMENT, "this is no manifest: it has no checksum");
    }
    wanted_checksum_ = manifest.substr(at + 12, 16);
    received_.clear();
    install_ = ++last_handle_;
    return install_;
  }
  std::string wanted() const {
    if (received_.size() == wanted_bytes_) return "[]";
    return "[{\"name\":\"" + std::string(kFile) +
           "\",\"offset\":" + std::to_string(received_.size()) +
           ",\"bytes\":" + std::to_string(wanted_bytes_) + "}]";
  }
  Status write(uint64_t install, std::string_view file, uint64_t offset, std::string_view bytes) {
    KVHOST_TRY(check(install));
    if (file != kFile || offset > received_.size() || offset + bytes.size() > wanted_bytes_) {
      return {StatusCode::INVALID_ARGUMENT,
              "expected offset " + std::to_string(received_.size()) + " of " + std::string(kFile)};
    }
    if (offset < received_.size()) return {};
    received_ += bytes;
    if (received_.size() < wanted_bytes_ || checksum(received_) == wanted_checksum_) return {};
    received_.clear();
    return {StatusCode::CORRUPTION, "the checksum of the whole file is wrong"};
  }
  // The state that was sent; the install is over.
  Result<std::string> commit(uint64_t install) {
    KVHOST_TRY(check(install));
    install_ = 0;
    if (received_.size() != wanted_bytes_) {
      return Status(StatusCode::INVALID_ARGUMENT, "the install is not complete");
    }
    return std::move(received_);
  }
  const kvh_position& position() const { return position_; }
  void abort(uint64_t install) {
    if (install == install_) install_ = 0;
  }

 private:
  Status check(uint64_t install) const {
    if (install != 0 && install == install_) return {};
    return {StatusCode::INVALID_ARGUMENT, "no such install"};
  }
  static uint64_t number(std::string_view text, std::string_view name) {
    const std::string member = "\"" + std::string(name) + "\":";
    const auto at = text.find(member);
    uint64_t value = 0;
    if (at != std::string_view::npos) {
      std::from_chars(text.data() + at + member.size(), text.data() + text.size(), value);
    }
    return value;
  }
  // FNV-1a in 16 hex digits.
  static std::string checksum(std::string_view bytes) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    std::string digits(16, '0');
    for (std::size_t i = 0; i < 16; ++i) digits[15 - i] = "0123456789abcdef"[(hash >> 4 * i) & 15];
    return digits;
  }

  std::map<uint64_t, std::string> open_;
  uint64_t last_handle_ = 0;
  uint64_t install_ = 0;
  kvh_position position_{};
  uint64_t wanted_bytes_ = 0;
  std::string wanted_checksum_;
  std::string received_;
};

}  // namespace kvhost::testing

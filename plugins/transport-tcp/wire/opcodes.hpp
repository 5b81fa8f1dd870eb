// The numbers of the TCP protocol's frames. A number is never given a second meaning.
//
// Format:    docs/protocols/tcp.md
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kvhost::tcp {

enum class Opcode : uint16_t {
  kPing = 0x01,
  kAuthenticate = 0x02,
  kCancel = 0x03,
  kRead = 0x10,
  kWrite = 0x11,
  kScan = 0x12,
  kSnapshotOpen = 0x13,
  kSnapshotClose = 0x14,
  kCursorOpen = 0x15,
  kCursorNext = 0x16,
  kCursorClose = 0x17,
  kCommand = 0x20,
  kInfo = 0x21,
  // Reserved for change events; a version 1 server answers NOT_SUPPORTED.
  kWatchOpen = 0x30,
  kWatchCredit = 0x31,
  kWatchClose = 0x32,
  // Only from the server, with request id 0.
  kGoaway = 0x70,
  kConnectionError = 0x71,
};

// A reply's opcode is its request's with this bit.
inline constexpr uint16_t kReplyBit = 0x8000;

struct OpcodeName {
  Opcode opcode;
  std::string_view name;
};
// The requests of version 1, in the order of their numbers; the names are metric labels.
inline constexpr auto kRequestOpcodes = std::to_array<OpcodeName>({
    {Opcode::kPing, "ping"},
    {Opcode::kAuthenticate, "authenticate"},
    {Opcode::kCancel, "cancel"},
    {Opcode::kRead, "read"},
    {Opcode::kWrite, "write"},
    {Opcode::kScan, "scan"},
    {Opcode::kSnapshotOpen, "snapshot_open"},
    {Opcode::kSnapshotClose, "snapshot_close"},
    {Opcode::kCursorOpen, "cursor_open"},
    {Opcode::kCursorNext, "cursor_next"},
    {Opcode::kCursorClose, "cursor_close"},
    {Opcode::kCommand, "command"},
    {Opcode::kInfo, "info"},
});
// Where the opcode stands in kRequestOpcodes; its size for a number that is not there.
constexpr std::size_t request_index(uint16_t opcode) {
  for (std::size_t i = 0; i < kRequestOpcodes.size(); ++i) {
    if (static_cast<uint16_t>(kRequestOpcodes[i].opcode) == opcode) return i;
  }
  return kRequestOpcodes.size();
}

}  // namespace kvhost::tcp

// Feeds arbitrary bytes to everything that decodes a log segment: no input may crash it, make it
// allocate by a lying length or be taken for a record that was never written.
#include <cstdint>
#include <string>
#include <string_view>

#include "kvhost/engine/inspect_log.hpp"
#include "log/log_format.hpp"
#include "log/log_recovery.hpp"
#include "support/crash_file_system.hpp"

using namespace kvhost::engine;

namespace {

// A good header before the input, so that the record decoder is reached without luck.
std::string with_header(std::string_view input, uint64_t number) {
  SegmentHeader header;
  header.number = number;
  header.incarnation = 7;
  std::string file = encode_segment_header(header);
  file.append(input);
  return file;
}

void put_file(testing::CrashFileSystem& files, const std::string& path, std::string_view bytes) {
  auto file = files.create(path);
  if (file) static_cast<void>((*file)->append(bytes));
}

void read_everything(std::string_view bytes) {
  testing::CrashFileSystem files;
  static_cast<void>(files.create_directories("/wal"));
  put_file(files, "/wal/000001.log", bytes);
  static_cast<void>(recover_log(files, "/wal", {}, [](std::string_view payload, LogPosition) {
    volatile std::size_t sum = 0;
    for (const char byte : payload) sum = sum + static_cast<uint8_t>(byte);
    return kvhost::Status::ok();
  }));
  static_cast<void>(
      inspect_log_segment(files, "/wal/000001.log", [](const LogEntryInfo&) { return true; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  read_everything(input);
  read_everything(with_header(input, 1));
  return 0;
}

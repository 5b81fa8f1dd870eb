// Feeds arbitrary text to the decoder of a backup's list, as it is and with a checksum that fits,
// so that the lines are reached. What is taken encodes to the same bytes and leads nowhere else.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/hash.hpp"
#include "kvhost/engine/backup.hpp"

using namespace kvhost::engine;

namespace {

void read(const std::string& text) {
  const auto info = decode_backup_info(text, "BACKUP");
  if (!info) return;
  for (const BackupFile& file : info->files) {
    if (file.name.empty() || file.name.front() == '/') std::abort();
    if (file.name.find("..") != std::string::npos && file.name.find("/.") != std::string::npos) {
      std::abort();
    }
  }
  const auto again = decode_backup_info(encode_backup_info(*info), "BACKUP");
  if (!again || !(*again == *info)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  read(text);
  if (!text.starts_with("kvhost backup 1\n")) text = "kvhost backup 1\n" + text;
  char line[32];
  std::snprintf(line, sizeof line, "checksum %016llx\n",
                static_cast<unsigned long long>(checksum64(text)));
  read(text + line);
  return 0;
}

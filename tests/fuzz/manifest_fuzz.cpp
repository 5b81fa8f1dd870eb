// Feeds arbitrary bytes to everything that decodes a MANIFEST: no input may crash it, make it
// allocate by a lying length or leave a tree that breaks its invariants. The first byte says as
// what the rest is taken: a whole file, records behind a sound header, or one edit in a sound
// record.
#include <cstdint>
#include <string>
#include <string_view>

#include "kvhost/engine/inspect_manifest.hpp"
#include "support/crash_file_system.hpp"
#include "version/file_names.hpp"
#include "version/manifest_format.hpp"
#include "version/version_edit.hpp"
#include "version/version_set.hpp"

using namespace kvhost::engine;  // NOLINT(*-build-using-namespace)

namespace {

const std::string kDirectory = "/db";

void put_file(testing::CrashFileSystem& files, const std::string& path, std::string_view bytes) {
  auto file = files.create(path);
  if (file) static_cast<void>((*file)->append(bytes));
}

std::string file_with_edit(std::string_view payload) {
  std::string file = encode_manifest_header(1);
  file += encode_record_header(payload, 1, file.size());
  file += payload;
  return file;
}

void read_everything(std::string_view manifest) {
  testing::CrashFileSystem files;
  static_cast<void>(files.create_directories(kDirectory + "/tables"));
  static_cast<void>(files.create_directories(kDirectory + "/wal"));
  put_file(files, current_path(kDirectory), manifest_name(1) + "\n");
  put_file(files, manifest_path(kDirectory, 1), manifest);
  static_cast<void>(inspect_manifest(files, manifest_path(kDirectory, 1)));
  const auto set = VersionSet::open(files, kDirectory, {}, null_logger());
  if (!set) return;
  // What was read can be written, and reads back as the same.
  const VersionState state = (*set)->state();
  const VersionPtr version = (*set)->current();
  if (version->file_count() != 0 || state.reserved_sequence < state.last_sequence) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      read_everything(rest);
      break;
    case 1:
      read_everything(encode_manifest_header(1) + std::string(rest));
      break;
    default:
      read_everything(file_with_edit(rest));
      if (const auto edit = VersionEdit::decode(rest)) {
        const auto again = VersionEdit::decode(edit->encode());
        if (!again || again->encode() != edit->encode()) __builtin_trap();
        static_cast<void>(edit->describe());
      }
  }
  return 0;
}

// Fails chosen calls, as a text says:
//
//   sync *.log nth=3 once EIO        the third sync of a file named *.log fails
//   write,append * nth=1 always ENOSPC   from the first write on, every one fails
//   read *.sst nth=2 once short      the second read yields half of its bytes
//   open *.sst nth=1 always EMFILE   no descriptor is left
//
// Kinds are those of FileCall, joined by commas, `*` for all; the glob matches the whole path or
// the name alone. A `short` write hands on half its bytes and fails. Without a rule nothing fails.
//
// Threads:   any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "support/intercepting_file_system.hpp"

namespace kvhost::engine::testing {

class FaultFileSystem final : private FileInterceptor, public InterceptingFileSystem {
 public:
  explicit FaultFileSystem(FileSystem& files)
      : InterceptingFileSystem(files, static_cast<FileInterceptor&>(*this)) {}

  // Adds a rule; its count starts now. A text that is no rule is a fault of the test.
  void fail(std::string_view rule);
  // Forgets every rule: the disk is well again.
  void heal();
  // How many calls have been failed since the last heal().
  uint64_t faults() const;

 private:
  enum class Fault : uint8_t { kIoError, kNoSpace, kNoDescriptor, kShort };
  struct Rule {
    std::vector<std::string> kinds;
    std::string glob;
    uint64_t nth = 1;
    bool is_once = true;
    Fault fault = Fault::kIoError;
    uint64_t matches = 0;
  };

  static Rule parse(std::string_view text);
  static bool matches(const Rule& rule, const FileCall& call);
  FileVerdict on_call(const FileCall& call) override;

  mutable Mutex mutex_;
  std::vector<Rule> rules_ KVHOST_GUARDED_BY(mutex_);
  uint64_t faults_ KVHOST_GUARDED_BY(mutex_) = 0;
};

}  // namespace kvhost::engine::testing

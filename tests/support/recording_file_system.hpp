// Writes down every call that changes or syncs something, one line each, for comparison with a
// golden list: the order of calls is what durability stands on.
//
//   create d/1 · preallocate d/1 65536 · append d/1 100 · write d/1 4096 100 · sync d/1
//   syncdir d · rename d/1 d/2 · link d/1 d/2 · remove d/1 · truncate d/1 10 · mkdir d · rmdir d
//
// Threads:   any.
#pragma once

#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "support/intercepting_file_system.hpp"

namespace kvhost::engine::testing {

class RecordingFileSystem final : private FileInterceptor, public InterceptingFileSystem {
 public:
  // `root` and the slash after it are left out of the lines' paths.
  explicit RecordingFileSystem(FileSystem& files, std::string root = {})
      : InterceptingFileSystem(files, static_cast<FileInterceptor&>(*this)),
        root_(std::move(root)) {}

  // The lines since the last take().
  std::vector<std::string> take();
  // The same as one text, each line ended by a newline.
  std::string take_text();

 private:
  FileVerdict on_call(const FileCall& call) override;
  std::string shown(const std::string& path) const;

  const std::string root_;
  Mutex mutex_;
  std::vector<std::string> lines_ KVHOST_GUARDED_BY(mutex_);
};

}  // namespace kvhost::engine::testing

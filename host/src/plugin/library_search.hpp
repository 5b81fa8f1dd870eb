// Where the dynamic loader would look for a library, judged from outside: the file's own path, the
// environment, /etc/ld.so.conf and the system's directories.
//
// Threads:   one.
// Errors:    none; what cannot be read is as if it were not there.
#pragma once

#include <string>
#include <vector>

namespace kvhost::host {

class LibrarySearch {
 public:
  // `own_path`: DT_RPATH and DT_RUNPATH of `file`, colons and $ORIGIN included.
  LibrarySearch(const std::string& file, const std::vector<std::string>& own_path);

  // The path of the library, or nothing.
  std::string find(const std::string& name) const;
  const std::vector<std::string>& directories() const { return directories_; }

 private:
  void add_list(const std::string& list, const std::string& origin);
  void add_configured(const std::string& file, int depth);
  void add(const std::string& directory);

  std::vector<std::string> directories_;
};

}  // namespace kvhost::host

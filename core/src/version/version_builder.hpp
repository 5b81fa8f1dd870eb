// Applies an edit to a Version: the only place where the tree's shape changes, and where its
// invariants are checked.
//
// Threads:   any.
// Errors:    CORRUPTION naming the invariant, the files and the runs; the caller adds the place.
#pragma once

#include <memory>
#include <vector>

#include "kvhost/result.hpp"
#include "version/version.hpp"
#include "version/version_edit.hpp"

namespace kvhost::engine {

struct AppliedEdit {
  VersionPtr version;
  // Gone from the tree, moved files not included. They become obsolete once the edit is durable.
  std::vector<TableFilePtr> removed;
};

Result<AppliedEdit> apply_edit(const Version& base, const VersionEdit& edit,
                               const std::shared_ptr<ObsoleteFiles>& obsolete_files);

// The edit that makes the whole of `version` and `state` from nothing.
VersionEdit full_edit(const Version& version, const VersionState& state);

}  // namespace kvhost::engine

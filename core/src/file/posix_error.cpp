#include "file/posix_error.hpp"

#include <cerrno>
#include <system_error>

namespace kvhost::engine {

Status posix_error(std::string_view path, std::string_view call, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  std::string message(path);
  message.append(": ").append(call).append(": ");
  message += std::generic_category().message(error) + " (errno " + std::to_string(error) + ")";
  if (full) return {StatusCode::NO_SPACE, std::move(message)};
  // Nothing is wrong with the disk: the process or the machine has no descriptor left for now.
  if (error == EMFILE || error == ENFILE) {
    return {StatusCode::OVERLOADED,
            message + "; raise the limit on open files (ulimit -n) if this lasts"};
  }
  return {StatusCode::IO_ERROR, std::move(message)};
}

}  // namespace kvhost::engine

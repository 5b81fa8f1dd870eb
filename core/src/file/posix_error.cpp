#include "file/posix_error.hpp"

#include <cerrno>
#include <system_error>

namespace kvhost::engine {

Status posix_error(std::string_view path, std::string_view call, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  std::string message(path);
  message.append(": ").append(call).append(": ");
  message += std::generic_category().message(error) + " (errno " + std::to_string(error) + ")";
  return {full ? StatusCode::NO_SPACE : StatusCode::IO_ERROR, std::move(message)};
}

}  // namespace kvhost::engine

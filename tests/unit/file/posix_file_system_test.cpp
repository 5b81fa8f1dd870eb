// What only the operating system's file system can show.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "file/posix_error.hpp"
#include "kvhost/engine/file_system.hpp"
#include "support/temporary_directory.hpp"

namespace kvhost::engine::testing {
namespace {

TEST_CASE("a full disk is told from every other failure") {
  CHECK(posix_error("p", "write", ENOSPC).code() == StatusCode::NO_SPACE);
  CHECK(posix_error("p", "write", EDQUOT).code() == StatusCode::NO_SPACE);
  CHECK(posix_error("p", "write", EIO).code() == StatusCode::IO_ERROR);
  CHECK(posix_error("/a/b", "fdatasync", EIO).message() ==
        "/a/b: fdatasync: Input/output error (errno 5)");
  // A device that is always full.
  const auto full = posix_file_system().open_positioned("/dev/full");
  REQUIRE(full);
  CHECK((*full)->write_at(0, "x").code() == StatusCode::NO_SPACE);
}

TEST_CASE("a preallocated file has its blocks, and none is left when there is no room") {
  TemporaryDirectory directory;
  const std::string path = directory.path() + "/segment";
  REQUIRE(posix_file_system().create_preallocated(path, 1 << 20).has_value());
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK(status.st_blocks * 512 >= 1 << 20);

  // A limit of this process stands for the end of the disk: a disk that is filled is full for the
  // tests beside this one, too.
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto* const on_excess = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{8 << 20, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string huge = directory.path() + "/huge";
  const auto refused = posix_file_system().create_preallocated(huge, 64 << 20);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, on_excess);
  REQUIRE_FALSE(refused);
  CHECK_FALSE(std::filesystem::exists(huge));
}

TEST_CASE("a second process is refused by the lock, and gets it when the first one is gone") {
  TemporaryDirectory directory;
  const std::string path = directory.path() + "/LOCK";
  int ready[2], leave[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(leave) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = posix_file_system().lock(path);
    const char answer = lock ? 'y' : 'n';
    char byte = 0;
    static_cast<void>(!::write(ready[1], &answer, 1));
    static_cast<void>(!::read(leave[0], &byte, 1));
    ::_exit(0);
  }
  char held = 0;
  REQUIRE(::read(ready[0], &held, 1) == 1);
  CHECK(held == 'y');
  const auto refused = posix_file_system().lock(path);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == StatusCode::LOCKED);
  CHECK(refused.error().message() ==
        path + ": held by another process; stop that one first, or use another directory");
  REQUIRE(::write(leave[1], "x", 1) == 1);
  int state = 0;
  ::waitpid(child, &state, 0);
  CHECK(posix_file_system().lock(path).has_value());
  for (const int fd : {ready[0], ready[1], leave[0], leave[1]}) ::close(fd);
}

TEST_CASE("one lock has one holder under every spelling of its path") {
  TemporaryDirectory directory;
  const auto lock = posix_file_system().lock(directory.path() + "/LOCK");
  REQUIRE(lock);
  CHECK(posix_file_system().lock(directory.path() + "/./LOCK").error().code() ==
        StatusCode::LOCKED);
}

TEST_CASE("no descriptor is handed down to programs that are started") {
  TemporaryDirectory directory;
  const auto file = posix_file_system().create(directory.path() + "/a");
  const auto lock = posix_file_system().lock(directory.path() + "/LOCK");
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (gone || !target.string().starts_with(directory.path())) continue;
    ++found;
    CHECK((::fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(found == 2);
}

TEST_CASE("signals do not break calls") {
  TemporaryDirectory directory;
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};
  REQUIRE(::sigaction(SIGALRM, &action, &before) == 0);
  const itimerval often{{0, 5000}, {0, 5000}}, never{};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  const auto file = posix_file_system().create(directory.path() + "/a");
  REQUIRE(file);
  const std::string chunk(1 << 20, 'c');
  bool all_well = true;
  for (int i = 0; i < 4; ++i) {
    all_well = all_well && (*file)->append(chunk).is_ok() && (*file)->sync().is_ok();
  }
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  CHECK(all_well);
  CHECK(posix_file_system().file_size(directory.path() + "/a").value() == 4 << 20);
}

}  // namespace
}  // namespace kvhost::engine::testing

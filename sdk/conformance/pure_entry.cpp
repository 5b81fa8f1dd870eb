#include "pure_entry.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <vector>

namespace kvhost::conformance {
namespace {

// Memory, locks within the process, randomness for hash tables, and the end.
constexpr long kAllowed[] = {SYS_brk,          SYS_mmap,       SYS_munmap,       SYS_mremap,
                             SYS_mprotect,     SYS_madvise,    SYS_futex,        SYS_getrandom,
                             SYS_exit,         SYS_exit_group, SYS_rt_sigreturn, SYS_sched_yield,
                             SYS_clock_gettime};

constexpr int kCaughtExit = 99;
constexpr int kNoFilterExit = 98;

// Shared with the parent; written by the signal handler.
volatile int* caught_call = nullptr;

void on_forbidden_call(int, siginfo_t* info, void*) {
  *caught_call = info->si_syscall;
  ::_exit(kCaughtExit);
}

bool install_filter() {
  struct sigaction action {};
  action.sa_sigaction = &on_forbidden_call;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGSYS, &action, nullptr);
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
  for (const long call : kAllowed) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace

EntryTrial try_entry(const kvh_plugin* (*entry)()) {
  void* const shared =
      ::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return {false, {}};
  caught_call = static_cast<volatile int*>(shared);
  *caught_call = -1;
  const pid_t child = ::fork();
  if (child == 0) {
    if (!install_filter()) ::_exit(kNoFilterExit);
    ::_exit(entry() == nullptr ? 1 : 0);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  const int call = *caught_call;
  ::munmap(shared, sizeof(int));
  if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == kNoFilterExit)) return {false, {}};
  if (WIFSIGNALED(status)) {
    return {true, "was ended by signal " + std::to_string(WTERMSIG(status))};
  }
  if (WEXITSTATUS(status) == kCaughtExit) {
    return {true, "made the system call number " + std::to_string(call) +
                      ": it must not open, read, write, start threads or ask the time of day"};
  }
  if (WEXITSTATUS(status) == 1) return {true, "returned nothing"};
  return {};
}

}  // namespace kvhost::conformance

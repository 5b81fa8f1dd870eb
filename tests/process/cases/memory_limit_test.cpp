// One budget for memory: a load of many times the budget, under a limit of the kernel's, with every
// kind of traffic. What goes beyond the limit is killed by the kernel, and the test fails.
//
//   KVHOST_MEMORY_DATA_MIB=2048 test_process "memory*"     for more
#include <sys/wait.h>

#include "machine.hpp"
#include "support/places.hpp"

using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

// A memory group of cgroup v1, gone with this object.
class MemoryGroup {
 public:
  explicit MemoryGroup(uint64_t limit_bytes)
      : path_("/sys/fs/cgroup/memory/kvhost-test-" + std::to_string(::getpid())) {
    std::error_code failure;
    is_made_ = std::filesystem::create_directory(path_, failure) &&
               put("memory.limit_in_bytes", std::to_string(limit_bytes));
    // No way out into swap.
    static_cast<void>(put("memory.swappiness", "0"));
  }
  ~MemoryGroup() {
    if (is_made_) ::rmdir(path_.c_str());
  }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  bool is_made() const { return is_made_; }
  std::string tasks() const { return path_ + "/cgroup.procs"; }

 private:
  bool put(const std::string& name, const std::string& text) {
    std::ofstream file(path_ + "/" + name);
    file << text;
    return static_cast<bool>(file.flush());
  }
  const std::string path_;
  bool is_made_ = false;
};

}  // namespace

TEST_CASE("memory stays within its budget, whatever the load") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return skip("a sanitizer's own memory does not count");
#endif
  constexpr uint64_t kBudgetMib = 32;
  // Beside the budget: the program, buffers of the log, of a flush and of a merge (with values of
  // 1 MiB), what the allocator keeps, and pages on their way to the disk.
  constexpr uint64_t kLimitMib = kBudgetMib + 88;
  const uint64_t data_mib = number_from("KVHOST_MEMORY_DATA_MIB", 160);
  const MemoryGroup group(kLimitMib << 20);
  if (::geteuid() != 0 || !group.is_made()) {
    return skip("a memory limit needs root and the memory controller of cgroup v1");
  }
  TemporaryDirectory directory;
  const std::string output = directory.path() + "/output";
  const std::string command = "echo $$ >" + group.tasks() + " && exec " +
                              kvhost::testing::binary_dir() + "/tests/memory_child " +
                              directory.path() + "/db " + std::to_string(kBudgetMib) + " " +
                              std::to_string(data_mib) + " >" + output;
  const int state = std::system(command.c_str());
  INFO("ended with state " << state << " (137 or a signal: killed by the kernel)");
  REQUIRE(WIFEXITED(state));
  REQUIRE(WEXITSTATUS(state) == 0);
  std::ifstream told(output);
  std::string name;
  uint64_t peak_kib = 0;
  uint64_t accounted = 0;
  told >> name >> peak_kib >> name >> accounted;
  INFO("peak " << peak_kib << " KiB resident, " << accounted << " bytes accounted at most");
  CHECK(peak_kib > 0);
  CHECK(peak_kib <= kLimitMib << 10);
  CHECK(accounted <= kBudgetMib << 20);
}

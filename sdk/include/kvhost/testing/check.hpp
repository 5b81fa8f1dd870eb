// Tests without a framework, for projects that want none:
//
//   KVHOST_TEST(three_runs_are_left_alone) { KVHOST_CHECK(plan_for(3).jobs.empty()); }
//   KVHOST_TEST_MAIN()
//
// Threads:   one.
#pragma once

#include <cstdio>
#include <vector>

namespace kvhost::testing {

struct TestCase {
  const char* name;
  void (*body)();
};

inline std::vector<TestCase>& test_cases() {
  static std::vector<TestCase> all;
  return all;
}
inline int& failed_checks() {
  static int count = 0;
  return count;
}
inline bool add_test(const char* name, void (*body)()) {
  test_cases().push_back({name, body});
  return true;
}
inline void check(bool holds, const char* what, const char* file, int line) {
  if (holds) return;
  ++failed_checks();
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
}
// Runs all; the number of tests that failed, at most 1 for an exit code.
inline int run_tests() {
  for (const auto& test : test_cases()) {
    const int before = failed_checks();
    test.body();
    std::printf("%s %s\n", failed_checks() == before ? "passed" : "FAILED", test.name);
  }
  return failed_checks() == 0 ? 0 : 1;
}

}  // namespace kvhost::testing

#define KVHOST_TEST(name)                                      \
  static void kvhost_test_##name();                            \
  [[maybe_unused]] static const bool kvhost_added_##name =     \
      ::kvhost::testing::add_test(#name, &kvhost_test_##name); \
  static void kvhost_test_##name()
#define KVHOST_CHECK(...) \
  ::kvhost::testing::check(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
#define KVHOST_TEST_MAIN() \
  int main() { return ::kvhost::testing::run_tests(); }

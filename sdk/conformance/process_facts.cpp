#include "process_facts.hpp"

#include <dirent.h>
#include <poll.h>
#include <unistd.h>

#include <cstdlib>

namespace kvhost::conformance {
namespace {

template <typename Visit>
void for_each_entry(const char* folder, Visit visit) {
  DIR* const open = ::opendir(folder);
  if (open == nullptr) return;
  while (const dirent* const entry = ::readdir(open)) {
    if (entry->d_name[0] != '.') visit(::dirfd(open), entry->d_name);
  }
  ::closedir(open);
}

}  // namespace

ProcessFacts ProcessFacts::now() {
  ProcessFacts facts;
  for_each_entry("/proc/self/task", [&](int, const char*) { ++facts.threads; });
  for_each_entry("/proc/self/fd", [&](int own, const char* name) {
    const int number = std::atoi(name);
    char target[256];
    const ssize_t length = ::readlinkat(own, name, target, sizeof(target));
    if (number != own && length > 0) {
      facts.files[number] = std::string(target, static_cast<std::size_t>(length));
    }
  });
  return facts;
}

std::string left_behind(const ProcessFacts& before) {
  constexpr int kTries = 500;  // a joined thread vanishes from the kernel's list a little later
  std::string text;
  for (int i = 0; i < kTries; ++i) {
    if (i != 0) pause_ms(10);
    const ProcessFacts now = ProcessFacts::now();
    text.clear();
    if (now.threads > before.threads) {
      text = std::to_string(now.threads - before.threads) + " threads are left";
    }
    for (const auto& [number, target] : now.files) {
      if (before.files.count(number) != 0) continue;
      text += (text.empty() ? "" : ", ") + ("file " + std::to_string(number)) + " (" + target +
              ") is left open";
    }
    if (text.empty()) break;
  }
  return text;
}

void pause_ms(int ms) { ::poll(nullptr, 0, ms); }

}  // namespace kvhost::conformance

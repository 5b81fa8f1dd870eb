#include "host/node_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "support/places.hpp"

namespace kvhost::host::testing {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPause = std::chrono::milliseconds(5);

std::string read_file(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

NodeProcess::NodeProcess(std::string directory, const std::vector<std::string>& arguments,
                         const std::vector<std::string>& before, const std::string& program)
    : directory_(std::move(directory)) {
  static std::atomic<int> counter{0};
  name_ = directory_ + "/process" + std::to_string(++counter);
  std::vector<std::string> words = before;
  words.push_back(kvhost::testing::binary_dir() + "/bin/" + program);
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, 1, (name_ + ".out").c_str(), kFlags, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, (name_ + ".err").c_str(), kFlags, 0600);
  posix_spawn_file_actions_addchdir_np(&actions, directory_.c_str());
  if (posix_spawnp(&process_, words.front().c_str(), &actions, nullptr, pointers.data(), environ) !=
      0) {
    process_ = -1;
    ended_ = true;
    status_ = 127 << 8;
  }
  posix_spawn_file_actions_destroy(&actions);
}

NodeProcess::~NodeProcess() {
  if (has_ended()) return;
  kill(process_, SIGKILL);
  waitpid(process_, &status_, 0);
}

bool NodeProcess::has_ended() {
  if (!ended_) ended_ = waitpid(process_, &status_, WNOHANG) == process_;
  return ended_;
}

bool NodeProcess::prints(const std::string& text) {
  const auto limit = Clock::now() + std::chrono::seconds(20);
  while (true) {
    const bool last_look = has_ended() || Clock::now() > limit;
    if ((out() + err()).find(text) != std::string::npos) return true;
    if (last_look) return false;
    std::this_thread::sleep_for(kPause);
  }
}

void NodeProcess::send(int signal) const { kill(process_, signal); }

Finished NodeProcess::wait() {
  const auto limit = Clock::now() + std::chrono::seconds(30);
  while (!has_ended()) {
    if (Clock::now() > limit) kill(process_, SIGKILL);
    std::this_thread::sleep_for(kPause);
  }
  const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  return {code, out(), err()};
}

std::string NodeProcess::out() const { return read_file(name_ + ".out"); }
std::string NodeProcess::err() const { return read_file(name_ + ".err"); }

Finished run_kvhost(const std::string& directory, const std::vector<std::string>& arguments) {
  return NodeProcess(directory, arguments).wait();
}

}  // namespace kvhost::host::testing

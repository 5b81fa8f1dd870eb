// Runs the program kvhost and looks at what it prints and how it ends.
//
// Threads:   one.
// Lifetime:  the destructor kills a process that still runs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace kvhost::host::testing {

struct Finished {
  int exit_code = -1;  // 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

class NodeProcess {
 public:
  // `directory` is its working directory, and where its output is kept. `before` are the words of a
  // command that becomes the program (nsenter, …).
  NodeProcess(std::string directory, const std::vector<std::string>& arguments,
              const std::vector<std::string>& before = {}, const std::string& program = "kvhost");
  ~NodeProcess();
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  // False when `text` is not on stdout or stderr within 20 s, or the process ended without it.
  bool prints(const std::string& text);
  void send(int signal) const;
  pid_t id() const { return process_; }
  // Waits for the end; kills it after 30 s (exit code 137).
  Finished wait();

  std::string out() const;
  std::string err() const;

 private:
  bool has_ended();

  std::string directory_;
  std::string name_;
  pid_t process_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

// Runs it to its end.
Finished run_kvhost(const std::string& directory, const std::vector<std::string>& arguments);

}  // namespace kvhost::host::testing

#include "isolated_check.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>

namespace kvhost::kvctl {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

std::string report_text(const conformance::Report& report) {
  json::array failures;
  for (const auto& failure : report.failures()) failures.emplace_back(failure);
  return json::serialize(json::object{
      {"failures", std::move(failures)}, {"skipped", report.skipped()}, {"note", report.note()}});
}

[[noreturn]] void run_child(const conformance::Check& check, const conformance::Subject& subject,
                            pid_t parent, int out) {
  ::setpgid(0, 0);
  // A group of its own gets no Ctrl-C: a plugin that hangs would outlive who ends kvctl.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  conformance::Report report;
  try {
    check.run(subject, report);
  } catch (const std::exception& thrown) {
    report.fail(std::string("threw: ") + thrown.what());
  }
  const std::string text = report_text(report);
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::write(out, text.data() + done, text.size() - done);
    if (count < 0 && errno != EINTR) break;
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  ::_exit(0);
}

// All that comes until the pipe's end; false when the time is up before.
bool read_to_end(int pipe, Clock::time_point end, std::string& text) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) return false;
    pollfd ready{pipe, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(left.count())) <= 0) continue;
    char bytes[4096];
    const ssize_t count = ::read(pipe, bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    text.append(bytes, static_cast<std::size_t>(count));
  }
}

void read_report(const std::string& text, int status, CheckResult& result) {
  if (WIFSIGNALED(status)) {
    result.failures.push_back("the process was ended by signal " +
                              std::to_string(WTERMSIG(status)) + " (" +
                              ::strsignal(WTERMSIG(status)) + ")");
    return;
  }
  boost::system::error_code failure;
  const json::value report = json::parse(text, failure);
  if (failure || !report.is_object()) {
    result.failures.push_back("the process exited with code " +
                              std::to_string(WEXITSTATUS(status)) +
                              " in the middle: a plugin must not call exit()");
    return;
  }
  for (const auto& item : report.at("failures").as_array()) {
    result.failures.emplace_back(item.as_string());
  }
  result.skipped = report.at("skipped").as_string();
  result.note = report.at("note").as_string();
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else if (c == '"') {
      safe += "&quot;";
    } else {
      // XML knows no control characters.
      safe += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return safe;
}

}  // namespace

CheckResult run_isolated(const conformance::Check& check, const conformance::Subject& subject) {
  CheckResult result;
  result.component = subject.name;
  result.check = check.name;
  result.promise = check.promise;
  const auto begin = Clock::now();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    result.failures.push_back(std::string("no pipe: ") + std::strerror(errno));
    return result;
  }
  const pid_t self = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) run_child(check, subject, self, ends[1]);
  ::close(ends[1]);
  if (child < 0) {
    result.failures.push_back(std::string("no process: ") + std::strerror(errno));
    ::close(ends[0]);
    return result;
  }
  std::string text;
  const bool in_time = read_to_end(ends[0], begin + check.limit, text);
  // Whatever the check has left behind goes with it.
  if (!in_time) ::kill(child, SIGKILL);
  ::kill(-child, SIGKILL);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (in_time) {
    read_report(text, status, result);
  } else {
    result.failures.push_back("had not ended after " + std::to_string(check.limit.count()) +
                              " s: something hangs");
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return result;
}

std::string junit_text(const std::string& suite, const std::vector<CheckResult>& results) {
  std::size_t failed = 0;
  std::size_t skipped = 0;
  std::string cases;
  for (const auto& result : results) {
    char seconds[32];
    std::snprintf(seconds, sizeof(seconds), "%.3f", result.seconds);
    cases += "  <testcase classname=\"" + escaped(result.component) + "\" name=\"" +
             escaped(result.check) + "\" time=\"" + seconds + "\">\n";
    for (const auto& failure : result.failures) {
      cases += "    <failure message=\"" + escaped(failure) + "\"/>\n";
    }
    if (result.failures.empty() && !result.skipped.empty()) {
      cases += "    <skipped message=\"" + escaped(result.skipped) + "\"/>\n";
      ++skipped;
    }
    failed += result.failures.empty() ? 0 : 1;
    cases += "  </testcase>\n";
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"" + escaped(suite) +
         "\" tests=\"" + std::to_string(results.size()) + "\" failures=\"" +
         std::to_string(failed) + "\" skipped=\"" + std::to_string(skipped) + "\">\n" + cases +
         "</testsuite>\n";
}

}  // namespace kvhost::kvctl

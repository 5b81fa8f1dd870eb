#include "node_process.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <sstream>

#include "host_pump.hpp"
#include "kvhost/testing/under_test.hpp"
#include "process_facts.hpp"
#include "subject.hpp"

namespace kvhost::conformance {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxAnswer = 128 << 10;

const kvh_option* find_option(const kvh_option* first, uint64_t count, uint64_t stride,
                              std::string_view path) {
  for (uint64_t i = 0; i < count; ++i) {
    const auto& option = detail::strided(first, stride, i);
    if (detail::to_view(option.path) == path) return &option;
  }
  return nullptr;
}

// The process's side.
class Node {
 public:
  Node(Subject subject, const std::string& id) : subject_(std::move(subject)), id_(id) {
    host_.node().node_id = detail::to_bytes(id_);
  }
  // Nothing where no answer is waited for.
  std::optional<std::string> answer(const std::string& words) {
    std::istringstream in(words);
    if (words.starts_with("set ")) {
      std::string verb;
      std::string path;
      in >> verb >> path;
      std::getline(in >> std::ws, subject_.options[path]);
      return std::nullopt;
    }
    std::string what;
    std::string batch;
    int64_t limit_ms = 0;
    in >> what >> limit_ms >> batch;
    if (what == "convention") return convention();
    if (what == "start") return start();
    if (strategy_ == nullptr) return "38 the node is not started";
    if (what == "propose") return propose(batch, milliseconds(limit_ms));
    if (what == "barrier") return barrier(milliseconds(limit_ms));
    if (what == "traits") {
      const auto& component = strategy_->component();
      return std::to_string(component.table<kvh_replication>()->traits(component.self()));
    }
    if (what == "applied") return lines(machine_.batches());
    if (what == "faults") return lines(machine_.faults());
    strategy_->component().stop();
    return std::string();
  }

 private:
  // "1" or "0" for an option `address` of its own, then why the component is one node by itself.
  std::string convention() {
    Report report;
    const kvh_component* const component = load_subject(subject_, report);
    if (component == nullptr) return "0 " + report.failures().front();
    const auto option = [&](std::string_view path) {
      return find_option(component->options, component->option_count, component->option_stride,
                         path);
    };
    const kvh_option* const peers = option("peers");
    const auto has = [&](std::string_view member) {
      return find_option(peers->nested, peers->nested_count, peers->nested_stride, member) !=
             nullptr;
    };
    const bool is_kept = option("listen") != nullptr && peers != nullptr &&
                         peers->type == KVH_OPTION_TABLES && has("id") && has("address");
    return std::string(option("address") != nullptr ? "1" : "0") +
           (is_kept ? ""
                    : " it has no options listen and peers = [ { id, address } ]: one node by "
                      "itself");
  }
  std::string start() {
    Report report;
    const kvh_component* const descriptor = load_subject(subject_, report);
    if (descriptor != nullptr) {
      auto component = create_subject(subject_, *descriptor, host_, report);
      if (component) {
        strategy_ = std::make_unique<testing::ReplicationUnderTest>(std::move(*component));
        const Status attached = strategy_->attach(machine_);
        if (attached.is_ok()) return "0";
        return std::to_string(static_cast<int>(attached.code())) + " " + attached.message();
      }
    }
    return "31 " + report.failures().front();
  }
  std::string propose(const std::string& batch, milliseconds limit) {
    const auto proposal = strategy_->propose({batch}, limit);
    if (!proposal->wait(limit + std::chrono::seconds(5))) return "0 0 22 was not completed in time";
    Status status = proposal->status();
    if (status.is_ok()) status = proposal->results[0];
    return std::to_string(proposal->count()) + " " + std::to_string(proposal->indexes[0]) + " " +
           std::to_string(static_cast<int>(status.code())) + " " + status.message();
  }
  std::string barrier(milliseconds limit) {
    const auto granted = strategy_->read_barrier(KVH_READ_LINEARIZABLE, limit);
    if (granted) return std::to_string(granted->index) + " 0";
    return "0 " + std::to_string(static_cast<int>(granted.error().code())) + " " +
           granted.error().message();
  }
  static std::string lines(const std::vector<std::string>& list) {
    std::string text;
    for (const auto& line : list) {
      if (!line.empty()) text += line + "\n";
    }
    return text;
  }

  Subject subject_;
  std::string id_;
  testing::FakeHost host_;
  testing::FakeStateMachine machine_;
  HostPump pump_{host_};
  std::unique_ptr<testing::ReplicationUnderTest> strategy_;
};

[[noreturn]] void serve(const Subject& subject, const std::string& id, int socket) {
  auto node = std::make_unique<Node>(subject, id);
  std::string words(4096, '\0');
  for (;;) {
    const ssize_t count = ::recv(socket, words.data(), words.size(), 0);
    if (count <= 0) {
      node.reset();  // its folder goes with it
      ::_exit(0);
    }
    const auto told = node->answer(words.substr(0, static_cast<std::size_t>(count)));
    if (!told) continue;
    const std::string& answer = *told;
    if (::send(socket, answer.data(), std::min(answer.size(), kMaxAnswer), MSG_NOSIGNAL) < 0) {
      ::_exit(1);
    }
  }
}

}  // namespace

NodeProcess::NodeProcess(const Subject& subject, const std::string& id) : id_(id) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return;
  const pid_t check = ::getpid();
  process_ = ::fork();
  if (process_ == 0) {
    // A plugin that hangs ends with its check.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != check) ::_exit(1);
    ::close(ends[0]);
    serve(subject, id, ends[1]);
  }
  ::close(ends[1]);
  socket_ = ends[0];
}

NodeProcess::~NodeProcess() {
  if (socket_ >= 0) ::close(socket_);
  if (process_ <= 0) return;
  constexpr int kPatienceMs = 5000;
  for (int waited = 0; waited < kPatienceMs; waited += 10) {
    if (::waitpid(process_, nullptr, WNOHANG) == process_) return;
    pause_ms(10);
  }
  ::kill(process_, SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) continue;
}

std::string NodeProcess::ask(const std::string& words, milliseconds limit) {
  tell(words);
  return hear(limit);
}

// A process that is gone shows when it is listened to.
void NodeProcess::tell(const std::string& words) const {
  (void)!::send(socket_, words.data(), words.size(), MSG_NOSIGNAL);
}

std::string NodeProcess::hear(milliseconds limit) const {
  static constexpr char kGone[] = "gone";
  pollfd ready{socket_, POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(limit.count())) != 1) return kGone;
  std::string answer(kMaxAnswer, '\0');
  const ssize_t count = ::recv(socket_, answer.data(), answer.size(), 0);
  if (count < 0 || (count == 0 && (ready.revents & POLLHUP) != 0)) return kGone;
  answer.resize(static_cast<std::size_t>(count));
  return answer;
}

Status NodeProcess::status_of(const std::string& text) {
  if (text == "gone") return {StatusCode::PLUGIN_ERROR, "the node's process ended or hangs"};
  char* rest = nullptr;
  const auto code = static_cast<StatusCode>(std::strtol(text.c_str(), &rest, 10));
  if (code == StatusCode::OK) return {};
  return {code, *rest == ' ' ? rest + 1 : rest};
}

NodeProcess::Convention NodeProcess::convention() {
  const std::string text = ask("convention", std::chrono::seconds(30));
  if (text == "gone") return {status_of(text).message(), false};
  return {text.size() > 2 ? text.substr(2) : std::string(), text.starts_with("1")};
}

NodeProcess::Proposed NodeProcess::propose(const std::string& batch, milliseconds limit) {
  const std::string text = ask("propose " + std::to_string(limit.count()) + " " + batch,
                               limit + std::chrono::seconds(10));
  if (text == "gone") return {status_of(text), 0, 1};
  Proposed proposed;
  std::istringstream in(text);
  in >> proposed.completions >> proposed.index;
  std::string rest;
  std::getline(in, rest);
  proposed.status = status_of(rest);
  return proposed;
}

NodeProcess::Granted NodeProcess::barrier(milliseconds limit) {
  const std::string text =
      ask("barrier " + std::to_string(limit.count()), limit + std::chrono::seconds(10));
  if (text == "gone") return {status_of(text), 0};
  Granted granted;
  std::istringstream in(text);
  in >> granted.index;
  std::string rest;
  std::getline(in, rest);
  granted.status = status_of(rest);
  return granted;
}

uint64_t NodeProcess::traits() {
  return std::strtoull(ask("traits", std::chrono::seconds(5)).c_str(), nullptr, 10);
}

std::vector<std::string> NodeProcess::applied() {
  std::vector<std::string> list;
  std::istringstream in(ask("applied", std::chrono::seconds(5)));
  for (std::string line; std::getline(in, line);) list.push_back(line);
  return list;
}

}  // namespace kvhost::conformance

// A small plugin with one component of three kinds: a policy that never plans, a transport that
// answers every connection with one line, and an exporter that shows nothing.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "kvhost/plugin.hpp"

namespace {

class TinyPolicy final : public kvhost::CompactionPolicy {
 public:
  static constexpr auto kPeer =
      kvhost::options(kvhost::string("id").required(),
                      kvhost::address("address", "127.0.0.1:1").doc("where it is"));
  static constexpr auto kOptions = kvhost::options(
      kvhost::integer("fanout", 4).min(2).max(64).unit("files").reloadable().doc("merged at once"),
      kvhost::size("target", "64MiB").min("1MiB").max("1GiB").doc("size of a new file"),
      kvhost::duration("pause", "10ms").doc("between plans"),
      kvhost::number("ratio", "0.5").doc("share of garbage"),
      kvhost::boolean("eager", false).doc("plan at once"),
      kvhost::choice("mode", "calm", "calm", "brisk").doc("temper"),
      kvhost::string("password").secret().doc("unused"), kvhost::file_path("script").doc("a file"),
      kvhost::strings("names").doc("a list"), kvhost::tables("peers", kPeer).doc("others"));

  static kvhost::Result<std::unique_ptr<TinyPolicy>> create(kvhost::Context& context,
                                                            const kvhost::Config& config) {
    auto policy = std::make_unique<TinyPolicy>();
    policy->log_ = context.log();
    for (std::size_t i = 0; i < config.count("peers"); ++i) {
      const auto id = kvhost::Config::element("peers", i) + ".id";
      if (config.string(id) == "nobody") return config.fail(id, "nobody is no peer");
    }
    KVHOST_TRY(policy->reconfigure(config));
    return policy;
  }
  kvhost::Status reconfigure(const kvhost::Config& config) {
    if (config.integer("fanout") == 13) {
      return config.fail("fanout", "13 is unlucky");
    }
    log_.info("fanout is " + std::to_string(config.integer("fanout")));
    return {};
  }
  kvhost::Result<kvhost::Plan> plan(const kvhost::TreeView&, std::span<const kvhost::TreeEvent>,
                                    kvhost::Deadline) override {
    return kvhost::Plan();
  }

 private:
  kvhost::Log log_;
};

class TinyTransport final : public kvhost::Transport {
 public:
  static constexpr auto kOptions =
      kvhost::options(kvhost::address("listen", "127.0.0.1:0").doc("where clients connect"),
                      kvhost::duration("drain", "0s").doc("how long the drain takes"));

  static kvhost::Result<std::unique_ptr<TinyTransport>> create(kvhost::Context&,
                                                               const kvhost::Config& config) {
    auto transport = std::make_unique<TinyTransport>();
    transport->listen_ = config.string("listen");
    transport->drain_ = config.duration("drain");
    return transport;
  }
  ~TinyTransport() override { stop({}); }

  kvhost::Status start() override {
    const auto colon = listen_.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(std::stoi(listen_.substr(colon + 1))));
    inet_pton(AF_INET, listen_.substr(0, colon).c_str(), &address.sin_addr);
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, raw, sizeof(address)) != 0 || ::listen(socket_, 16) != 0) {
      const int number = errno;
      return {
          number == EADDRINUSE ? kvhost::StatusCode::ADDRESS_IN_USE : kvhost::StatusCode::IO_ERROR,
          "cannot listen on " + listen_ + ": " + std::strerror(number)};
    }
    socklen_t length = sizeof(address);
    ::getsockname(socket_, raw, &length);
    bound_ = listen_.substr(0, colon + 1) + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
    return {};
  }
  void drain(kvhost::Deadline deadline, std::function<void()> drained) override {
    const auto end = std::min(deadline, std::chrono::steady_clock::now() + drain_);
    drainer_ = std::thread([end, drained = std::move(drained)] {
      std::this_thread::sleep_until(end);
      drained();
    });
  }
  void stop(kvhost::Deadline) override {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    if (drainer_.joinable()) drainer_.join();
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  std::vector<std::string> addresses() const override { return {bound_}; }

 private:
  void serve() {
    while (!stopping_) {
      pollfd ready{socket_, POLLIN, 0};
      if (::poll(&ready, 1, 20) <= 0) continue;
      const int client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      const char line[] = "tiny\n";
      (void)!::write(client, line, sizeof(line) - 1);
      ::close(client);
    }
  }

  std::string listen_;
  std::string bound_;
  std::chrono::nanoseconds drain_{0};
  std::atomic<bool> stopping_{false};
  int socket_ = -1;
  std::thread thread_;
  std::thread drainer_;
};

class TinyExporter final : public kvhost::Exporter {
 public:
  static kvhost::Result<std::unique_ptr<TinyExporter>> create(kvhost::Context&,
                                                              const kvhost::Config&) {
    return std::make_unique<TinyExporter>();
  }
  kvhost::Status attach(kvhost::Registry) override { return {}; }
  void stop(kvhost::Deadline) override {}
};

}  // namespace

KVHOST_PLUGIN("test.tiny", "1.2.3", kvhost::compaction<TinyPolicy>("tiny", "never merges"),
              kvhost::transport<TinyTransport>("tiny-line", "says one line"),
              kvhost::exporter<TinyExporter>("tiny-exporter", "shows nothing"));

// An exporter that pushes: every counter and gauge as a statsd line, `name.label:value|g`, by UDP.
// Histograms go as their count and their mean.
//
// Threads:   attach and stop on the control thread; datagrams are sent on the host's timer thread,
//            which a UDP socket that does not wait cannot hold up.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <kvhost/plugin.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace {

// What statsd gives a meaning of its own becomes an underscore.
std::string safe(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '_' || c == '-';
    plain += is_plain ? c : '_';
  }
  return plain;
}

std::string line(const std::string& name, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), ":%.15g|g\n", value);
  return name + text;
}

std::string lines_of(const kvhost::FamilyView& family, const kvhost::SampleView& sample) {
  std::string name = safe(family.name);
  for (const auto label : sample.label_values) name += "." + safe(label);
  if (family.type != kvhost::MetricType::kHistogram) return line(name, sample.value);
  std::string text = line(name + ".count", static_cast<double>(sample.count));
  if (sample.count != 0)
    text += line(name + ".mean", sample.sum / static_cast<double>(sample.count));
  return text;
}

std::optional<sockaddr_in> parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1)));
  if (inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) return {};
  return address;
}

class Statsd final : public kvhost::Exporter {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::address("server", "127.0.0.1:8125").doc("where the statsd server listens"),
      kvhost::duration("interval", "10s").min("100ms").doc("between two pushes"));

  static kvhost::Result<std::unique_ptr<Statsd>> create(kvhost::Context& context,
                                                        const kvhost::Config& config) {
    const auto server = parse_address(config.string("server"));
    if (!server) return config.fail("server", "expected an IPv4 address and a port");
    if (!context.timer()) {
      return kvhost::Status(kvhost::StatusCode::NOT_SUPPORTED, "the host has no timer");
    }
    return std::make_unique<Statsd>(context.timer(), *server, config.duration("interval"));
  }
  Statsd(kvhost::Timer timer, const sockaddr_in& server, std::chrono::nanoseconds interval)
      : timer_(timer), server_(server), interval_(interval) {}
  ~Statsd() override { stop({}); }

  kvhost::Status start() override {
    socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_ >= 0) return {};
    return {kvhost::StatusCode::IO_ERROR, "no UDP socket could be opened"};
  }
  kvhost::Status attach(kvhost::Registry registry) override {
    const std::lock_guard lock(mutex_);
    registry_ = registry;
    set_timer();
    return {};
  }
  void stop(kvhost::Deadline) override {
    std::unique_lock lock(mutex_);
    registry_.reset();
    const uint64_t last = timer_id_;
    lock.unlock();
    if (last != 0) timer_.cancel(last);  // now no push is under way, and none will be
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

 private:
  void set_timer() {
    timer_id_ = timer_.after(
        interval_, [](void* self) noexcept { static_cast<Statsd*>(self)->push(); }, this);
  }
  void push() noexcept {
    const std::lock_guard lock(mutex_);
    if (!registry_) return;
    constexpr std::size_t kDatagram = 1400;
    std::string datagram;
    (void)registry_->for_each([&](const kvhost::FamilyView& family) {
      for (const auto& sample : family.samples) {
        const std::string text = lines_of(family, sample);
        if (datagram.size() + text.size() > kDatagram) send(datagram);
        datagram += text;
      }
    });
    send(datagram);
    set_timer();
  }
  // What the network does not take now is lost: the next push says it again.
  void send(std::string& datagram) {
    if (!datagram.empty()) {
      ::sendto(socket_, datagram.data(), datagram.size(), 0,
               reinterpret_cast<const sockaddr*>(&server_), sizeof(server_));
    }
    datagram.clear();
  }

  const kvhost::Timer timer_;
  const sockaddr_in server_;
  const std::chrono::nanoseconds interval_;
  int socket_ = -1;

  std::mutex mutex_;
  std::optional<kvhost::Registry> registry_;  // from attach() until stop()
  uint64_t timer_id_ = 0;
};

}  // namespace

KVHOST_PLUGIN("org.example.statsd", "1.0.0",
              kvhost::exporter<Statsd>("statsd", "pushes the metrics to a statsd server"));

// A metrics exporter: whoever connects is sent all metrics as one JSON object, and hung up on.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <kvhost/plugin.hpp>
#include <mutex>
#include <thread>

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  std::snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

class JsonPage final : public kvhost::Exporter {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::address("listen", "127.0.0.1:7071").doc("where the page is read"),
      kvhost::strings("hide").doc("families whose names begin so are left out").reloadable());

  static kvhost::Result<std::unique_ptr<JsonPage>> create(kvhost::Context&,
                                                          const kvhost::Config& config) {
    auto made = std::make_unique<JsonPage>();
    made->listen_ = config.string("listen");
    made->hidden_ = config.strings("hide");
    return made;
  }
  ~JsonPage() override { stop({}); }

  kvhost::Status start() override {
    const auto colon = listen_.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(listen_.substr(colon + 1))));
    if (inet_pton(AF_INET, listen_.substr(0, colon).c_str(), &to.sin_addr) != 1) {
      return {kvhost::StatusCode::CONFIG_ERROR, listen_ + " is no IPv4 address"};
    }
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int one = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(listener_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0 ||
        listen(listener_, 16) != 0) {
      const int reason = errno;
      close(listener_);
      listener_ = -1;
      return {
          reason == EADDRINUSE ? kvhost::StatusCode::ADDRESS_IN_USE : kvhost::StatusCode::IO_ERROR,
          listen_ + ": " + std::strerror(reason)};
    }
    socklen_t length = sizeof(to);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&to), &length);
    address_ = listen_.substr(0, colon) + ":" + std::to_string(ntohs(to.sin_port));
    return {};
  }
  kvhost::Status attach(kvhost::Registry registry) override {
    wake_ = eventfd(0, EFD_CLOEXEC);
    thread_ = std::thread([this, registry] { serve(registry); });
    return {};
  }
  void stop(kvhost::Deadline) override {
    if (thread_.joinable()) {
      const uint64_t one = 1;
      (void)!write(wake_, &one, sizeof(one));
      thread_.join();
    }
    for (int* file : {&wake_, &listener_}) {
      if (*file >= 0) close(*file);
      *file = -1;
    }
  }
  kvhost::Status reconfigure(const kvhost::Config& config) override {
    const std::lock_guard lock(mutex_);
    hidden_ = config.strings("hide");
    return {};
  }
  std::vector<std::string> addresses() const override { return {address_}; }

 private:
  void serve(kvhost::Registry registry) {
    for (;;) {
      pollfd files[2] = {{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
      if (poll(files, 2, -1) < 0 && errno != EINTR) return;
      if (files[1].revents != 0) return;
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      const timeval limit{2, 0};
      setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
      const std::string text = page(registry);
      for (std::size_t at = 0; at < text.size();) {
        const ssize_t sent = send(client, text.data() + at, text.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) break;
        at += static_cast<std::size_t>(sent);
      }
      close(client);
    }
  }
  bool is_hidden(std::string_view name) {
    const std::lock_guard lock(mutex_);
    for (const auto& prefix : hidden_) {
      if (name.substr(0, prefix.size()) == prefix) return true;
    }
    return false;
  }
  std::string page(const kvhost::Registry& registry) {
    std::string text = "{";
    const auto status = registry.for_each([&](const kvhost::FamilyView& family) {
      if (is_hidden(family.name)) return;
      text += (text.size() == 1 ? "" : ",") + quoted(family.name) + ":[";
      for (std::size_t s = 0; s < family.samples.size(); ++s) {
        const auto& sample = family.samples[s];
        text += s == 0 ? "{" : ",{";
        for (std::size_t i = 0; i < family.label_names.size(); ++i) {
          text += quoted(family.label_names[i]) + ":" + quoted(sample.label_values[i]) + ",";
        }
        if (family.type == kvhost::MetricType::kHistogram) {
          text += "\"count\":" + std::to_string(sample.count) + ",\"sum\":" + number(sample.sum);
        } else {
          text += "\"value\":" + number(sample.value);
        }
        text += "}";
      }
      text += "]";
    });
    if (!status.is_ok()) return "{\"error\":" + quoted(status.message()) + "}\n";
    return text + "}\n";
  }

  std::string listen_;
  std::string address_;
  std::mutex mutex_;
  std::vector<std::string> hidden_;
  int listener_ = -1;
  int wake_ = -1;
  std::thread thread_;
};

}  // namespace

KVHOST_PLUGIN("net.outsider.json-page", "1.0.0",
              kvhost::exporter<JsonPage>("json-page", "all metrics as one JSON object"))

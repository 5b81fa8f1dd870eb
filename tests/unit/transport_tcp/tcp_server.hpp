// The TCP component on a free port of this process, in front of a FakeStore.
//
// Threads:   one; the component brings its own.
// Lifetime:  stops in the destructor.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/fake_host.hpp"
#include "support/fake_store.hpp"
#include "tcp_transport.hpp"

namespace kvhost::testing {

class TcpServer {
 public:
  explicit TcpServer(Completion completion = Completion::kAtOnce,
                     std::map<std::string, std::string> options = {})
      : store(completion), host(store.table()) {
    options.emplace("listen", "127.0.0.1:0");
    start(std::move(options));
  }
  ~TcpServer() {
    if (component) component->stop(std::chrono::steady_clock::now());
  }

  std::string endpoint() const { return component->addresses().at(0); }
  // Gone, and back on the same port.
  void stop() {
    last_endpoint_ = endpoint();
    component->stop(std::chrono::steady_clock::now());
    component.reset();
  }
  void restart() { start({{"listen", last_endpoint_}}); }

  FakeStore store;
  FakeHost host;
  std::unique_ptr<tcp::TcpTransport> component;

 private:
  void start(std::map<std::string, std::string> options) {
    FakeConfig config(tcp::kTcpOptions, std::move(options));
    Context context(host.table());
    auto made = tcp::TcpTransport::create(context, Config(config.table()));
    if (!made) throw std::runtime_error(made.error().to_string());
    component = std::move(*made);
    const Status started = component->start();
    if (!started.is_ok()) throw std::runtime_error(started.to_string());
  }
  std::string last_endpoint_;
};

}  // namespace kvhost::testing

// What the server knows of one connection, for CLIENT LIST and its like; and all of them.
//
// Threads:   any; names are under a lock, numbers are atomic.
// Lifetime:  a Client outlives its connection as long as somebody looks at it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/wall_clock.hpp"

namespace kvhost::resp {

class Client {
 public:
  Client(uint64_t number, std::string from, std::string to, int fd)
      : id(number), address(std::move(from)), local_address(std::move(to)), descriptor(fd) {}

  const uint64_t id;
  const std::string address;
  const std::string local_address;
  const int descriptor;
  const uint64_t opened_ns = steady_ns();

  std::atomic<uint64_t> last_active_ns{opened_ns};
  std::atomic<uint32_t> database{0};
  std::atomic<uint32_t> protocol{2};
  std::atomic<uint32_t> last_command{UINT32_MAX};  // Command::index
  std::atomic<int64_t> queued{-1};                 // commands of an open MULTI
  std::atomic<uint64_t> queued_bytes{0};           // of that MULTI
  std::atomic<uint64_t> input_bytes{0};
  std::atomic<uint64_t> input_free_bytes{0};  // of the buffer for it
  std::atomic<uint64_t> output_bytes{0};
  std::atomic<bool> is_monitor{false};
  std::atomic<bool> is_blocked{false};
  std::atomic<bool> is_no_evict{false};
  std::atomic<bool> is_closing{false};

  struct Names {
    std::string name;
    std::string library;
    std::string library_version;
  };
  Names names() const {
    const std::lock_guard lock(mutex_);
    return names_;
  }
  template <typename Change>
  void rename(Change&& change) {
    const std::lock_guard lock(mutex_);
    change(names_);
  }
  // How its connection is closed, from any thread; empty once it is gone.
  void on_kill(std::function<void()> kill) {
    const std::lock_guard lock(mutex_);
    kill_ = std::move(kill);
  }
  void kill() {
    const std::lock_guard lock(mutex_);
    if (kill_) kill_();
  }

 private:
  mutable std::mutex mutex_;
  Names names_;
  std::function<void()> kill_;
};

class ClientRegistry {
 public:
  std::shared_ptr<Client> add(std::string address, std::string local_address, int descriptor) {
    const std::lock_guard lock(mutex_);
    auto client = std::make_shared<Client>(++last_id_, std::move(address), std::move(local_address),
                                           descriptor);
    clients_.emplace(client->id, client);
    return client;
  }
  void remove(uint64_t id) {
    const std::lock_guard lock(mutex_);
    clients_.erase(id);
  }
  std::vector<std::shared_ptr<Client>> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Client>> list;
    list.reserve(clients_.size());
    for (const auto& [id, client] : clients_) list.push_back(client);
    return list;
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return clients_.size();
  }

 private:
  mutable std::mutex mutex_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, std::shared_ptr<Client>> clients_;
};

}  // namespace kvhost::resp

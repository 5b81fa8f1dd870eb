// Loads numbered keys over the TCP client and notes each acknowledged one in a file, or checks that
// all noted ones are there.   kvhost_loader load|verify HOST:PORT KEYS FILE
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kvhost/client/client.hpp"

namespace {

using kvhost::client::Client;

std::string key_of(uint64_t number) { return "key-" + std::to_string(number); }
std::string value_of(uint64_t number) {
  return "value of " + std::to_string(number) + std::string(number % 200, 'v');
}

// Acknowledged numbers, appended as they come, so that a killed loader keeps them as well.
class Notes {
 public:
  explicit Notes(const char* path) : file_(std::fopen(path, "wb")) {
    if (file_ != nullptr) std::setvbuf(file_, nullptr, _IONBF, 0);
  }
  ~Notes() {
    if (file_ != nullptr) std::fclose(file_);
  }
  bool is_open() const { return file_ != nullptr; }
  void add(uint64_t number) {
    const std::lock_guard lock(mutex_);
    std::fwrite(&number, sizeof(number), 1, file_);
  }

 private:
  std::mutex mutex_;
  std::FILE* file_;
};

// What the answers write to. They share it: a connection that breaks ends the last of them after
// load() has returned.
struct Outcome {
  explicit Outcome(const char* path) : notes(path) {}
  Notes notes;
  std::atomic<bool> is_lost = false;
};

int load(Client& client, uint64_t keys, const char* path) {
  const auto outcome = std::make_shared<Outcome>(path);
  if (!outcome->notes.is_open()) return 1;
  for (uint64_t number = 0; number < keys && !outcome->is_lost; ++number) {
    client.async_put(key_of(number), value_of(number), {},
                     [outcome, number](kvhost::Result<uint64_t> version) {
                       version ? outcome->notes.add(number) : void(outcome->is_lost = true);
                     });
  }
  // Everything sent before is answered when this is, or the node is gone.
  (void)client.ping();
  return 0;
}

int verify(Client& client, const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::string> keys;
  std::vector<uint64_t> numbers;
  uint64_t checked = 0;
  const auto check = [&] {
    const auto entries = client.multi_get(keys);
    if (!entries) {
      std::fprintf(stderr, "multi_get: %s\n", entries.error().to_string().c_str());
      return false;
    }
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto& entry = (*entries)[i];
      if (!entry || entry->value != value_of(numbers[i])) {
        std::fprintf(stderr, "%s was acknowledged and is %s\n", keys[i].c_str(),
                     entry ? "another value" : "gone");
        return false;
      }
    }
    checked += numbers.size();
    keys.clear();
    numbers.clear();
    return true;
  };
  for (uint64_t number = 0; file.read(reinterpret_cast<char*>(&number), sizeof(number));) {
    numbers.push_back(number);
    keys.push_back(key_of(number));
    if (numbers.size() == 500 && !check()) return 1;
  }
  if (!check()) return 1;
  std::printf("%llu acknowledged keys are there\n", static_cast<unsigned long long>(checked));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s load|verify HOST:PORT KEYS FILE\n", argv[0]);
    return 64;
  }
  kvhost::client::ClientOptions options;
  options.endpoints = {argv[2]};
  auto client = Client::connect(options);
  if (!client) {
    std::fprintf(stderr, "connect: %s\n", client.error().to_string().c_str());
    return 1;
  }
  return std::strcmp(argv[1], "load") == 0
             ? load(*client, std::strtoull(argv[3], nullptr, 10), argv[4])
             : verify(*client, argv[4]);
}

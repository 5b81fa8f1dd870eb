// A Link by the C++ client of the TCP protocol, as a program would use it.
//
// Threads:   one; answers are put down by the client's own thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kvhost/client/client.hpp"
#include "link.hpp"

namespace kvbench {

class TcpLink final : public Link {
 public:
  TcpLink(const std::string& host_and_port, uint32_t depth);

  void get(uint32_t tag, std::string_view key) override;
  void put(uint32_t tag, std::string_view key, std::string_view value) override;
  void flush() override {}
  void receive(TimePoint deadline, std::vector<Answer>& answers) override;

 private:
  void arrived(Answer answer, const kvhost::Status& status);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Answer> answers_;
  std::string failure_;  // of a request whose fate nobody knows: the run ends
  // Last: its destructor waits for callbacks, which use the others.
  std::optional<kvhost::client::Client> client_;
};

}  // namespace kvbench

// A transport over its real port, on a store in memory: what a hostile network does to it.
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "host_pump.hpp"
#include "kind_checks.hpp"
#include "kvhost/testing/fake_store.hpp"
#include "kvhost/testing/test_client.hpp"
#include "kvhost/testing/under_test.hpp"
#include "process_facts.hpp"
#include "subject.hpp"

namespace kvhost::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Completion;
using testing::FakeStore;
using testing::TestClient;
using testing::TransportUnderTest;

// What speakers of many protocols say first. At least one of them is understood by most transports;
// the others are malformed input to them.
const std::vector<std::string>& greetings() {
  using namespace std::string_literals;
  static const std::vector<std::string> all = {
      "GET /apple HTTP/1.1\r\nHost: conformance\r\n\r\n",
      "PUT /apple HTTP/1.1\r\nHost: conformance\r\nContent-Length: 14\r\n\r\n{\"value\": \"1\"}",
      "*2\r\n$3\r\nGET\r\n$5\r\napple\r\n",
      "*3\r\n$3\r\nSET\r\n$5\r\napple\r\n$1\r\n1\r\n",
      "get apple\r\n",
      "GET apple\n",
      "SET apple 1\n",
      "set apple 0 0 1\r\n1\r\n",
      "{\"op\":\"get\",\"key\":\"apple\"}\n",
      "KVHT\x01\x00\x00\x00"s,
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s,
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  };
  return all;
}

const std::vector<std::string>& malformed() {
  using namespace std::string_literals;
  static const std::vector<std::string> all = {
      std::string(1 << 20, 'a'),
      std::string(100000, '\n'),
      std::string(4096, '\0'),
      "\xff\xff\xff\xff\xff\xff\xff\xff",
      "\x00\x00\x00\x00\x7f\xff\xff\xff"s,
      "*1000000000\r\n",
      "*-1\r\n*0\r\n$-1\r\n",
      "$99999999999999999999\r\n",
      "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET",
      "GET /" + std::string(200000, '%') + " HTTP/1.1\r\n\r\n",
      "GET / HTTP/9.9\r\n" + std::string(100000, 'h') + ": x\r\n\r\n",
      "set k 0 0 -1\r\n\r\nset k 0 0 4294967296\r\n",
  };
  return all;
}

// A transport at work with all that it needs.
class Service {
 public:
  static std::unique_ptr<Service> start(const Subject& subject, Report& report,
                                        Completion completion = Completion::kThread) {
    std::unique_ptr<Service> service(new Service(completion));
    const kvh_component* const descriptor = load_subject(subject, report);
    if (descriptor == nullptr) return nullptr;
    auto component = create_subject(subject, *descriptor, service->host, report);
    if (!component) return nullptr;
    service->transport.emplace(std::move(*component));
    const Status started = service->transport->component().start();
    if (!started.is_ok()) {
      report.fail("start failed: " + started.to_string());
      return nullptr;
    }
    const auto addresses = service->transport->addresses();
    if (addresses.empty() || addresses.front().ends_with(":0")) {
      report.fail("addresses() does not say the real port after start");
      return nullptr;
    }
    service->address = addresses.front();
    return service;
  }
  // No session, cursor or snapshot is left within some seconds.
  std::string leftovers() const {
    for (int i = 0; i < 2000; ++i) {
      if (store.open_sessions() + store.open_cursors() + store.open_snapshots() == 0) return {};
      pause_ms(10);
    }
    return std::to_string(store.open_sessions()) + " sessions, " +
           std::to_string(store.open_cursors()) + " cursors and " +
           std::to_string(store.open_snapshots()) + " snapshots";
  }

  FakeStore store;
  testing::FakeHost host{store.table()};
  HostPump pump{host};
  std::optional<TransportUnderTest> transport;
  std::string address;

 private:
  explicit Service(Completion completion) : store(completion) {}
};

// Figures differ from reply to reply (versions, dates, ids): each run of digits counts as one, and
// names of days and months as none.
std::string without_figures(const std::string& text) {
  std::string plain;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string line = text.substr(at, end - at);
    at = end;
    if (line.starts_with("Date:") || line.starts_with("X-Request-Id:")) continue;
    bool was_digit = false;
    for (const char c : line) {
      const bool is_digit = c >= '0' && c <= '9';
      if (is_digit && was_digit) continue;
      plain += is_digit ? '0' : c;
      was_digit = is_digit;
    }
  }
  return plain;
}

// All replies to `input`, given in pieces of `piece` bytes; they end when nothing comes for a while
// after `expected` bytes are there, or when the peer closes.
std::string replies(const std::string& address, const std::string& input, std::size_t piece,
                    std::size_t expected) {
  auto client = TestClient::connect(address);
  if (!client) return "(" + client.error().message() + ")";
  for (std::size_t at = 0; at < input.size(); at += piece) {
    if (!client->send(std::string_view(input).substr(at, piece))) break;
  }
  std::string text = expected == 0 ? std::string() : client->read(expected, seconds(10));
  return text + client->read_all(milliseconds(expected == 0 ? 400 : 100));
}

std::string beginning(const std::string& text) {
  std::string plain;
  for (const char c : text.substr(0, 60)) plain += c >= ' ' && c <= '~' ? c : '.';
  return "\"" + plain + "\"";
}

}  // namespace

void check_listening(const Subject& subject, Report& report) {
  auto service = Service::start(subject, report);
  if (!service) return;
  report.expect(TestClient::connect(service->address).has_value(),
                "nobody listens on " + service->address);
  Subject same = subject;
  const kvh_component& descriptor = service->transport->component().descriptor();
  for (uint64_t i = 0; i < descriptor.option_count; ++i) {
    const auto& option = detail::strided(descriptor.options, descriptor.option_stride, i);
    const std::string path(detail::to_view(option.path));
    if (option.type == KVH_OPTION_ADDRESS && path.ends_with("listen")) {
      same.options[path] = service->address;
    }
  }
  auto rival = create_subject(same, descriptor, service->host, report);
  if (!rival) return;
  const Status taken = rival->start();
  report.expect(taken.code() == StatusCode::ADDRESS_IN_USE,
                "a port that is taken must be told as address-in-use, not: " + taken.to_string());
  report.expect(taken.message().find(service->address) != std::string::npos,
                "the words about a port that is taken do not name it: " + taken.message());
  const std::string address = service->address;
  service->transport->component().stop();
  report.expect(!TestClient::connect(address), "the port is still open after stop");
}

void check_malformed_input(const Subject& subject, Report& report) {
  auto service = Service::start(subject, report);
  if (!service) return;
  std::mt19937_64 random(subject.seed);
  constexpr int kClients = 150;
  for (int i = 0; i < kClients; ++i) {
    auto client = TestClient::connect(service->address);
    if (!client) return report.fail("takes no more clients after " + std::to_string(i));
    const auto& list = random() % 2 == 0 ? greetings() : malformed();
    std::string input = list[random() % list.size()];
    for (std::size_t flips = random() % 4; flips > 0; --flips) {
      input[random() % input.size()] = static_cast<char>(random());
    }
    if (random() % 3 == 0) input.resize(random() % input.size());
    if (random() % 5 == 0) input += input;
    client->send(input, milliseconds(200));
    switch (random() % 4) {
      case 0:
        client->reset();
        break;
      case 1:
        client->shut_down();
        (void)client->read_all(milliseconds(20));
        break;
      case 2:
        (void)client->read(1, milliseconds(20));
        break;
      default:
        break;
    }
  }
  report.expect(TestClient::connect(service->address).has_value(), "takes no more clients");
  const std::string left = service->leftovers();
  report.expect(left.empty(), "after all clients have gone there are " + left);
  service->transport->component().stop();
  report.note(std::to_string(kClients) + " clients");
}

void check_segmented_input(const Subject& subject, Report& report) {
  constexpr std::size_t kRepeats = 10;
  auto service = Service::start(subject, report);
  if (!service) return;
  (void)service->store.put("apple", "1");
  int understood = 0;
  for (const auto& input : greetings()) {
    const std::string whole = replies(service->address, input, input.size(), 0);
    const std::string cut = replies(service->address, input, 1, whole.size());
    report.expect(without_figures(whole) == without_figures(cut),
                  beginning(input) + " is answered " + beginning(whole) +
                      ", but byte by byte: " + beginning(cut));
    std::string many;
    for (std::size_t i = 0; i < kRepeats; ++i) many += input;
    const std::string twice =
        replies(service->address, input + input, 2 * input.size(), 2 * whole.size());
    const bool ends_after_one = without_figures(twice) != without_figures(whole + whole);
    if (whole.empty() || ends_after_one) continue;
    ++understood;
    const std::string all = replies(service->address, many, many.size(), kRepeats * whole.size());
    std::string expected;
    for (std::size_t i = 0; i < kRepeats; ++i) expected += whole;
    report.expect(without_figures(all) == without_figures(expected),
                  std::to_string(kRepeats) + " of " + beginning(input) +
                      " in one piece are not answered one by one");
  }
  service->transport->component().stop();
  report.note(std::to_string(understood) + " of " + std::to_string(greetings().size()) +
              " greetings are pipelined");
}

void check_drain(const Subject& subject, Report& report) {
  auto service = Service::start(subject, report);
  if (!service) return;
  std::vector<TestClient> clients;
  for (int i = 0; i < 10; ++i) {
    auto client = TestClient::connect(service->address);
    if (!client) return report.fail("takes no client: " + client.error().message());
    const auto& input = greetings()[static_cast<std::size_t>(i) % greetings().size()];
    // Some have sent half a request, some nothing.
    if (i % 2 == 0) client->send(std::string_view(input).substr(0, input.size() / 2));
    clients.push_back(std::move(*client));
  }
  constexpr auto kDeadline = seconds(3);
  const Status drained = service->transport->component().drain(kDeadline);
  report.expect(drained.is_ok(), "drain: " + drained.to_string());
  const auto begin = std::chrono::steady_clock::now();
  service->transport->component().stop();
  report.expect(std::chrono::steady_clock::now() - begin < seconds(30), "stop hangs after drain");
  const std::string left = service->leftovers();
  report.expect(left.empty(), "after stop there are " + left);
}

void check_stop_under_load(const Subject& subject, Report& report) {
  for (const Completion completion : {Completion::kThread, Completion::kManual}) {
    auto service = Service::start(subject, report, completion);
    if (!service) return;
    std::atomic<bool> is_over{false};
    std::vector<std::thread> clients;
    for (std::size_t i = 0; i < 4; ++i) {
      clients.emplace_back([&, i] {
        std::size_t next = i;
        while (!is_over) {
          auto client = TestClient::connect(service->address);
          if (!client) return;
          for (int k = 0; k < 20 && !is_over; ++k) {
            if (!client->send(greetings()[next++ % greetings().size()], milliseconds(50))) break;
            (void)client->read(1, milliseconds(5));
          }
        }
      });
    }
    pause_ms(300);
    // Calls that the store holds are completed while stop() waits for them.
    std::thread completer([&] {
      while (!is_over) {
        service->store.complete_all();
        pause_ms(5);
      }
    });
    service->transport->component().stop(seconds(10));
    is_over = true;
    completer.join();
    for (auto& client : clients) client.join();
    const std::string left = service->leftovers();
    report.expect(left.empty(), "after stop there are " + left);
    report.expect(service->store.pending() == 0, "after stop calls of the store are under way");
  }
}

}  // namespace kvhost::conformance

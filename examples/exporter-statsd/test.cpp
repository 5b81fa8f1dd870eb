// What a statsd server on this machine gets to see.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <kvhost/testing.hpp>

using namespace kvhost::testing;

namespace {

class Server {
 public:
  Server() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    KVHOST_CHECK(::bind(socket_, raw, sizeof(address)) == 0);
    ::getsockname(socket_, raw, &length);
    this->address = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Server() { ::close(socket_); }
  // The next datagram, or nothing after `ms`.
  std::string next(int ms) {
    pollfd ready{socket_, POLLIN, 0};
    char bytes[2048];
    if (::poll(&ready, 1, ms) != 1) return {};
    const ssize_t count = ::recv(socket_, bytes, sizeof(bytes), 0);
    return {bytes, static_cast<std::size_t>(count > 0 ? count : 0)};
  }
  std::string address;

 private:
  int socket_;
};

}  // namespace

KVHOST_TEST(counters_gauges_and_histograms_are_pushed) {
  Server server;
  FakeHost host;
  const auto metrics = kvhost::Context(host.table()).metrics();
  metrics.counter("requests_total", "", {"op"}).series({"a:b"}).add(3);
  metrics.histogram("seconds", "", {}, {1, 2}).series().observe(0.5);
  ExporterUnderTest exporter(Component::create(*find_component(kvhost_plugin_v1(), "statsd"), host,
                                               {{"server", server.address}, {"interval", "10s"}})
                                 .value());
  KVHOST_CHECK(exporter.attach(host.metrics()).is_ok());
  host.time().advance(std::chrono::seconds(9));
  KVHOST_CHECK(server.next(0).empty());
  host.time().advance(std::chrono::seconds(1));
  KVHOST_CHECK(server.next(20000) ==
               "requests_total.a_b:3|g\nseconds.count:1|g\nseconds.mean:0.5|g\n");
  exporter.component().stop();
  host.time().advance(std::chrono::seconds(100));
  KVHOST_CHECK(server.next(0).empty());
}

KVHOST_TEST(a_server_that_is_no_address_is_told) {
  FakeHost host;
  const auto made = Component::create(*find_component(kvhost_plugin_v1(), "statsd"), host,
                                      {{"server", "somewhere:1"}});
  KVHOST_CHECK(!made);
  KVHOST_CHECK(made.error().message() == "server: expected an IPv4 address and a port");
}

KVHOST_TEST_MAIN()

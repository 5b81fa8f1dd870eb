#include "net/listener.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

namespace kvhost::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

// Refused clients that are being told so, at most.
constexpr std::size_t kMaxRefusals = 64;
constexpr auto kPauseWithoutDescriptors = std::chrono::milliseconds(100);

struct HostAndPort {
  std::string host;
  std::string port;
};

bool is_port(const std::string& text) {
  return !text.empty() && text.size() <= 5 &&
         text.find_first_not_of("0123456789") == std::string::npos && std::stoul(text) <= 65'535;
}

Result<HostAndPort> split(const std::string& address) {
  const auto colon = address.rfind(':');
  const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
  if (!is_port(port)) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "listen = \"" + address +
                      "\": expected host:port, as \"127.0.0.1:8080\", with a port of 0 to 65535");
  }
  std::string host = address.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return HostAndPort{std::move(host), port};
}

Error listen_on(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  Error error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && endpoint.protocol() == tcp::v6() && endpoint.address().is_unspecified()) {
    acceptor.set_option(asio::ip::v6_only(false), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    Error ignored;
    acceptor.close(ignored);
  }
  return error;
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

Status failure(const std::string& address, const Error& error) {
  const bool taken = error == asio::error::address_in_use;
  return {taken ? StatusCode::ADDRESS_IN_USE : StatusCode::IO_ERROR,
          "listening on " + address + ": " + error.message()};
}

}  // namespace

Listener::Listener(std::vector<EventLoop*> loops, std::shared_ptr<ConnectionCount> count,
                   std::size_t max_connections, Log log)
    : loops_(std::move(loops)),
      count_(std::move(count)),
      max_connections_(max_connections),
      log_(log),
      acceptor_(loops_.front()->context()),
      pause_(loops_.front()->context()) {}

Status Listener::open(const std::string& address) {
  KVHOST_TRY_ASSIGN(const HostAndPort parts, split(address));
  std::vector<tcp::endpoint> endpoints;
  tcp::resolver resolver(loops_.front()->context());
  Error error;
  const auto flags = tcp::resolver::passive | tcp::resolver::numeric_service;
  for (const auto& found : resolver.resolve(parts.host, parts.port, flags, error)) {
    endpoints.push_back(found.endpoint());
  }
  if (parts.host.empty() && !error) {
    const auto port = endpoints.front().port();
    endpoints = {tcp::endpoint(tcp::v6(), port), tcp::endpoint(tcp::v4(), port)};
  }
  if (error || endpoints.empty()) {
    return {StatusCode::INVALID_ARGUMENT, "listen = \"" + address + "\": " + error.message()};
  }
  for (const auto& endpoint : endpoints) {
    error = listen_on(acceptor_, endpoint);
    if (!error) break;
    if (error == asio::error::address_in_use) break;
  }
  if (error) return failure(address, error);
  address_ = text_of(acceptor_.local_endpoint(error));
  return {};
}

void Listener::start() { accept(); }

void Listener::close(std::function<void()> closed) {
  asio::post(loops_.front()->context(), [self = shared_from_this(), closed = std::move(closed)] {
    Error ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
    if (closed) closed();
  });
}

void Listener::accept() {
  auto& loop = *loops_[next_loop_];
  acceptor_.async_accept(loop.context(),
                         [self = shared_from_this()](Error error, tcp::socket socket) {
                           self->on_accept(error, std::move(socket));
                         });
}

void Listener::on_accept(Error error, tcp::socket socket) {
  if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
  if (!error) {
    hand_over(std::move(socket));
    return accept();
  }
  log_.warning("accepting on " + address_ + ": " + error.message() + "; trying again in 100 ms");
  pause_.expires_after(kPauseWithoutDescriptors);
  pause_.async_wait([self = shared_from_this()](Error stopped) {
    if (!stopped && self->acceptor_.is_open()) self->accept();
  });
}

void Listener::hand_over(tcp::socket socket) {
  Error error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return;
  const std::size_t open = count_->value();
  if (open >= max_connections_ + kMaxRefusals) return;
  auto& loop = *loops_[next_loop_];
  next_loop_ = (next_loop_ + 1) % loops_.size();
  loop.adopt(std::move(socket), text_of(remote), count_->lease(), open >= max_connections_);
}

}  // namespace kvhost::http

#include "net/event_loop.hpp"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <vector>

#include "net/http_connection.hpp"

namespace kvhost::http {

EventLoop::EventLoop(Store store, Limits limits, BodyBudget& bodies, const Metrics& metrics)
    : work_(context_.get_executor()), service_(store, *this, limits, bodies, metrics) {}

EventLoop::~EventLoop() { stop(); }

void EventLoop::start(const std::string& thread_name) {
  thread_ = std::thread([this, thread_name] {
    pthread_setname_np(pthread_self(), thread_name.substr(0, 15).c_str());
    context_.run();
  });
}

void EventLoop::stop() {
  work_.reset();
  if (thread_.joinable()) thread_.join();
}

void EventLoop::post(std::unique_ptr<Task> task) {
  boost::asio::post(context_, [owned = std::move(task)] { owned->run(); });
}

void EventLoop::adopt(boost::asio::ip::tcp::socket socket, std::string peer,
                      std::shared_ptr<void> lease, bool refused) {
  boost::asio::post(context_, [this, socket = std::move(socket), peer = std::move(peer),
                               lease = std::move(lease), refused]() mutable {
    auto session = std::make_shared<HttpSession>(service_, std::move(peer), std::move(lease));
    auto connection = std::make_shared<HttpConnection>(*this, std::move(socket), session);
    connections_.insert(connection.get());
    refused ? service_.metrics.connection_refused() : service_.metrics.connection_opened();
    connection->start(refused);
    if (draining_) connection->drain();
    if (closing_) connection->close();
  });
}

void EventLoop::drain_all() {
  boost::asio::post(context_, [this] {
    draining_ = true;
    std::vector<std::shared_ptr<HttpConnection>> all;
    for (auto* connection : connections_) all.push_back(connection->shared_from_this());
    for (const auto& connection : all) connection->drain();
  });
}

void EventLoop::close_all() {
  boost::asio::post(context_, [this] {
    closing_ = true;
    std::vector<std::shared_ptr<HttpConnection>> all;
    for (auto* connection : connections_) all.push_back(connection->shared_from_this());
    for (const auto& connection : all) connection->close();
  });
}

}  // namespace kvhost::http

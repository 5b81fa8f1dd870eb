#include "node/mesh.hpp"

#include <algorithm>
#include <utility>

#include "node/address.hpp"

namespace kvhost::leader_follower {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

constexpr std::chrono::milliseconds kFirstPause{20};
constexpr std::chrono::milliseconds kLongestPause{1000};
constexpr std::chrono::milliseconds kAcceptPause{100};
// Connections that have not said who they are, beside one link per peer.
constexpr std::size_t kMostLinks = 256;

std::string to_string(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

}  // namespace

Mesh::Mesh(asio::io_context& loop, MeshSettings settings, Log log, Callbacks callbacks)
    : loop_(loop),
      settings_(std::move(settings)),
      log_(log),
      callbacks_(std::move(callbacks)),
      acceptor_(loop),
      accept_pause_(loop) {}

Status Mesh::listen() {
  KVHOST_TRY_ASSIGN(const Address address, Address::parse(settings_.listen));
  error_code failure;
  tcp::endpoint endpoint(tcp::v4(), static_cast<uint16_t>(std::stoi(address.port)));
  if (!address.host.empty()) {
    tcp::resolver resolver(loop_);
    const auto found = resolver.resolve(address.host, address.port, failure);
    if (failure || found.empty()) {
      return {StatusCode::INVALID_ARGUMENT,
              "listen on " + settings_.listen + ": its host cannot be resolved"};
    }
    endpoint = found.begin()->endpoint();
  }
  acceptor_.open(endpoint.protocol(), failure);
  if (!failure) acceptor_.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure) acceptor_.bind(endpoint, failure);
  if (!failure) acceptor_.listen(asio::socket_base::max_listen_connections, failure);
  if (!failure) address_ = to_string(acceptor_.local_endpoint(failure));
  if (!failure) return {};
  const auto code =
      failure == asio::error::address_in_use ? StatusCode::ADDRESS_IN_USE : StatusCode::IO_ERROR;
  return {code, "listen on " + settings_.listen + ": " + failure.message()};
}

void Mesh::start() { accept(); }

void Mesh::accept() {
  acceptor_.async_accept([this](error_code failure, tcp::socket socket) {
    if (is_closed_) return;
    if (!failure && all_.size() < kMostLinks) {
      error_code ignored;
      const auto remote = socket.remote_endpoint(ignored);
      adopt(std::move(socket), false, to_string(remote), "");
      return accept();
    }
    accept_pause_.expires_after(kAcceptPause);
    accept_pause_.async_wait([this](error_code stopped) {
      if (!stopped && !is_closed_) accept();
    });
  });
}

// ---- dialing

void Mesh::set_targets(const std::vector<Member>& targets) {
  std::set<std::string> wanted;
  for (const Member& member : targets) {
    if (member.id <= settings_.node_id) continue;
    wanted.insert(member.id);
    Dialer& dialer = dialers_[member.id];
    dialer.member = member;
    if (dialer.timer) continue;
    dialer.timer = std::make_unique<asio::steady_timer>(loop_);
    dialer.resolver = std::make_unique<tcp::resolver>(loop_);
    dial(member.id);
  }
  for (auto at = dialers_.begin(); at != dialers_.end();) {
    if (wanted.contains(at->first)) {
      ++at;
    } else {
      at->second.timer->cancel();
      at = dialers_.erase(at);
    }
  }
}

void Mesh::dial_later(const std::string& id) {
  const auto at = dialers_.find(id);
  if (at == dialers_.end() || is_closed_) return;
  Dialer& dialer = at->second;
  dialer.timer->expires_after(dialer.pause);
  dialer.pause = std::min(dialer.pause * 2, kLongestPause);
  dialer.timer->async_wait([this, id](error_code stopped) {
    if (!stopped && !is_closed_) dial(id);
  });
}

void Mesh::dial(const std::string& id) {
  const auto at = dialers_.find(id);
  if (at == dialers_.end() || at->second.is_dialing || links_.contains(node_key(id))) return;
  Dialer& dialer = at->second;
  const std::string text = dialer.member.address;
  const auto address = Address::parse(text);
  if (!address) {
    say_once(id, address.error().message());
    return dial_later(id);
  }
  dialer.is_dialing = true;
  const auto fail = [this, id, text](const std::string& words) {
    if (is_closed_) return;
    if (const auto mine = dialers_.find(id); mine != dialers_.end())
      mine->second.is_dialing = false;
    say_once(id, "cannot reach " + id + " at " + text + ": " + words);
    dial_later(id);
  };
  dialer.resolver->async_resolve(
      address->host.empty() ? "127.0.0.1" : address->host, address->port,
      [this, id, text, fail](error_code failure, const tcp::resolver::results_type& found) {
        if (is_closed_) return;
        if (failure || found.empty()) return fail(failure.message());
        auto socket = std::make_shared<tcp::socket>(loop_);
        auto limit = std::make_shared<asio::steady_timer>(loop_);
        limit->expires_after(kLongestPause * 3);
        limit->async_wait([socket](error_code stopped) {
          error_code ignored;
          if (!stopped) socket->close(ignored);
        });
        socket->async_connect(found.begin()->endpoint(),
                              [this, id, text, fail, socket, limit](error_code refused) {
                                limit->cancel();
                                if (is_closed_) return;
                                if (refused) return fail(refused.message());
                                if (const auto mine = dialers_.find(id); mine != dialers_.end()) {
                                  adopt(std::move(*socket), true, text, id);
                                }
                              });
      });
}

// ---- links

void Mesh::adopt(tcp::socket socket, bool is_client, const std::string& address,
                 const std::string& expected_id) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  Link::Callbacks callbacks;
  callbacks.own_hello = callbacks_.own_hello;
  callbacks.on_hello = [this, expected_id](Link& link, const Hello& hello) {
    return judge(link, hello, expected_id);
  };
  callbacks.on_up = [this](Link& link) {
    const NodeKey key = link.key();
    const auto older = links_.find(key);
    if (older != links_.end()) {
      const auto replaced = older->second;
      replaced->close({StatusCode::CONNECTION_FAILED, "the peer connected anew"});
    }
    links_[key] = link.shared_from_this();
    said_.erase(link.hello().peer.id);
    if (const auto dialer = dialers_.find(link.hello().peer.id); dialer != dialers_.end()) {
      dialer->second.pause = kFirstPause;
    }
    callbacks_.on_up(link.hello().peer);
  };
  callbacks.on_message = [this](Link& link, Message message) {
    callbacks_.on_message(link.key(), std::move(message));
  };
  callbacks.on_closed = [this, expected_id](Link& link, const Status& why) {
    closed(link, why, expected_id);
  };
  auto stream = settings_.tls ? tls_stream(std::move(socket), settings_.tls)
                              : plain_stream(std::move(socket));
  auto link = std::make_shared<Link>(loop_, std::move(stream), is_client, settings_.link,
                                     std::move(callbacks), address);
  all_.insert(link);
  link->open();
}

Status Mesh::judge(Link& link, const Hello& hello, const std::string& expected_id) {
  KVHOST_TRY(hello.check(callbacks_.own_hello()));
  if (!expected_id.empty() && hello.peer.id != expected_id) {
    if (hello.peer.id == settings_.node_id) return callbacks_.admit(hello.peer);
    return {StatusCode::CONFLICT, "at " + link.address() + " expected node \"" + expected_id +
                                      "\", found \"" + hello.peer.id + "\""};
  }
  KVHOST_TRY(link.stream().check_identity(hello.peer.id));
  return callbacks_.admit(hello.peer);
}

void Mesh::closed(Link& link, const Status& why, const std::string& expected_id) {
  const auto self = link.shared_from_this();
  all_.erase(self);
  if (is_closed_) return;
  const auto up = links_.find(link.key());
  const bool was_up = link.is_up() && up != links_.end() && up->second == self;
  if (was_up) {
    links_.erase(up);
    callbacks_.on_down(link.key());
  }
  const std::string id = !expected_id.empty()            ? expected_id
                         : !link.hello().peer.id.empty() ? link.hello().peer.id
                                                         : link.address();
  if (const auto dialer = dialers_.find(id); dialer != dialers_.end() && !expected_id.empty()) {
    dialer->second.is_dialing = false;
  }
  if (was_up) {
    log_.info("link with " + id + " ended: " + why.message());
    if (dialers_.contains(id)) dial_later(id);
    return;
  }
  // Whoever connects and says nothing that can be understood is told of without its port.
  const bool is_stranger = link.hello().peer.id.empty() && expected_id.empty();
  say_once(is_stranger ? "strangers" : id,
           (is_stranger ? "a connection to the replication port" : "link with " + id) + " at " +
               link.address() + ": " + why.message());
  if (dialers_.contains(id)) dial_later(id);
}

void Mesh::say_once(const std::string& about, const std::string& words) {
  std::string& last = said_[about];
  if (last == words) return;
  last = words;
  log_.warning(words);
}

std::string Mesh::problem_of(const std::string& id) const {
  const auto at = said_.find(id);
  return at == said_.end() ? "" : at->second;
}

void Mesh::send(NodeKey to, const Message& message) {
  const auto at = links_.find(to);
  if (at == links_.end()) return;
  const auto link = at->second;
  link->send(message);
}

void Mesh::drop(NodeKey peer, const Status& why) {
  const auto at = links_.find(peer);
  if (at == links_.end()) return;
  const auto link = at->second;
  link->close(why);
}

void Mesh::drop_all(const Status& why) {
  const auto links = all_;
  for (const auto& link : links) link->close(why);
}

void Mesh::close() {
  is_closed_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  accept_pause_.cancel();
  for (auto& [id, dialer] : dialers_) {
    dialer.timer->cancel();
    dialer.resolver->cancel();
  }
  const auto links = all_;
  for (const auto& link : links) link->close({StatusCode::DRAINING, "this node stops"});
  links_.clear();
}

}  // namespace kvhost::leader_follower

// The links to all peers: listens, dials (of two nodes the one with the lesser id), tries again
// with growing pauses, and refuses whom the protocol will not have.
//
// Threads:   one, the loop's; listen() on the control thread before the loop runs.
// Lifetime:  close() before the loop ends.
// Errors:    listen(): ADDRESS_IN_USE, INVALID_ARGUMENT, IO_ERROR. What ends a link is logged once
//            per cause.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kvhost/context.hpp"
#include "node/link.hpp"
#include "protocol/members.hpp"

namespace kvhost::leader_follower {

struct MeshSettings {
  std::string node_id;
  std::string listen;
  LinkSettings link;
  std::shared_ptr<boost::asio::ssl::context> tls;
};

class Mesh {
 public:
  struct Callbacks {
    std::function<Hello()> own_hello;
    std::function<Status(const PeerHello&)> admit;
    std::function<void(const PeerHello&)> on_up;
    std::function<void(NodeKey)> on_down;
    std::function<void(NodeKey, Message)> on_message;
  };
  Mesh(boost::asio::io_context& loop, MeshSettings settings, Log log, Callbacks callbacks);

  Status listen();
  void start();
  // Whom to dial, this node not among them.
  void set_targets(const std::vector<Member>& targets);
  void send(NodeKey to, const Message& message);
  void drop(NodeKey peer, const Status& why);
  // Closes all links; they are made anew.
  void drop_all(const Status& why);
  void close();
  const std::string& address() const { return address_; }
  // The last words about a peer that cannot be reached or was refused.
  std::string problem_of(const std::string& id) const;

 private:
  struct Dialer {
    Member member;
    std::unique_ptr<boost::asio::steady_timer> timer;
    std::unique_ptr<boost::asio::ip::tcp::resolver> resolver;
    std::chrono::milliseconds pause{20};
    bool is_dialing = false;
  };
  void accept();
  void dial(const std::string& id);
  void dial_later(const std::string& id);
  void adopt(boost::asio::ip::tcp::socket socket, bool is_client, const std::string& address,
             const std::string& expected_id);
  Status judge(Link& link, const Hello& hello, const std::string& expected_id);
  void closed(Link& link, const Status& why, const std::string& expected_id);
  void say_once(const std::string& about, const std::string& words);

  boost::asio::io_context& loop_;
  const MeshSettings settings_;
  const Log log_;
  const Callbacks callbacks_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer accept_pause_;
  std::string address_;
  std::map<std::string, Dialer> dialers_;
  std::map<NodeKey, std::shared_ptr<Link>> links_;  // up
  std::set<std::shared_ptr<Link>> all_;
  std::map<std::string, std::string> said_;
  bool is_closed_ = false;
};

}  // namespace kvhost::leader_follower

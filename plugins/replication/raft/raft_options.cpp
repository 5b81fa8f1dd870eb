#include "raft_options.hpp"

#include <boost/json.hpp>

namespace kvhost::raft {

namespace json = boost::json;

std::string core_config(const Config& config, const NodeInfo& node) {
  json::array peers;
  for (std::size_t i = 0; i < config.count("peers"); ++i) {
    const std::string peer = Config::element("peers", i);
    peers.push_back(json::object{{"id", config.string(peer + ".id")},
                                 {"address", config.string(peer + ".address")}});
  }
  return json::serialize(json::object{
      {"node_id", node.node_id},
      {"data_dir", node.data_dir},
      {"cluster_id", config.string("cluster_id")},
      {"listen", config.string("listen")},
      {"address", config.string("address")},
      {"advertise", config.string("advertise")},
      {"peers", std::move(peers)},
      {"bootstrap", config.string("bootstrap")},
      {"forward", config.boolean("forward")},
      {"heartbeat_interval", config.duration("heartbeat_interval").count()},
      {"election_timeout", config.duration("election_timeout").count()},
      {"tls_ca", config.string("tls_ca")},
      {"tls_cert", config.string("tls_cert")},
      {"tls_key", config.string("tls_key")},
      {"log_retention", config.bytes("log_retention")},
      {"log_cache", config.bytes("log_cache")},
      {"snapshot_rate", config.bytes("snapshot_rate")},
  });
}

}  // namespace kvhost::raft

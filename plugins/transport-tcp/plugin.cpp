// The plugin file transport-tcp.so.
#include "kvhost/plugin.hpp"

#include "tcp_transport.hpp"

KVHOST_PLUGIN("org.kvhost.transport-tcp", "0.1.0",
              kvhost::transport<kvhost::tcp::TcpTransport>("tcp", "the binary protocol over TCP"));

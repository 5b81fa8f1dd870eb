// The plugin file transport-resp.so.
#include "kvhost/plugin.hpp"

#include "net/resp_transport.hpp"

KVHOST_PLUGIN("org.kvhost.transport-resp", "0.1.0",
              kvhost::transport<kvhost::resp::RespTransport>(
                  "resp", "the store over Redis protocol 2 and 3"));

#include "kvhost/plugin.hpp"

#include "net/http_transport.hpp"

KVHOST_PLUGIN("org.kvhost.transport-http", "0.1.0",
              kvhost::transport<kvhost::http::HttpTransport>(
                  "http", "the store over HTTP/1.1, JSON and raw bytes"));

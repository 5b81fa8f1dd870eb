// The plugin file: its id, its version, its components.
#include "@IDENTIFIER@.hpp"

KVHOST_PLUGIN("org.example.@NAME@", "0.1.0",
              kvhost::transport<@CLASS@>("@NAME@", "GET, SET and DEL, a line each"));

#include "server/server.hpp"

#include <unistd.h>

#include <csignal>
#include <random>

#include "command/table.hpp"

namespace kvhost::resp {

namespace {

// 40 hexadecimal digits, as clients expect of a run id.
std::string random_run_id() {
  std::random_device random;
  std::string id;
  while (id.size() < 40) id.push_back("0123456789abcdef"[random() % 16]);
  return id;
}

}  // namespace

Server::Server(const Context& context, const kvh_store& table, const RespOptions& options)
    : store(table),
      node(context.node()),
      log(context.log()),
      run_id(random_run_id()),
      has_debug(options.enable_debug_command),
      metrics(context.metrics()),
      calls(all_commands().size()),
      // The node takes SIGTERM as the wish to drain and leave.
      shut_down([] { ::kill(::getpid(), SIGTERM); }) {
  settings.max_bulk_bytes = node.max_value_bytes;
  apply(options);
}

void Server::apply(const RespOptions& options) {
  settings.max_clients = options.max_connections;
  settings.output_limit = options.output_limit;
  settings.input_limit = options.input_limit;
  settings.idle_timeout_ns = static_cast<uint64_t>(options.idle_timeout.count());
  settings.slowlog_us =
      std::chrono::duration_cast<std::chrono::microseconds>(options.slowlog_slower_than).count();
  settings.slowlog_length = options.slowlog_max_len;
}

}  // namespace kvhost::resp

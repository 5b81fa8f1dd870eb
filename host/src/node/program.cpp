#include "node/program.hpp"

#include <ostream>

#include "config/config_pages.hpp"
#include "node/command_line.hpp"
#include "node/node.hpp"
#include "node/offline.hpp"
#include "node/signals.hpp"

namespace kvhost::host {
namespace {

// Where words go: what was asked for to `out`, mistakes to `err`.
struct Console {
  std::ostream& out;
  std::ostream& err;
};

// Tells a failure with its remedy, and returns its exit code.
int report(const Console& console, const Status& status) {
  console.err << "kvhost: " << status.message() << "\n";
  // Configuration errors bring their own remedies, each at its place.
  if (status.code() != StatusCode::CONFIG_ERROR && status.code() != StatusCode::INVALID_ARGUMENT) {
    console.err << "kvhost: " << status.info().remedy << "\n";
  }
  return status.info().kvhost_exit;
}

// One line per mistake, as compilers write them.
int report(const Console& console, const Diagnostics& diagnostics) {
  const auto count = diagnostics.items().size();
  console.err << diagnostics.to_status().message() << "\n"
              << "kvhost: " << count << (count == 1 ? " mistake" : " mistakes")
              << " in the configuration; nothing was opened\n";
  return status_info(StatusCode::CONFIG_ERROR).kvhost_exit;
}

int check_config(const Console& console, const CommandLine& command) {
  Diagnostics diagnostics;
  (void)prepare_node(command.request, diagnostics);
  if (!diagnostics.empty()) return report(console, diagnostics);
  console.out << (command.request.file ? *command.request.file : "the embedded default")
              << ": no mistakes\n";
  return 0;
}

int print_page(const Console& console, const CommandLine& command) {
  ConfigRequest request = command.request;
  request.file.reset();
  Diagnostics diagnostics;
  auto parts = prepare_node(std::move(request), diagnostics);
  if (parts && command.mode == CommandMode::kPrintConfigReference) {
    plan_other_policies(parts->settings, parts->registry, parts->plan, diagnostics);
  }
  if (!parts || !diagnostics.empty()) return report(console, diagnostics);
  console.out << (command.mode == CommandMode::kPrintDefaultConfig
                      ? default_config_page(parts->settings, parts->plan.pages())
                      : config_reference_page(parts->plan.pages()));
  return 0;
}

int list_plugins(const Console& console, const CommandLine& command) {
  const auto list = host::list_plugins(
      command.request, command.json ? PluginListFormat::kJson : PluginListFormat::kText);
  if (!list) return report(console, list.error());
  console.out << *list;
  return 0;
}

void announce(const Console& console, const Node& node, ComponentLog& log) {
  std::string all;
  for (const auto& listening : node.addresses()) {
    console.out << listening.component << " listens on " << listening.address << "\n";
    all += (all.empty() ? "" : ", ") + listening.component + " " + listening.address;
  }
  console.out << "ready" << std::endl;
  log.info("ready" + (all.empty() ? "" : ": " + all));
}

int serve(const Console& console, const CommandLine& command) {
  Diagnostics diagnostics;
  auto parts = prepare_node(command.request, diagnostics);
  if (!parts || !diagnostics.empty()) return report(console, diagnostics);

  const auto log = Log::to_stderr(parts->settings.log_level, parts->settings.log_format);
  ComponentLog node_log(*log, "node");
  ControlQueue control;
  std::unique_ptr<Node> node;
  constexpr auto kStopGrace = std::chrono::seconds(15);
  Signals signals({
      .terminate = [&] { control.request_stop(); },
      .reload =
          [&] {
            control.post([&] {
              if (node == nullptr) return;
              node->reload();
              signals.set_stop_limit(node->drain_timeout() + kStopGrace);
            });
          },
      .last_words =
          [&](int exit_code, const char* why) {
            node_log.log(exit_code == 0 ? LogLevel::kWarning : LogLevel::kError, why);
            log->flush();
          },
  });
  signals.set_stop_limit(parts->settings.drain_timeout + kStopGrace);

  auto started = Node::start(std::move(*parts), *log, control);
  if (!started) return report(console, started.error());
  node = std::move(*started);
  announce(console, *node, node_log);
  control.run();

  node_log.info("stopping");
  const Status stopped = node->shut_down(std::chrono::steady_clock::now() + node->drain_timeout());
  node.reset();
  if (!stopped) return report(console, stopped);
  node_log.info("stopped");
  return 0;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  const Console console{out, err};
  const auto command = parse_command_line(arguments);
  if (!command) return report(console, command.error());
  switch (command->mode) {
    case CommandMode::kHelp:
      console.out << help_text();
      return 0;
    case CommandMode::kVersion:
      console.out << "kvhost " KVHOST_VERSION " (plugin ABI " << KVH_ABI_MAJOR << "."
                  << KVH_ABI_MINOR << ")\n";
      return 0;
    case CommandMode::kCheckConfig:
      return check_config(console, *command);
    case CommandMode::kPrintDefaultConfig:
    case CommandMode::kPrintConfigReference:
      return print_page(console, *command);
    case CommandMode::kListPlugins:
      return list_plugins(console, *command);
    case CommandMode::kRun:
      return serve(console, *command);
  }
  return status_info(StatusCode::INTERNAL).kvhost_exit;
}

}  // namespace kvhost::host

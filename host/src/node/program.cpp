#include "node/program.hpp"

#include <cstdio>
#include <iostream>

#include "config/config_pages.hpp"
#include "node/command_line.hpp"
#include "node/node.hpp"
#include "node/signals.hpp"
#include "plugin/plugin_report.hpp"

namespace kvhost::host {
namespace {

// Tells a failure with its remedy, and returns its exit code.
int report(const Status& status) {
  std::cerr << "kvhost: " << status.message() << "\n";
  // Configuration errors bring their own remedies, each at its place.
  if (status.code() != StatusCode::CONFIG_ERROR && status.code() != StatusCode::INVALID_ARGUMENT) {
    std::cerr << "kvhost: " << status.info().remedy << "\n";
  }
  return status.info().kvhost_exit;
}

// One line per mistake, as compilers write them.
int report(const Diagnostics& diagnostics) {
  const auto count = diagnostics.items().size();
  std::cerr << diagnostics.to_status().message() << "\n"
            << "kvhost: " << count << (count == 1 ? " mistake" : " mistakes")
            << " in the configuration; nothing was opened\n";
  return status_info(StatusCode::CONFIG_ERROR).kvhost_exit;
}

// Everything that can be known before anything is opened.
std::optional<NodeParts> prepare(ConfigRequest request, Diagnostics& diagnostics) {
  NodeParts parts;
  auto settings = read_node_settings(request, diagnostics);
  if (!settings) return std::nullopt;
  parts.request = std::move(request);
  parts.settings = std::move(*settings);
  parts.registry = PluginRegistry::scan(PluginRegistry::search_path(parts.settings.plugin_path));
  parts.plan = plan_node(parts.settings, parts.registry, diagnostics);
  return parts;
}

int check_config(const CommandLine& command) {
  Diagnostics diagnostics;
  prepare(command.request, diagnostics);
  if (!diagnostics.empty()) return report(diagnostics);
  std::cout << (command.request.file ? *command.request.file : "the embedded default")
            << ": no mistakes\n";
  return 0;
}

int print_page(const CommandLine& command) {
  ConfigRequest request = command.request;
  request.file.reset();
  Diagnostics diagnostics;
  const auto parts = prepare(std::move(request), diagnostics);
  if (!parts || !diagnostics.empty()) return report(diagnostics);
  std::cout << (command.mode == CommandMode::kPrintDefaultConfig
                    ? default_config_page(parts->settings, parts->plan.pages())
                    : config_reference_page(parts->plan.pages()));
  return 0;
}

int list_plugins(const CommandLine& command) {
  Diagnostics diagnostics;
  const auto settings = read_node_settings(command.request, diagnostics);
  // Mistakes elsewhere in the file do not keep anybody from looking for plugins.
  if (!settings) return report(diagnostics);
  const auto registry = PluginRegistry::scan(PluginRegistry::search_path(settings->plugin_path));
  std::cout << (command.json ? plugins_as_json(registry) + "\n" : plugins_as_text(registry));
  return 0;
}

void announce(const Node& node, ComponentLog& log) {
  std::string all;
  for (const auto& listening : node.addresses()) {
    std::cout << listening.component << " listens on " << listening.address << "\n";
    all += (all.empty() ? "" : ", ") + listening.component + " " + listening.address;
  }
  std::cout << "ready" << std::endl;
  log.info("ready" + (all.empty() ? "" : ": " + all));
}

int serve(const CommandLine& command) {
  Diagnostics diagnostics;
  auto parts = prepare(command.request, diagnostics);
  if (!parts || !diagnostics.empty()) return report(diagnostics);

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
  if (!started) return report(started.error());
  node = std::move(*started);
  announce(*node, node_log);
  control.run();

  node_log.info("stopping");
  const Status stopped = node->shut_down(std::chrono::steady_clock::now() + node->drain_timeout());
  node.reset();
  if (!stopped) return report(stopped);
  node_log.info("stopped");
  return 0;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments) {
  const auto command = parse_command_line(arguments);
  if (!command) return report(command.error());
  switch (command->mode) {
    case CommandMode::kHelp:
      std::cout << help_text();
      return 0;
    case CommandMode::kVersion:
      std::cout << "kvhost " KVHOST_VERSION " (plugin ABI " << KVH_ABI_MAJOR << "." << KVH_ABI_MINOR
                << ")\n";
      return 0;
    case CommandMode::kCheckConfig:
      return check_config(*command);
    case CommandMode::kPrintDefaultConfig:
    case CommandMode::kPrintConfigReference:
      return print_page(*command);
    case CommandMode::kListPlugins:
      return list_plugins(*command);
    case CommandMode::kRun:
      return serve(*command);
  }
  return status_info(StatusCode::INTERNAL).kvhost_exit;
}

}  // namespace kvhost::host

#include "node/command_line.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>

#include "config/command_aliases.hpp"

namespace kvhost::host {
namespace {

namespace po = boost::program_options;

Status usage(std::string text) {
  return {StatusCode::INVALID_ARGUMENT, std::move(text) + ". See kvhost --help"};
}

po::options_description main_options() {
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("config", po::value<std::string>()->value_name("FILE"), "the node.toml to run on; without it, the embedded default")
      ("set", po::value<std::vector<std::string>>()->value_name("SECTION.KEY=VALUE")->composing(), "sets one value, over the file's; may be repeated")
      ("check-config", "reads the configuration, reports every mistake, and exits")
      ("print-default-config", "prints a node.toml with every option, and exits")
      ("print-config-reference", "prints docs/reference/config.md, and exits")
      ("list-plugins", "lists the plugin files that are found, and exits")
      ("json", "with --list-plugins: as JSON")
      ("version", "prints the version, and exits")
      ("help,h", "prints this, and exits");
  // clang-format on
  return options;
}

po::options_description alias_options() {
  po::options_description options("Short for --set (one dash works too)");
  for (const auto& alias : command_aliases()) {
    const std::string doc = "--set " + alias.sets;
    options.add_options()(alias.flag.c_str(), po::value<std::string>()->value_name(alias.value),
                          doc.c_str());
  }
  return options;
}

// As somebody typed them, so that of two that set the same value the later one wins.
Result<std::vector<SetArgument>> set_arguments(const po::parsed_options& parsed) {
  std::vector<SetArgument> arguments;
  for (const auto& option : parsed.options) {
    if (option.value.empty()) continue;
    if (option.string_key == "set") {
      for (const auto& text : option.value) {
        auto argument = parse_set_argument(text);
        if (!argument) return usage(argument.error().message());
        arguments.push_back(std::move(*argument));
      }
      continue;
    }
    for (const auto& alias : command_aliases()) {
      if (alias.flag != option.string_key) continue;
      auto expanded = expand_alias(alias, option.value.front());
      std::move(expanded.begin(), expanded.end(), std::back_inserter(arguments));
    }
  }
  return arguments;
}

Result<CommandMode> mode_of(const po::variables_map& given) {
  struct Named {
    const char* flag;
    CommandMode mode;
  };
  constexpr Named kModes[] = {
      {"help", CommandMode::kHelp},
      {"version", CommandMode::kVersion},
      {"check-config", CommandMode::kCheckConfig},
      {"print-default-config", CommandMode::kPrintDefaultConfig},
      {"print-config-reference", CommandMode::kPrintConfigReference},
      {"list-plugins", CommandMode::kListPlugins},
  };
  std::optional<Named> chosen;
  for (const auto& named : kModes) {
    if (given.count(named.flag) == 0) continue;
    if (chosen && chosen->mode != CommandMode::kHelp) {
      return usage("--" + std::string(chosen->flag) + " and --" + named.flag +
                   " cannot go together");
    }
    if (!chosen) chosen = named;
  }
  return chosen ? chosen->mode : CommandMode::kRun;
}

}  // namespace

std::string help_text() {
  std::ostringstream text;
  text
      << "kvhost: a storage node made of plugins\n\n"
         "Usage: kvhost [--config node.toml] [--set section.key=value …]\n\n"
      << main_options() << "\n"
      << alias_options()
      << "\nSIGTERM stops the node in order, a second one at once; SIGHUP reloads the options that "
         "can be.\nExit codes: 0 done, 64 usage, 65 damaged data, 69 address in use, 70 plugin "
         "fault, 74 I/O,\n75 data directory locked, 78 configuration.\n";
  return text.str();
}

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
  using Style = po::command_line_style::style_t;
  // Long names with one dash or two; no guessing of shortened names, which would break scripts when
  // an option is added.
  constexpr int kStyle = Style::allow_long | Style::allow_long_disguise |
                         Style::long_allow_adjacent | Style::long_allow_next | Style::allow_short |
                         Style::short_allow_next | Style::allow_dash_for_short;
  po::options_description all;
  all.add(main_options()).add(alias_options());
  try {
    const po::parsed_options parsed = po::command_line_parser(arguments)
                                          .options(all)
                                          .positional(po::positional_options_description())
                                          .style(kStyle)
                                          .run();
    po::variables_map given;
    po::store(parsed, given);
    CommandLine command;
    KVHOST_TRY_ASSIGN(command.mode, mode_of(given));
    command.json = given.count("json") != 0;
    if (command.json && command.mode != CommandMode::kListPlugins) {
      return usage("--json goes with --list-plugins");
    }
    if (given.count("config") != 0) command.request.file = given["config"].as<std::string>();
    KVHOST_TRY_ASSIGN(command.request.arguments, set_arguments(parsed));
    return command;
  } catch (const po::too_many_positional_options_error&) {
    return usage(
        "kvhost takes no arguments without a name; a configuration is given as --config "
        "FILE");
  } catch (const po::error& wrong) {
    return usage(wrong.what());
  }
}

}  // namespace kvhost::host

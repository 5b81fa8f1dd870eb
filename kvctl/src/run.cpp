#include "run.hpp"

#include <boost/program_options.hpp>
#include <optional>

#include "command_table.hpp"

namespace kvhost::kvctl {

namespace po = boost::program_options;

namespace {

constexpr int kUsageExit = 64;

int complain(Streams& streams, std::string_view code, const std::string& message,
             std::string_view remedy, int exit_code) {
  const bool colour = streams.err_is_terminal && streams.variable("NO_COLOR").empty();
  streams.err << (colour ? "\033[1;31mkvctl:\033[0m " : "kvctl: ") << code << ": " << message
              << '\n';
  if (!remedy.empty()) streams.err << "  " << remedy << '\n';
  return exit_code;
}

bool takes_value(std::string_view option) {
  for (const auto& known : global_options()) {
    if (option == "--" + std::string(known.name)) return !known.value.empty();
  }
  return false;
}

struct Split {
  const CommandSpec* command = nullptr;
  std::vector<std::string> words;  // what was taken for the command's name
  std::vector<std::string> rest;   // everything else, options before the command included
};

const CommandSpec* find_command(const std::string& name) {
  for (const auto& command : command_table()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

// Finds the command: the first word, or the first two.
Split split(const std::vector<std::string>& arguments) {
  Split split;
  std::size_t i = 0;
  while (i < arguments.size() && arguments[i].starts_with("--") && arguments[i].size() > 2) {
    const bool has_value = takes_value(arguments[i]);
    split.rest.push_back(arguments[i++]);
    if (has_value && i < arguments.size()) split.rest.push_back(arguments[i++]);
  }
  if (i < arguments.size()) {
    split.words.push_back(arguments[i++]);
    split.command = find_command(split.words[0]);
    if (split.command == nullptr && i < arguments.size() && !arguments[i].starts_with("-")) {
      split.words.push_back(arguments[i++]);
      split.command = find_command(split.words[0] + " " + split.words[1]);
    }
  }
  split.rest.insert(split.rest.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i),
                    arguments.end());
  return split;
}

std::string unknown_command(const std::vector<std::string>& words) {
  std::string given = words[0];
  std::vector<std::string> names;
  bool is_group = false;
  for (const auto& command : command_table()) {
    names.emplace_back(command.name);
    is_group = is_group || command.name.starts_with(words[0] + " ");
  }
  if (is_group && words.size() > 1) given += " " + words[1];
  std::string text = "there is no command \"" + given + "\"";
  const std::string near = nearest(given, names);
  if (!near.empty()) return text + "; did you mean \"" + near + "\"?";
  if (!is_group) return text;
  text += "; there are";
  for (const auto& name : names) {
    if (name.starts_with(words[0] + " ")) text += " \"" + name + "\"";
  }
  return text;
}

std::string unknown_option(const CommandSpec& command, const std::string& given) {
  std::vector<std::string> names;
  for (const auto& option : command.options) names.push_back("--" + std::string(option.name));
  for (const auto& option : global_options()) names.push_back("--" + std::string(option.name));
  const std::string near = nearest(given, names);
  return std::string(command.name) + " has no option " + given +
         (near.empty() ? "" : "; did you mean " + near + "?");
}

void describe(po::options_description& description, const std::vector<OptionSpec>& options) {
  for (const auto& option : options) {
    const std::string name(option.name);
    if (option.value.empty()) {
      description.add_options()(name.c_str(), "");
    } else if (option.value == "A B") {
      description.add_options()(name.c_str(), po::value<std::vector<std::string>>()->multitoken());
    } else {
      description.add_options()(name.c_str(), po::value<std::string>());
    }
  }
}

Status read_options(Invocation& call, const CommandSpec& command,
                    const std::vector<std::string>& rest) {
  po::options_description description;
  describe(description, command.options);
  describe(description, global_options());
  // Without short options, "-" and "-5" are arguments like others.
  const int style = po::command_line_style::allow_long | po::command_line_style::long_allow_next |
                    po::command_line_style::long_allow_adjacent;
  try {
    const auto parsed = po::command_line_parser(rest).options(description).style(style).run();
    for (const auto& option : parsed.options) {
      if (option.position_key >= 0 || option.string_key.empty()) {
        for (const auto& value : option.value) call.arguments.push_back(value);
      } else if (option.value.size() > 1) {
        call.options[option.string_key] = option.value[0];
        call.options[option.string_key + ".2"] = option.value[1];
        for (std::size_t i = 2; i < option.value.size(); ++i) {
          call.arguments.push_back(option.value[i]);
        }
      } else {
        call.options[option.string_key] = option.value.empty() ? "" : option.value[0];
      }
    }
  } catch (const po::unknown_option& unknown) {
    return call.usage(unknown_option(command, unknown.get_option_name()));
  } catch (const po::error& wrong) {
    return call.usage(std::string(command.name) + ": " + wrong.what());
  }
  return {};
}

Status read_globals(Invocation& call) {
  std::string endpoints = call.option("endpoint").value_or(call.streams.variable("KVCTL_ENDPOINT"));
  if (endpoints.empty()) endpoints = "127.0.0.1:9090";
  for (std::size_t begin = 0; begin <= endpoints.size();) {
    const std::size_t comma = std::min(endpoints.find(',', begin), endpoints.size());
    if (comma > begin) call.endpoints.push_back(endpoints.substr(begin, comma - begin));
    begin = comma + 1;
  }
  KVHOST_TRY_ASSIGN(const auto timeout, call.duration_option("timeout"));
  call.timeout = timeout.value_or(call.timeout);
  const std::string output = call.option("output").value_or("text");
  if (output == "json") {
    call.format = Format::kJson;
  } else if (output == "table") {
    call.format = Format::kTable;
  } else if (output != "text") {
    return call.usage("--output: expected text, json or table, found \"" + output + "\"");
  }
  return {};
}

Status check_arguments(Invocation& call, const CommandSpec& command) {
  const std::size_t count = call.arguments.size();
  if (count >= command.min_arguments && count <= command.max_arguments) return {};
  const std::string problem =
      count < command.min_arguments
          ? "needs " + std::string(command.arguments)
          : (command.max_arguments == 0
                 ? "takes no argument, found \"" + call.arguments[0] + "\""
                 : "has one argument too many, \"" + call.arguments[command.max_arguments] + "\"");
  return call.usage(std::string(command.name) + " " + problem);
}

Status carry_out(Invocation& call, const CommandSpec& command,
                 const std::vector<std::string>& rest) {
  KVHOST_TRY(read_options(call, command, rest));
  if (call.has("help")) {
    call.streams.out << help_text(command);
    return {};
  }
  KVHOST_TRY(read_globals(call));
  KVHOST_TRY(check_arguments(call, command));
  return command.run(call);
}

}  // namespace

int run(const std::vector<std::string>& arguments, Streams& streams) {
  const Split found = split(arguments);
  if (found.words.empty()) {
    for (const auto& option : found.rest) {
      if (option == "--help") return streams.out << help_text(), 0;
      if (option == "--version") return streams.out << "kvctl " KVHOST_VERSION "\n", 0;
    }
    streams.err << help_text();
    return kUsageExit;
  }
  if (found.command == nullptr) {
    return complain(streams, "usage", unknown_command(found.words),
                    "`kvctl help` lists the commands.", kUsageExit);
  }
  Invocation call(streams);
  call.command = found.command->name;
  const Status status = carry_out(call, *found.command, found.rest);
  streams.out.flush();
  if (call.is_usage_error()) {
    return complain(streams, "usage", status.message(), usage_line(*found.command), kUsageExit);
  }
  if (!status.is_ok()) {
    return complain(streams, status.info().name, status.message(), status.info().remedy,
                    status.info().kvctl_exit);
  }
  if (!streams.out) {
    return complain(streams, "io-error", "stdout cannot be written", "", 5);
  }
  return call.special_exit;
}

}  // namespace kvhost::kvctl

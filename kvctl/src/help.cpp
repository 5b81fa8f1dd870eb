// Help and the reference page, made from the command table.
#include <algorithm>

#include "command_table.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace {

constexpr std::string_view kGroups[] = {"data",    "node",    "cluster", "backups",
                                        "offline", "plugins", "tools"};

std::string option_text(const OptionSpec& option) {
  std::string text = "--" + std::string(option.name);
  if (!option.value.empty()) text += " " + std::string(option.value);
  return text;
}

std::string option_lines(const std::vector<OptionSpec>& options) {
  std::size_t width = 0;
  for (const auto& option : options) width = std::max(width, display_width(option_text(option)));
  std::string text;
  for (const auto& option : options) {
    const std::string left = option_text(option);
    text += "  " + left + std::string(width - display_width(left) + 2, ' ') +
            std::string(option.doc) + "\n";
  }
  return text;
}

// Insertions, deletions, replacements and swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      const bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

// A cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '|') safe += '\\';
    safe += c;
  }
  return safe;
}

}  // namespace

std::string nearest(std::string_view wrong, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, wrong.size() / 3) + 1;
  for (const auto& name : known) {
    const std::size_t distance = edit_distance(wrong, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

std::string usage_line(const CommandSpec& command) {
  std::string text = "kvctl " + std::string(command.name);
  if (!command.arguments.empty()) text += " " + std::string(command.arguments);
  for (const auto& option : command.options) text += " [" + option_text(option) + "]";
  return text;
}

std::string help_text(const CommandSpec& command) {
  std::string text = usage_line(command) + "\n\n" + std::string(command.summary) + "\n";
  if (!command.details.empty()) text += std::string(command.details) + "\n";
  if (!command.options.empty()) text += "\n" + option_lines(command.options);
  return text;
}

std::string help_text() {
  std::string text = "kvctl [OPTIONS] COMMAND\n";
  for (const auto group : kGroups) {
    text += "\n" + std::string(group) + "\n";
    for (const auto& command : command_table()) {
      if (command.group != group) continue;
      std::string left = std::string(command.name) + " " + std::string(command.arguments);
      left.append(display_width(left) < 26 ? 27 - display_width(left) : 1, ' ');
      text += "  " + left + std::string(command.summary) + "\n";
    }
  }
  text += "\noptions\n" + option_lines(global_options());
  text +=
      "\nkvctl help COMMAND says more. KVCTL_ENDPOINT in the environment stands for --endpoint.\n";
  return text;
}

std::string reference_page() {
  std::string text =
      "# kvctl\n\nGenerated from the command table; a test fails when it is stale.\n\n"
      "`kvctl [OPTIONS] COMMAND`. Options may stand before or after the command; `--` ends them. "
      "`KVCTL_ENDPOINT` in the environment stands for `--endpoint`. Errors and progress go to "
      "stderr, progress only on a terminal; `NO_COLOR` is honoured.\n\n";
  text += "| option | meaning |\n|---|---|\n";
  for (const auto& option : global_options()) {
    text += "| `" + cell(option_text(option)) + "` | " + cell(option.doc) + " |\n";
  }
  text +=
      "\n## Exit codes\n\n| code | meaning |\n|---|---|\n"
      "| 0 | done |\n| 1 | another error |\n| 2 | no connection |\n"
      "| 3 | the key is absent (get, delete) |\n| 4 | deadline, or outcome unknown |\n"
      "| 5 | I/O error or corruption |\n| 6 | a condition failed |\n"
      "| 7 | no quorum or no leader |\n| 64 | wrong usage |\n";
  for (const auto group : kGroups) {
    text += "\n## " + std::string(group) + "\n";
    for (const auto& command : command_table()) {
      if (command.group != group) continue;
      text += "\n### " + std::string(command.name) + "\n\n`" + usage_line(command) + "`\n\n" +
              std::string(command.summary);
      text += command.details.empty() ? ".\n" : ". " + std::string(command.details) + "\n";
      if (command.options.empty()) continue;
      text += "\n| option | meaning |\n|---|---|\n";
      for (const auto& option : command.options) {
        text += "| `" + cell(option_text(option)) + "` | " + cell(option.doc) + " |\n";
      }
    }
  }
  return text;
}

Status run_help(Invocation& call) {
  if (call.arguments.empty()) {
    call.streams.out << help_text();
    return {};
  }
  std::string name = call.arguments[0];
  if (call.arguments.size() > 1) name += " " + call.arguments[1];
  bool is_known = false;
  for (const auto& command : command_table()) {
    const bool is_prefix = command.name.starts_with(name + " ");
    if (command.name != name && !is_prefix) continue;
    if (is_known) call.streams.out << "\n";
    call.streams.out << help_text(command);
    is_known = true;
  }
  return is_known ? Status() : call.usage("there is no command \"" + name + "\"");
}

}  // namespace kvhost::kvctl

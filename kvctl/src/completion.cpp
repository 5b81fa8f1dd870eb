// Completion scripts, made from the command table.
#include <map>
#include <set>

#include "command_table.hpp"

namespace kvhost::kvctl {

namespace {

std::string first_word(std::string_view name) {
  return std::string(name.substr(0, name.find(' ')));
}

// First words in the order of the table, with their second words.
std::vector<std::pair<std::string, std::string>> words() {
  std::vector<std::pair<std::string, std::string>> list;
  std::map<std::string, std::size_t> places;
  for (const auto& command : command_table()) {
    const std::string first = first_word(command.name);
    if (places.emplace(first, list.size()).second) list.emplace_back(first, "");
    if (command.name.size() == first.size()) continue;
    std::string& second = list[places[first]].second;
    second += (second.empty() ? "" : " ") + std::string(command.name.substr(first.size() + 1));
  }
  return list;
}

std::string options_of(std::string_view first) {
  std::set<std::string> names;
  for (const auto& command : command_table()) {
    if (first_word(command.name) != first) continue;
    for (const auto& option : command.options) names.insert("--" + std::string(option.name));
  }
  for (const auto& option : global_options()) names.insert("--" + std::string(option.name));
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

std::string all_first_words() {
  std::string text;
  for (const auto& [first, second] : words()) text += (text.empty() ? "" : " ") + first;
  return text;
}

std::string bash_script() {
  std::string text =
      "# bash completion of kvctl: source it, or put it into "
      "/etc/bash_completion.d\n_kvctl() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} first= i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case ${COMP_WORDS[i]} in\n"
      "      --endpoint|--output|--timeout) i=$((i + 1)) ;;\n"
      "      -*) ;;\n"
      "      *) first=${COMP_WORDS[i]}; break ;;\n"
      "    esac\n"
      "  done\n"
      "  case $first in\n"
      "    '') COMPREPLY=($(compgen -W '" +
      all_first_words() + " --endpoint --output --timeout --help --version' -- \"$word\")) ;;\n";
  for (const auto& [first, second] : words()) {
    const std::string choices = second.empty() ? "" : second + " ";
    text += "    " + first + ") COMPREPLY=($(compgen -W '" + choices + options_of(first) +
            "' -- \"$word\")) ;;\n";
  }
  return text + "  esac\n}\ncomplete -o default -F _kvctl kvctl\n";
}

std::string zsh_script() {
  std::string text =
      "#compdef kvctl\n# zsh completion of kvctl: put it as _kvctl into a folder of "
      "$fpath\ncase ${words[2]} in\n";
  for (const auto& [first, second] : words()) {
    const std::string choices = second.empty() ? "" : second + " ";
    text += "  " + first + ") compadd -- " + choices + options_of(first) + "; _files ;;\n";
  }
  return text + "  *) compadd -- " + all_first_words() +
         " --endpoint --output --timeout --help --version ;;\nesac\n";
}

std::string quoted(std::string_view text) {
  std::string safe = "'";
  for (const char c : text) safe += c == '\'' ? std::string("\\'") : std::string(1, c);
  return safe + "'";
}

std::string fish_script() {
  std::string text =
      "# fish completion of kvctl: put it into ~/.config/fish/completions/kvctl.fish\n";
  for (const auto& option : global_options()) {
    text += "complete -c kvctl -l " + std::string(option.name) +
            (option.value.empty() ? "" : " -x") + " -d " + quoted(option.doc) + "\n";
  }
  for (const auto& command : command_table()) {
    const std::string first = first_word(command.name);
    const std::string after = "'__fish_seen_subcommand_from " + first + "'";
    if (command.name.size() == first.size()) {
      text += "complete -c kvctl -n __fish_use_subcommand -a " + first + " -d " +
              quoted(command.summary) + "\n";
    } else {
      text += "complete -c kvctl -n __fish_use_subcommand -a " + first + "\n";
      text += "complete -c kvctl -n " + after + " -a " +
              std::string(command.name.substr(first.size() + 1)) + " -d " +
              quoted(command.summary) + "\n";
    }
    for (const auto& option : command.options) {
      text += "complete -c kvctl -n " + after + " -l " + std::string(option.name) +
              (option.value.empty() ? "" : " -x") + " -d " + quoted(option.doc) + "\n";
    }
  }
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  if (shell == "fish") return fish_script();
  return {};
}

Status run_completion(Invocation& call) {
  const std::string script = completion_script(call.arguments[0]);
  if (script.empty()) {
    return call.usage("completion: expected bash, zsh or fish, found \"" + call.arguments[0] +
                      "\"");
  }
  call.streams.out << script;
  return {};
}

}  // namespace kvhost::kvctl

// Stories told with kvctl: a text file of commands and what they print, run against the TCP
// component in this process. Lines:
//
//   # words
//   @ file NAME          a file in the story's folder, from the `<` lines that follow
//   @ fail CODE WORDS    the store's next operation fails so
//   @ section NAME JSON  what the node's info answers
//   @ command NAME JSON  what the node answers to a command; it echoes the arguments as "asked"
//   @ no-node            from here on nobody listens
//   @ database NAME      a small database in the story's folder, of a node that was stopped
//   @ received NAME      the same in the data directory of a replica that another one's state was
//                        installed on
//   @ flip FILE OFFSET   turns a bit of that byte
//   @ advance MS         the store's clock
//   $ kvctl ARGUMENTS    run; 'quoted words' are one argument; TMP is the story's folder
//   < line               a line of the command's stdin
//   everything else      what came out, "| " before what would read as one of these lines; stderr
//   with "! " before it; [exit N] when it is not 0; times of day as TIME, long numbers as NUMBER
//
// Threads:   one.
#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "kvhost/engine/engine.hpp"
#include "kvhost/engine/state_directory.hpp"
#include "run.hpp"
#include "unit/transport_tcp/tcp_server.hpp"

namespace kvhost::testing {

class KvctlScript {
 public:
  KvctlScript() {
    static std::atomic<int> number{0};
    folder_ = std::filesystem::temp_directory_path() /
              ("kvctl-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
    std::filesystem::create_directories(folder_);
    endpoint_ = server_.endpoint();
  }
  ~KvctlScript() { std::filesystem::remove_all(folder_); }

  // The story as it goes now: its own lines, and what comes out.
  std::string play(const std::string& story) {
    std::vector<std::string> lines;
    std::istringstream in(story);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    std::string result;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string& line = lines[i];
      if (line.starts_with("#") || (line.empty() && follows_words(lines, i))) {
        result += line + "\n";
        continue;
      }
      if (!line.starts_with("$ ") && !line.starts_with("@ ")) continue;
      if (line.starts_with("$ ") && !result.empty() && result.back() == '\n') ensure_gap(result);
      result += line + "\n";
      std::string input;
      while (i + 1 < lines.size() && lines[i + 1].starts_with("<")) {
        const std::string& given = lines[++i];
        result += given + "\n";
        input += (given.size() > 2 ? given.substr(2) : "") + "\n";
      }
      if (line.starts_with("@ ")) {
        direct(line.substr(2), input);
      } else {
        result += run_line(line, input);
      }
    }
    return result;
  }

 private:
  static bool follows_words(const std::vector<std::string>& lines, std::size_t i) {
    return i > 0 && lines[i - 1].starts_with("#");
  }
  static void ensure_gap(std::string& result) {
    const std::size_t last = result.rfind('\n', result.size() - 2);
    const std::string line = result.substr(last == std::string::npos ? 0 : last + 1);
    const bool is_quiet = line.starts_with("#") || line.starts_with("@") || line.starts_with("<");
    if (!is_quiet && line != "\n") result += "\n";
  }

  static std::vector<std::string> words(const std::string& line) {
    std::vector<std::string> list;
    std::string word;
    bool quoted = false;
    bool begun = false;
    for (const char c : line) {
      if (c == '\'') {
        quoted = !quoted;
        begun = true;
      } else if (c == ' ' && !quoted) {
        if (begun) list.push_back(word);
        word.clear();
        begun = false;
      } else {
        word += c;
        begun = true;
      }
    }
    if (begun) list.push_back(word);
    return list;
  }

  static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = text.find(from); !from.empty() && at != std::string::npos;
         at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
    return text;
  }

  // Lines that would read as the story's own get "| " before them.
  static std::string marked(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool is_start = i == 0 || text[i - 1] == '\n';
      if (is_start && std::string("#$@<").find(text[i]) != std::string::npos) result += "| ";
      result += text[i];
    }
    return result;
  }

  void direct(const std::string& line, const std::string& input) {
    std::istringstream in(line);
    std::string verb;
    std::string name;
    in >> verb >> name;
    std::string rest;
    std::getline(in, rest);
    if (!rest.empty()) rest.erase(0, 1);
    if (verb == "file") {
      std::ofstream(folder_ / name, std::ios::binary) << input;
    } else if (verb == "fail") {
      server_.store.fail_next({status_code_from_name(name), rest});
    } else if (verb == "section") {
      server_.store.sections[name] = rest;
    } else if (verb == "command") {
      answers_[name] = rest;
      server_.store.on_command = [this](std::string_view asked,
                                        std::string_view arguments) -> Result<std::string> {
        const auto at = answers_.find(std::string(asked));
        if (at == answers_.end()) {
          return Status(StatusCode::UNKNOWN_ROUTE, "no command \"" + std::string(asked) + "\"");
        }
        return replaced(at->second, "ASKED", std::string(arguments));
      };
    } else if (verb == "database") {
      make_database((folder_ / name).string());
    } else if (verb == "received") {
      make_received_database((folder_ / name).string());
    } else if (verb == "flip") {
      flip(folder_ / name, std::stoull(rest));
    } else if (verb == "no-node") {
      server_.stop();
    } else if (verb == "advance") {
      server_.store.advance(std::stoull(name));
    } else {
      throw std::runtime_error("the story asks for what is not known: " + line);
    }
  }

  static void make_database(const std::string& directory) {
    engine::Options options;
    options.wal_segment_size = 64 << 10;
    auto opened = engine::Engine::open(directory, options, {});
    if (!opened) throw std::runtime_error(opened.status().to_string());
    engine::Engine& engine = **opened;
    const auto put = [&engine](const std::string& key) {
      engine::WriteBatch batch;
      batch.put(0, key, "value of " + key);
      if (!engine.write({}, batch)) throw std::runtime_error("a write failed");
    };
    for (int i = 0; i < 30; ++i) put("key" + std::to_string(100 + i));
    if (!engine.flush()) throw std::runtime_error("a flush failed");
    put("in the log");
    if (!engine.close()) throw std::runtime_error("the engine did not close");
  }

  static void make_received_database(const std::string& data_dir) {
    const std::string state = data_dir + "/state-000002";
    std::filesystem::create_directories(state);
    make_database(state);
    const Status activated = engine::activate_state(engine::posix_file_system(), data_dir, state);
    if (!activated) throw std::runtime_error(activated.to_string());
  }

  static void flip(const std::filesystem::path& path, std::size_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    if (!file) throw std::runtime_error("no such byte: " + path.string());
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ 1));
  }

  // What differs from run to run.
  static std::string steady(const std::string& text) {
    static const std::regex kTime("20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}");
    static const std::regex kLong("[0-9]{13,20}|[0-9a-f]{16}");
    // A table's size depends on its creation time, which is stored as short as it goes.
    static const std::regex kBytes("(\\btable_bytes\"?: ?|\"files\":[0-9]+,\"bytes\":)[0-9]+");
    std::string masked = std::regex_replace(text, kTime, "TIME");
    masked = std::regex_replace(masked, kLong, "NUMBER");
    return std::regex_replace(masked, kBytes, "$1BYTES");
  }

  std::string run_line(const std::string& line, const std::string& input) {
    auto arguments = words(replaced(line.substr(2), "TMP", folder_.string()));
    arguments.erase(arguments.begin());
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    kvctl::Streams streams{in, out, err, {{"KVCTL_ENDPOINT", endpoint_}}};
    // What a command makes where it stands goes with the story.
    const std::filesystem::path home = std::filesystem::current_path();
    std::filesystem::current_path(folder_);
    const int code = kvctl::run(arguments, streams);
    std::filesystem::current_path(home);
    std::string text = marked(out.str());
    if (!text.empty() && text.back() != '\n') text += "(no newline)\n";
    std::istringstream errors(err.str());
    for (std::string words; std::getline(errors, words);) text += "! " + words + "\n";
    if (code != 0) text += "[exit " + std::to_string(code) + "]\n";
    text = steady(text);
    return replaced(replaced(text, folder_.string(), "TMP"), endpoint_, "ENDPOINT");
  }

  TcpServer server_;
  std::string endpoint_;
  std::filesystem::path folder_;
  std::map<std::string, std::string> answers_;
};

}  // namespace kvhost::testing

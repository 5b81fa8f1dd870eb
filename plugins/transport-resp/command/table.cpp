#include "command/table.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <string>

#include "command/rows.hpp"
#include "wire/quoting.hpp"

namespace kvhost::resp {

namespace {

constexpr std::size_t kMaxNameBytes = 32;

class Table {
 public:
  Table() {
    for (const auto rows : {value_rows(), key_rows(), server_rows()}) {
      for (const Command& row : rows) add(row, nullptr);
    }
    std::sort(top_.begin(), top_.end(),
              [](const Command* a, const Command* b) { return a->name < b->name; });
    for (const Command* const command : top_) {
      std::size_t at = slot_of(command->name);
      while (slots_[at] != nullptr) at = (at + 1) % slots_.size();
      slots_[at] = command;
    }
  }

  const Command* find(std::string_view name) const {
    if (name.size() > kMaxNameBytes) return nullptr;
    std::array<char, kMaxNameBytes> small;
    std::transform(name.begin(), name.end(), small.begin(), [](char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    });
    const std::string_view wanted(small.data(), name.size());
    for (std::size_t at = slot_of(wanted); slots_[at] != nullptr; at = (at + 1) % slots_.size()) {
      if (slots_[at]->name == wanted) return slots_[at];
    }
    return nullptr;
  }

  const std::vector<const Command*>& all() const { return all_; }
  const std::vector<const Command*>& top() const { return top_; }
  const std::vector<const Command*>& below(const Command& command) const {
    return below_[command.index];
  }

 private:
  void add(const Command& row, const Command* parent) {
    Command& made = commands_.emplace_back(row);
    made.index = static_cast<uint32_t>(all_.size());
    made.full_name = names_.emplace_back(parent == nullptr ? std::string(row.name)
                                                           : std::string(parent->name) + "|" +
                                                                 std::string(row.name));
    all_.push_back(&made);
    below_.emplace_back();
    if (parent == nullptr) {
      top_.push_back(&made);
    } else {
      below_[parent->index].push_back(&made);
    }
    for (const Command& sub : row.subcommands) add(sub, &made);
  }
  static std::size_t slot_of(std::string_view name) {
    uint32_t hash = 2166136261u;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    return hash % kSlots;
  }

  static constexpr std::size_t kSlots = 512;
  std::deque<Command> commands_;
  std::deque<std::string> names_;
  std::vector<const Command*> all_;
  std::vector<const Command*> top_;
  std::vector<std::vector<const Command*>> below_;
  std::array<const Command*, kSlots> slots_{};
};

const Table& table() {
  static const Table made;
  return made;
}

}  // namespace

std::span<const Command* const> all_commands() { return table().all(); }
std::span<const Command* const> top_commands() { return table().top(); }
std::span<const Command* const> subcommands_of(const Command& command) {
  return table().below(command);
}

const Command* find_command(std::string_view name) { return table().find(name); }

const Command* find_subcommand(const Command& command, std::string_view name) {
  for (const Command* const sub : subcommands_of(command)) {
    if (equal_ignoring_case(sub->name, name)) return sub;
  }
  return nullptr;
}

const Command* find_full_name(std::string_view name) {
  const std::size_t bar = name.find('|');
  const Command* const command = find_command(name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command;
  return find_subcommand(*command, name.substr(bar + 1));
}

std::vector<std::size_t> key_places(const Command& command, std::size_t words) {
  std::vector<std::size_t> places;
  if (command.first_key == 0) return places;
  const auto last = command.last_key >= 0 ? static_cast<std::size_t>(command.last_key)
                                          : words - static_cast<std::size_t>(-command.last_key);
  for (auto at = static_cast<std::size_t>(command.first_key); at <= last && at < words;
       at += static_cast<std::size_t>(command.key_step)) {
    places.push_back(at);
  }
  return places;
}

bool has_arity(const Command& command, std::size_t words) {
  return command.arity >= 0 ? words == static_cast<std::size_t>(command.arity)
                            : words >= static_cast<std::size_t>(-command.arity);
}

}  // namespace kvhost::resp

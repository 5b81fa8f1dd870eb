#include "exposition_page.hpp"

#include <cmath>
#include <cstdlib>
#include <set>

namespace kvhost::conformance {
namespace {

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}
bool is_name_char(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

std::string_view take_name(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() &&
         (length == 0 ? is_name_start(text[length]) : is_name_char(text[length]))) {
    ++length;
  }
  const auto name = text.substr(0, length);
  text.remove_prefix(length);
  return name;
}

class Reader {
 public:
  Reader(ExpositionPage& page, std::vector<std::string>& mistakes)
      : page_(page), mistakes_(mistakes) {}

  void read(std::string_view text) {
    if (!text.empty() && text.back() != '\n') wrong("the last line has no end");
    while (!text.empty()) {
      ++line_;
      const auto end = text.find('\n');
      read_line(text.substr(0, end));
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
    check_histograms();
  }

 private:
  void wrong(std::string what) {
    if (mistakes_.size() < 20) {
      mistakes_.push_back("line " + std::to_string(line_) + ": " + std::move(what));
    }
  }

  void read_line(std::string_view line) {
    if (line.empty()) return;
    if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) return read_header(line);
    if (line.starts_with("#")) return;
    read_sample(line);
  }

  void read_header(std::string_view line) {
    const bool is_type = line.starts_with("# TYPE ");
    std::string_view rest = line.substr(7);
    const std::string name(take_name(rest));
    if (name.empty()) return wrong("no metric's name: " + std::string(line));
    auto& seen = is_type ? typed_ : helped_;
    if (!seen.insert(name).second) wrong("a second header of " + name);
    if (!is_type) return;
    const std::string type(rest.empty() ? rest : rest.substr(1));
    static const std::set<std::string> kTypes = {"counter", "gauge", "histogram", "summary",
                                                 "untyped"};
    if (kTypes.count(type) == 0) wrong(name + " has the unknown type \"" + type + "\"");
    if (sampled_.count(name) != 0) wrong("the type of " + name + " comes after its samples");
    page_.types[name] = type;
  }

  // The family that a sample belongs to.
  std::string family_of(const std::string& name) const {
    for (const char* suffix : {"_bucket", "_sum", "_count"}) {
      if (!name.ends_with(suffix)) continue;
      const std::string base = name.substr(0, name.size() - std::string_view(suffix).size());
      const auto at = page_.types.find(base);
      if (at != page_.types.end() && (at->second == "histogram" || at->second == "summary")) {
        return base;
      }
    }
    return name;
  }

  void read_sample(std::string_view line) {
    std::string_view rest = line;
    const std::string name(take_name(rest));
    if (name.empty()) return wrong("no metric's name: " + std::string(line.substr(0, 60)));
    const std::string family = family_of(name);
    if (family != current_ && !sampled_.insert(family).second) {
      wrong("the samples of " + family + " do not stand together");
    }
    current_ = family;
    std::string key = name;
    if (rest.starts_with("{") && !read_labels(rest, key)) {
      return wrong("labels that cannot be read: " + std::string(line.substr(0, 80)));
    }
    if (!rest.starts_with(" ")) return wrong("no blank before the value of " + key);
    rest.remove_prefix(1);
    const std::string text(rest.substr(0, rest.find(' ')));
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0') return wrong(key + " has the value \"" + text + "\"");
    if (!page_.samples.emplace(key, value).second) wrong(key + " is there twice");
  }

  bool read_labels(std::string_view& rest, std::string& key) {
    rest.remove_prefix(1);
    key += "{";
    bool is_first = true;
    while (!rest.starts_with("}")) {
      if (!is_first) {
        if (!rest.starts_with(",")) return false;
        rest.remove_prefix(1);
        if (rest.starts_with("}")) break;
      }
      const auto label = take_name(rest);
      if (label.empty() || !rest.starts_with("=\"")) return false;
      rest.remove_prefix(2);
      key += (is_first ? "" : ",") + std::string(label) + "=\"";
      if (!read_value(rest, key)) return false;
      key += "\"";
      is_first = false;
    }
    rest.remove_prefix(1);
    key += "}";
    return true;
  }
  static bool read_value(std::string_view& rest, std::string& key) {
    while (!rest.empty() && rest[0] != '"') {
      char c = rest[0];
      if (c == '\\') {
        if (rest.size() < 2) return false;
        rest.remove_prefix(1);
        c = rest[0] == 'n' ? '\n' : rest[0];
        if (c != '\n' && c != '\\' && c != '"') return false;
      }
      key += c;
      rest.remove_prefix(1);
    }
    if (rest.empty()) return false;
    rest.remove_prefix(1);
    return true;
  }

  // Buckets never fall, end at +Inf, and that one equals the count.
  void check_histograms() {
    for (const auto& [name, type] : page_.types) {
      if (type != "histogram") continue;
      for (const auto& [key, value] : page_.samples) {
        if (!key.starts_with(name + "_count")) continue;
        const std::string labels = key.substr(name.size() + 6);
        check_buckets(name, labels, value);
      }
    }
  }
  void check_buckets(const std::string& name, const std::string& labels, double count) {
    const std::string prefix = name + "_bucket{" +
                               (labels.empty() ? "" : labels.substr(1, labels.size() - 2) + ",") +
                               "le=\"";
    std::map<double, double> buckets;
    for (auto at = page_.samples.lower_bound(prefix); at != page_.samples.end(); ++at) {
      if (!at->first.starts_with(prefix)) break;
      buckets[std::strtod(at->first.c_str() + prefix.size(), nullptr)] = at->second;
    }
    if (buckets.empty() || !std::isinf(buckets.rbegin()->first)) {
      return wrong("the histogram " + name + labels + " has no bucket le=\"+Inf\"");
    }
    if (buckets.rbegin()->second != count) {
      wrong("the last bucket of " + name + labels + " is not its count");
    }
    double last = 0;
    for (const auto& [bound, value] : buckets) {
      if (value < last) wrong("the buckets of " + name + labels + " fall: they are cumulative");
      last = value;
    }
  }

  ExpositionPage& page_;
  std::vector<std::string>& mistakes_;
  std::size_t line_ = 0;
  std::string current_;
  std::set<std::string> typed_;
  std::set<std::string> helped_;
  std::set<std::string> sampled_;
};

}  // namespace

ExpositionPage ExpositionPage::parse(std::string_view text, std::vector<std::string>& mistakes) {
  ExpositionPage page;
  Reader(page, mistakes).read(text);
  return page;
}

}  // namespace kvhost::conformance

#include "config/option_schema.hpp"

#include <algorithm>
#include <cstddef>

#include "config/did_you_mean.hpp"
#include "config/option_text.hpp"
#include "kvhost/detail/boundary.hpp"

namespace kvhost::host {
namespace {

using detail::to_view;

constexpr uint64_t kMostOptions = 500;
constexpr int kDeepestNesting = 4;

Status author_bug(std::string_view owner, std::string_view path, std::string_view text) {
  return {StatusCode::PLUGIN_ERROR, std::string(owner) + ": the declaration of option \"" +
                                        std::string(path) + "\" is wrong: " + std::string(text) +
                                        ". This is a bug of the plugin; tell its author"};
}

bool is_path(std::string_view path) {
  if (path.empty() || path.front() == '.' || path.back() == '.') return false;
  return std::all_of(path.begin(), path.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

bool is_readable(kvh_bytes text) { return text.size == 0 || text.data != nullptr; }

bool is_known_type(uint32_t type) { return type >= KVH_OPTION_BOOLEAN && type <= KVH_OPTION_PATH; }

bool can_have_bounds(OptionType type) {
  return type == OptionType::kInteger || type == OptionType::kNumber || type == OptionType::kSize ||
         type == OptionType::kDuration;
}

// What the declaration says must hold for itself: default and bounds parse, the default is allowed.
Status check_declaration(const OptionSchema& option, std::string_view owner) {
  if (option.type == OptionType::kChoice && option.choices.empty()) {
    return author_bug(owner, option.path, "it offers no choices");
  }
  if (option.type == OptionType::kTables && option.nested.empty()) {
    return author_bug(owner, option.path, "its tables have no members");
  }
  if (option.has_bounds() && !can_have_bounds(option.type)) {
    return author_bug(owner, option.path, "it has bounds, which only numbers can have");
  }
  for (const auto& bound : {option.min_text, option.max_text}) {
    if (bound.empty()) continue;
    if (const auto parsed = parse_option_text(option, bound); !parsed) {
      return author_bug(owner, option.path, "bound \"" + bound + "\": " + parsed.error().message());
    }
  }
  if (option.default_text.empty()) return {};
  if (option.type == OptionType::kTables) {
    return author_bug(owner, option.path, "an array of tables has no default");
  }
  const auto parsed = parse_option_text(option, option.default_text);
  const Status allowed = parsed ? check_bounds(option, *parsed) : parsed.error();
  if (allowed) return {};
  return author_bug(owner, option.path,
                    "default \"" + option.default_text + "\": " + allowed.message());
}

Result<Schema> read_rows(const kvh_option* options, uint64_t count, uint64_t stride,
                         std::string_view owner, int depth);

Result<OptionSchema> read_row(const kvh_option& row, std::string_view owner, int depth) {
  OptionSchema option;
  for (const kvh_bytes& text : {row.path, row.unit, row.default_value, row.min, row.max, row.doc}) {
    if (!is_readable(text)) return author_bug(owner, "", "it has a length without bytes");
  }
  option.path = to_view(row.path);
  if (!is_path(option.path)) {
    return author_bug(owner, option.path, "a name has letters a-z, digits, '_', '-' and '.' only");
  }
  if (!is_known_type(row.type)) {
    return author_bug(owner, option.path,
                      "its type " + std::to_string(row.type) + " is unknown to this host");
  }
  option.type = static_cast<OptionType>(row.type);
  option.reloadable = (row.flags & KVH_OPTION_RELOADABLE) != 0;
  option.secret = (row.flags & KVH_OPTION_SECRET) != 0;
  option.required = (row.flags & KVH_OPTION_REQUIRED) != 0;
  option.unit = to_view(row.unit);
  option.default_text = to_view(row.default_value);
  option.min_text = to_view(row.min);
  option.max_text = to_view(row.max);
  option.doc = to_view(row.doc);
  if (row.choice_count > kMostOptions || (row.choice_count != 0 && row.choices == nullptr)) {
    return author_bug(owner, option.path, "its choices cannot be read");
  }
  for (uint64_t i = 0; i < row.choice_count; ++i) {
    if (!is_readable(row.choices[i])) {
      return author_bug(owner, option.path, "a choice has a length without bytes");
    }
    option.choices.emplace_back(to_view(row.choices[i]));
  }
  if (row.nested_count != 0) {
    KVHOST_TRY_ASSIGN(option.nested,
                      read_rows(row.nested, row.nested_count, row.nested_stride,
                                std::string(owner) + ", option " + option.path, depth + 1));
  }
  KVHOST_TRY(check_declaration(option, owner));
  return option;
}

Result<Schema> read_rows(const kvh_option* options, uint64_t count, uint64_t stride,
                         std::string_view owner, int depth) {
  if (count == 0) return Schema();
  if (options == nullptr || count > kMostOptions || stride < sizeof(uint32_t) ||
      depth > kDeepestNesting) {
    return author_bug(owner, "",
                      "the list of options cannot be read (count " + std::to_string(count) +
                          ", stride " + std::to_string(stride) + ")");
  }
  Schema schema;
  for (uint64_t i = 0; i < count; ++i) {
    const auto& row = detail::strided(options, stride, i);
    // Everything up to nested_stride is there since the first version.
    if (!KVH_COVERS(&row, kvh_option, nested_stride)) {
      return author_bug(owner, std::to_string(i),
                        "the size of its row is " + std::to_string(row.size) +
                            ", the first version's is " +
                            std::to_string(offsetof(kvh_option, nested_stride) + sizeof(uint64_t)));
    }
    if (row.size > stride) {
      return author_bug(owner, std::to_string(i),
                        "rows of " + std::to_string(row.size) + " bytes that stand " +
                            std::to_string(stride) + " apart");
    }
    KVHOST_TRY_ASSIGN(auto option, read_row(row, owner, depth));
    if (find_option(schema, option.path) != nullptr) {
      return author_bug(owner, option.path, "it is declared twice");
    }
    schema.push_back(std::move(option));
  }
  return schema;
}

std::string with_bounds(const OptionSchema& option, std::string text) {
  const auto& min = option.min_text;
  const auto& max = option.max_text;
  if (!min.empty() && !max.empty()) return text + " between " + min + " and " + max;
  if (!min.empty()) return text + " of at least " + min;
  if (!max.empty()) return text + " of at most " + max;
  return text;
}

std::string sample(const OptionSchema& option, std::string_view otherwise) {
  return toml_string(option.default_text.empty() ? otherwise : option.default_text);
}

}  // namespace

std::string_view OptionSchema::name() const {
  const auto dot = path.rfind('.');
  return dot == std::string::npos ? std::string_view(path) : std::string_view(path).substr(dot + 1);
}

std::string OptionSchema::expected() const {
  const std::string of_unit = unit.empty() ? "" : " of " + unit;
  switch (type) {
    case OptionType::kBoolean:
      return "true or false";
    case OptionType::kInteger:
      return with_bounds(*this, "an integer" + of_unit);
    case OptionType::kNumber:
      return with_bounds(*this, "a number" + of_unit);
    case OptionType::kString:
      return "a string";
    case OptionType::kSize:
      return with_bounds(*this, "a size such as " + sample(*this, "64MiB"));
    case OptionType::kDuration:
      return with_bounds(*this, "a duration such as " + sample(*this, "10ms"));
    case OptionType::kChoice:
      return "one of " + quoted_list(choices);
    case OptionType::kAddress:
      return "an address such as " + sample(*this, "127.0.0.1:8080");
    case OptionType::kPath:
      return "a path such as " + sample(*this, "./file");
    case OptionType::kStrings:
      return "an array of strings such as [\"a\", \"b\"]";
    case OptionType::kTables: {
      std::string members;
      for (const auto& member : nested) {
        if (!members.empty()) members += ", ";
        members += member.path + " = …";
      }
      return "an array of tables such as [{ " + members + " }]";
    }
  }
  return "a value";
}

std::string OptionSchema::to_toml(std::string_view value) const {
  switch (type) {
    case OptionType::kBoolean:
    case OptionType::kInteger:
    case OptionType::kNumber:
      return std::string(value);
    case OptionType::kStrings:
    case OptionType::kTables:
      return value.empty() ? "[]" : std::string(value);
    default:
      return toml_string(value);
  }
}

Result<Schema> read_schema(const kvh_option* options, uint64_t count, uint64_t stride,
                           std::string_view owner) {
  return read_rows(options, count, stride, owner, 0);
}

std::string toml_string(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += std::string("\\u00") + kHex[byte >> 4] + kHex[byte & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

const OptionSchema* find_option(const Schema& schema, std::string_view path) {
  for (const auto& option : schema) {
    if (option.path == path) return &option;
  }
  return nullptr;
}

}  // namespace kvhost::host

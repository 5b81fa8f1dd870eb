#include "api/openapi.hpp"

#include <boost/json.hpp>
#include <cctype>
#include <string_view>

#include "api/routes.hpp"

namespace kvhost::http {
namespace {

namespace json = boost::json;

// What the bodies look like. In every object a member NAME that holds bytes may instead be
// NAME_base64.
constexpr std::string_view kSchemas = R"({
"Value":{"type":"object","additionalProperties":false,"properties":{
  "value":{"type":"string"},"value_base64":{"type":"string","contentEncoding":"base64"},
  "ttl":{"type":"number","exclusiveMinimum":0,"maximum":10000000000}}},
"Written":{"type":"object","required":["version"],"properties":{
  "key":{"type":"string"},"key_base64":{"type":"string"},"version":{"type":"integer"}}},
"Deleted":{"type":"object","required":["deleted","version"],"properties":{
  "key":{"type":"string"},"key_base64":{"type":"string"},"deleted":{"const":true},
  "version":{"type":"integer"}}},
"Entry":{"type":"object","required":["version"],"properties":{
  "key":{"type":"string"},"key_base64":{"type":"string"},"value":{"type":"string"},
  "value_base64":{"type":"string"},"version":{"type":"integer"},
  "ttl":{"type":"number","description":"seconds left; absent when the key does not expire"}}},
"Page":{"type":"object","required":["items"],"properties":{
  "items":{"type":"array","items":{"$ref":"#/components/schemas/Entry"}},
  "next_cursor":{"type":"string","description":"absent on the last page"}}},
"Increment":{"type":"object","additionalProperties":false,"properties":{
  "by":{"type":"integer","default":1}}},
"Number":{"type":"object","required":["value","version"],"properties":{
  "key":{"type":"string"},"key_base64":{"type":"string"},"value":{"type":"integer"},
  "version":{"type":"integer"}}},
"Batch":{"type":"object","additionalProperties":false,"properties":{
  "if":{"type":"array","items":{"type":"object","properties":{
    "key":{"type":"string"},"version":{"type":"integer"},"absent":{"type":"boolean"},
    "value":{"type":"string"}}}},
  "ops":{"type":"array","items":{"type":"object","required":["op"],"properties":{
    "op":{"enum":["put","delete","delete_range","incr"]},"key":{"type":"string"},
    "value":{"type":"string"},"ttl":{"type":"number"},"start":{"type":"string"},
    "end":{"type":"string"},"by":{"type":"integer"}}}}}},
"BatchResult":{"type":"object","required":["version","results"],"properties":{
  "version":{"type":"integer"},
  "results":{"type":"array","items":{"type":"object","properties":{
    "version":{"type":"integer"},"value":{"type":"integer"},"deleted":{"type":"boolean"}}}}}},
"Health":{"type":"object"},
"Ready":{"type":"object","required":["ready"],"properties":{"ready":{"type":"boolean"}}},
"Section":{"type":"object"},
"Problem":{"type":"object","required":["title","status","code","detail","remedy"],"properties":{
  "type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},
  "code":{"type":"string"},"detail":{"type":"string"},"remedy":{"type":"string"},
  "version":{"type":"integer","description":"with 412: the key's version, 0 = absent"},
  "failed":{"type":"array","items":{"type":"object","properties":{
    "index":{"type":"integer"},"version":{"type":"integer"}}}}}}
})";

json::string_view text(std::string_view view) { return {view.data(), view.size()}; }

json::object content_of(std::string_view type, std::string_view schema) {
  json::object media;
  media["schema"] = json::object{{"$ref", "#/components/schemas/" + std::string(schema)}};
  return {{text(type), std::move(media)}};
}

json::array parameters_of(const Route& route) {
  json::array list;
  const auto open = route.pattern.find('{');
  if (open != std::string_view::npos) {
    const auto name = route.pattern.substr(open + 1, route.pattern.find('}') - open - 1);
    list.push_back(json::object{{"name", text(name)},
                                {"in", "path"},
                                {"required", true},
                                {"schema", json::object{{"type", "string"}}}});
  }
  for (const Parameter& row : route.parameters) {
    list.push_back(json::object{{"name", text(row.name)},
                                {"in", text(row.in)},
                                {"required", false},
                                {"description", text(row.doc)},
                                {"schema", json::object{{"type", text(row.type)}}}});
  }
  return list;
}

json::object operation_of(const Route& route) {
  json::object operation;
  operation["summary"] = text(route.summary);
  operation["parameters"] = parameters_of(route);
  if (!route.request_schema.empty()) {
    json::object content = content_of("application/json", route.request_schema);
    if (route.body == BodyKind::kValue) content["application/octet-stream"] = json::object();
    operation["requestBody"] = json::object{{"content", std::move(content)}};
  }
  json::object done{{"description", "Done."}};
  if (!route.response_schema.empty()) {
    json::object content = content_of("application/json", route.response_schema);
    if (route.response_schema == "Entry") content["application/octet-stream"] = json::object();
    if (route.response_schema == "Page") content["application/x-ndjson"] = json::object();
    done["content"] = std::move(content);
  }
  json::object failed{{"description", "A problem; its code is one of the status table's."},
                      {"content", content_of("application/problem+json", "Problem")}};
  operation["responses"] = json::object{{"200", std::move(done)}, {"default", std::move(failed)}};
  return operation;
}

std::string build() {
  json::object paths;
  for (const Route& route : routes()) {
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    auto& path = paths[text(route.pattern)];
    if (!path.is_object()) path = json::object();
    path.get_object()[method] = operation_of(route);
  }
  json::object document;
  document["openapi"] = "3.1.0";
  document["info"] = json::object{{"title", "kvhost"}, {"version", "1"}};
  document["paths"] = std::move(paths);
  document["components"] = json::object{{"schemas", json::parse(text(kSchemas))}};
  return json::serialize(document);
}

}  // namespace

const std::string& openapi_json() {
  static const std::string document = build();
  return document;
}

}  // namespace kvhost::http

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "api/handlers.hpp"
#include "api/json_body.hpp"
#include "api/openapi.hpp"
#include "api/routes.hpp"
#include "session/store_call.hpp"

namespace kvhost::http {
namespace {

constexpr std::string_view kSectionPrefix = "/v1/";

Response json_response(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

}  // namespace

void show_section(const ExchangePtr& exchange) {
  auto text =
      exchange->service().store.info(exchange->route()->pattern.substr(kSectionPrefix.size()));
  if (!text) return exchange->fail(text.error());
  exchange->respond(json_response(std::move(*text)));
}

// The status line answers load balancers; the reasons are for people who ask with ?verbose.
void show_ready(const ExchangePtr& exchange) {
  const auto text = exchange->service().store.info("ready");
  if (!text) return exchange->fail(text.error());
  boost::json::error_code ec;
  const auto value = boost::json::parse(*text, ec);
  if (ec || !value.is_object()) {
    return exchange->fail({StatusCode::INTERNAL, "the section \"ready\" is no JSON object"});
  }
  const auto* ready = value.get_object().if_contains("ready");
  const bool serves = ready != nullptr && ready->is_bool() && ready->get_bool();
  const auto verbose = exchange->request().target.parameter("verbose");
  const bool wants_all = verbose && *verbose != "false" && *verbose != "0";
  Response response = json_response(
      wants_all ? *text : std::string(serves ? R"({"ready":true})" : R"({"ready":false})"));
  if (!serves) {
    response.status = 503;
    response.add("Retry-After", "1");
  }
  exchange->respond(std::move(response));
}

void show_openapi(const ExchangePtr& exchange) { exchange->respond(json_response(openapi_json())); }

void run_command(const ExchangePtr& exchange) {
  const std::string_view body = exchange->request().body();
  if (!body.empty()) {
    const auto json = JsonBody::parse(body);
    if (!json) return exchange->fail(json.error());
  }
  store_command(exchange, exchange->key(), body.empty() ? std::string_view("{}") : body,
                [](const ExchangePtr& done, Status status, std::string answer) {
                  if (!status.is_ok()) return done->fail(status);
                  done->respond(json_response(answer.empty() ? "{}" : std::move(answer)));
                });
}

}  // namespace kvhost::http

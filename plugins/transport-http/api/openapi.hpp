// The description of this interface as OpenAPI 3.1, made from the route table.
//
// Threads:   any.
#pragma once

#include <string>

namespace kvhost::http {

const std::string& openapi_json();

}  // namespace kvhost::http

// Addresses as options write them: "127.0.0.1:9090", "[::1]:9090", "localhost:0", ":9090".
//
// Threads:   any; resolving a name may block.
// Errors:    INVALID_ARGUMENT names the address and the expected form.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "kvhost/result.hpp"

namespace kvhost::tcp {

Result<boost::asio::ip::tcp::endpoint> resolve_address(boost::asio::io_context& context,
                                                       const std::string& address);
std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace kvhost::tcp

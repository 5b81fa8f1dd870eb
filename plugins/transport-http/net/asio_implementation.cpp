// Boost.Asio's compiled part, once for this plugin.
#include <boost/asio/impl/src.hpp>

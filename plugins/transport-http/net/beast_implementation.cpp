// Boost.Beast's compiled part, once for this plugin.
#include <boost/beast/src.hpp>

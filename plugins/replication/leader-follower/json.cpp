// Boost.JSON's own functions, compiled once here.
#include <boost/json/src.hpp>

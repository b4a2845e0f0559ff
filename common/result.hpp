#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <stdexcept>

#include "common/error.hpp"

namespace bulkhead {

/// Outcome of an operation that can fail in production. Never ignored: callers
/// branch on it or hand it up. Asking a failed one for its value is a bug of ours.
template <class T = void>
using Result = boost::system::result<T, Error>;

/// Found by Boost through argument-dependent lookup when `value()` is misused.
[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location&) {
  throw std::logic_error{"value() of a failed Result: " + error.message};
}

}  // namespace bulkhead

#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>

namespace bulkhead::cli {

/// Exit codes of `bulkhead`; scripts rely on them, `bulkhead --help` lists them.
enum class Exit : int {
  Ok = 0,
  Refused = 1,   // the supervisor answered with an error, or a file here cannot be used
  Usage = 2,     // the command line is wrong
  NotThere = 3,  // no supervisor answers at the address, or it went away
  Timeout = 4,   // it did not answer, or did not get there, in time
};

/// Why a command ends early: its exit code and what to tell the operator, who may act on it.
struct Failure {
  Exit exit = Exit::Refused;
  std::string message;
};

/// Like bulkhead::Result, for a program whose failures end in an exit code.
template <class T = void>
using Outcome = boost::system::result<T, Failure>;

/// Found by Boost through argument-dependent lookup when `value()` is misused.
[[noreturn]] inline void throw_exception_from_error(const Failure& failure,
                                                    const boost::source_location&) {
  throw std::logic_error{"value() of a failed Outcome: " + failure.message};
}

}  // namespace bulkhead::cli

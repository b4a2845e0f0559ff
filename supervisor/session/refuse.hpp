#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "common/error.hpp"

namespace bulkhead::supervisor {

/// Answers a request with an error, on a later turn of the loop: nobody is called back from within
/// his own call.
template <class Done>
void refuse(boost::asio::io_context& loop, const Done& done, const Error& error) {
  boost::asio::post(loop, [done, error] { done(error); });
}

}  // namespace bulkhead::supervisor

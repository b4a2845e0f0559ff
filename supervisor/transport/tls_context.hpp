#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "common/result.hpp"

namespace bulkhead {

/// A context that speaks TLS 1.2 or above, or 1.3 alone where the system says so. Io: OpenSSL has
/// no memory for one.
Result<std::shared_ptr<boost::asio::ssl::context>> new_tls_context(
    boost::asio::ssl::context::method method);

}  // namespace bulkhead

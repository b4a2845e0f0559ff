#include "supervisor/transport/tls_context.hpp"

#include <openssl/ssl.h>

namespace bulkhead {

Result<std::shared_ptr<boost::asio::ssl::context>> new_tls_context(
    boost::asio::ssl::context::method method) {
  try {
    auto context = std::make_shared<boost::asio::ssl::context>(method);
    SSL_CTX* const native = context->native_handle();
    if (SSL_CTX_get_min_proto_version(native) < TLS1_2_VERSION) {
      SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    }
    return {boost::system::in_place_value, std::move(context)};
  } catch (const boost::system::system_error& failure) {
    return Error{ErrorCode::Io, "no TLS: " + failure.code().message(), {}};
  }
}

}  // namespace bulkhead

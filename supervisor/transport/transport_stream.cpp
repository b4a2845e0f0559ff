#include "supervisor/transport/transport_stream.hpp"

#include <cassert>

namespace bulkhead {

Result<TransportStream::Tls*> TransportStream::secure(boost::asio::ssl::context& context) {
  assert(!is_secure());
  const executor_type executor = get_executor();
  try {
    Tls tls{std::move(*std::get_if<Tcp>(&stream_)), context};
    return &stream_.emplace<Tls>(std::move(tls));
  } catch (const boost::system::system_error& failure) {
    stream_.emplace<Tcp>(executor);
    return Error{ErrorCode::Io, "no TLS: " + failure.code().message(), {}};
  }
}

TransportStream::Tcp& TransportStream::tcp() noexcept {
  if (auto* tls = std::get_if<Tls>(&stream_)) return tls->next_layer();
  return *std::get_if<Tcp>(&stream_);
}

}  // namespace bulkhead

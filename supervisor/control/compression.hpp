#pragma once

#include <boost/beast/websocket/option.hpp>

namespace bulkhead::supervisor {

/// RFC 7692 where a client offers it. No context outlives its message and the windows are small,
/// so that a thousand clients cost little memory, whatever they send.
[[nodiscard]] boost::beast::websocket::permessage_deflate compression();

}  // namespace bulkhead::supervisor

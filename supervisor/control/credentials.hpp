#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/system/result.hpp>
#include <string_view>

#include "supervisor/access/authenticator.hpp"

namespace bulkhead::supervisor {

/// The protocol of the WebSocket, for clients that must name one to hand over a ticket.
inline constexpr std::string_view kWebSocketProtocol = "bulkhead.v1";
inline constexpr std::string_view kTicketProtocolPrefix = "bulkhead.ticket.";

/// Reads what a request shows: `Authorization: Bearer TOKEN`, or among the protocols of an upgrade
/// `bulkhead.ticket.TICKET`. Fills token and ticket. Refused with 400: credentials in the query,
/// which every proxy writes to its log, and more than one; with 401: another scheme.
[[nodiscard]] boost::system::result<Credentials, LoginRefusal> read_credentials(
    const boost::beast::http::fields& fields, std::string_view target);

/// Whether the client offers kWebSocketProtocol, which is then the one to answer with.
[[nodiscard]] bool offers_protocol(const boost::beast::http::fields& fields);

}  // namespace bulkhead::supervisor

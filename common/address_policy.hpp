#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ip_address.hpp"
#include "common/json_fields.hpp"
#include "common/result.hpp"

namespace bulkhead {

/// What no camera is at: link-local addresses, among them the metadata services of clouds, those
/// of such services elsewhere, unspecified ones, multicast, broadcast and what is reserved.
[[nodiscard]] std::vector<AddressBlock> default_denied_blocks();

/// Which addresses this product may be told to connect to, by an operator, a name server or a
/// camera that redirects: those in `allow`, and those in neither list. A value; pure.
struct AddressPolicy {
  std::vector<AddressBlock> deny = default_denied_blocks();
  std::vector<AddressBlock> allow{};
  /// The supervisor's own port on loopback, where it trusts whoever connects. 0: none. No list
  /// allows it.
  std::uint16_t control_port = 0;

  /// Why not: a sentence that names the address, the rule and the remedy. Empty: it may. What an
  /// address leads to by translation (IpAddress::embedded_v4) is judged, too.
  [[nodiscard]] std::optional<std::string> denial(const IpAddress& address,
                                                  std::uint16_t port) const;

  [[nodiscard]] nlohmann::json to_json() const;
  /// `path` prefixes the field named by an error. Every member is required.
  static Result<AddressPolicy> from_json(const nlohmann::json& json, const std::string& path);

  bool operator==(const AddressPolicy&) const = default;
};

/// The member `key`, an array of blocks, at most limits::kAddressBlocks; empty where it is absent.
[[nodiscard]] std::vector<AddressBlock> read_blocks(JsonFields& fields, std::string_view key);

[[nodiscard]] std::vector<std::string> texts_of(const std::vector<AddressBlock>& blocks);

}  // namespace bulkhead

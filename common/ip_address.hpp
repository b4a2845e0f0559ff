#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace bulkhead {

/// An address of the internet. IPv4 that is written as IPv6 (::ffff:192.0.2.7) is IPv4, so that no
/// rule depends on how somebody writes an address.
class IpAddress {
 public:
  using Bytes = std::array<std::uint8_t, 16>;

  /// "192.0.2.7", "2001:db8::7" or "fe80::1%eth0", whose zone is left out. Nothing else: no name,
  /// and IPv4 neither in fewer than four numbers nor in octal or hexadecimal ones.
  static std::optional<IpAddress> parse(std::string_view text);

  /// As the kernel has it: 4 or 16 bytes, in network order.
  static IpAddress from_network(std::span<const std::uint8_t> bytes);

  [[nodiscard]] bool is_v4() const noexcept;

  /// Where packets to it go on this machine: 127.0.0.0/8 and ::1, and 0.0.0.0 and ::, which Linux
  /// takes for them.
  [[nodiscard]] bool is_this_machine() const noexcept;

  /// The IPv4 address that packets to this one end at, where a gateway translates: of 6to4
  /// (2002::/16), of NAT64 (64:ff9b::/96), and of the old compatible form (::192.0.2.7).
  [[nodiscard]] std::optional<IpAddress> embedded_v4() const;

  /// Of IPv4 the last four, after ::ffff.
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::string text() const;

  bool operator==(const IpAddress&) const = default;

 private:
  explicit IpAddress(const Bytes& bytes) noexcept : bytes_{bytes} {}

  Bytes bytes_;
};

/// All addresses that begin alike, such as 10.0.0.0/8 or fe80::/10. A block is of one family: ::/0
/// holds no IPv4 address.
class AddressBlock {
 public:
  /// Without a length it is one address. InvalidParams says what is wrong and names no field.
  static Result<AddressBlock> parse(std::string_view text);

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
  [[nodiscard]] std::string text() const;  // always with its length

  bool operator==(const AddressBlock&) const = default;

 private:
  AddressBlock(const IpAddress& first, unsigned bits) noexcept : first_{first}, bits_{bits} {}

  IpAddress first_;
  unsigned bits_;  // of its bytes: of IPv4 96 more than are written
};

}  // namespace bulkhead

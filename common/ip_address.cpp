#include "common/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cassert>
#include <charconv>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead {

namespace {

constexpr std::size_t kV4Bytes = 4;
constexpr unsigned kV6Bits = 128;
constexpr unsigned kV4Offset = 96;  // bits before an IPv4 address in its 16 bytes
constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::array<std::uint8_t, 12> kNat64{0, 0x64, 0xFF, 0x9B};
constexpr std::array<std::uint8_t, 12> kCompatible{};
constexpr std::array<std::uint8_t, 2> k6To4{0x20, 0x02};

template <std::size_t Size>
bool begins_with(const IpAddress::Bytes& bytes, const std::array<std::uint8_t, Size>& prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool same_bits(const IpAddress::Bytes& a, const IpAddress::Bytes& b, unsigned bits) {
  constexpr unsigned kByte = 8;
  const std::size_t whole = bits / kByte;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) {
    return false;
  }
  const unsigned rest = bits % kByte;
  return rest == 0 || (a[whole] >> (kByte - rest)) == (b[whole] >> (kByte - rest));
}

IpAddress::Bytes only_first(const IpAddress::Bytes& bytes, unsigned bits) {
  IpAddress::Bytes first{};
  for (unsigned i = 0; i < bits; ++i) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> (i % 8));
    first[i / 8] = static_cast<std::uint8_t>(first[i / 8] | (bytes[i / 8] & mask));
  }
  return first;
}

Error bad_block(std::string_view block, const std::string& what) {
  return {ErrorCode::InvalidParams,
          '"' + printable_text(block, limits::kAddressBlockBytes) + "\" " + what,
          {}};
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const bool is_v6 = text.find(':') != text.npos;
  const std::string terminated{is_v6 ? text.substr(0, text.find('%')) : text};
  Bytes bytes{};
  if (is_v6) {
    if (::inet_pton(AF_INET6, terminated.c_str(), bytes.data()) != 1) return std::nullopt;
    return IpAddress{bytes};
  }
  std::array<std::uint8_t, kV4Bytes> v4{};
  if (::inet_pton(AF_INET, terminated.c_str(), v4.data()) != 1) return std::nullopt;
  return from_network(v4);
}

IpAddress IpAddress::from_network(std::span<const std::uint8_t> bytes) {
  Bytes all{};
  assert(bytes.size() == kV4Bytes || bytes.size() == all.size());
  if (bytes.size() == kV4Bytes) std::copy(kMapped.begin(), kMapped.end(), all.begin());
  std::copy(bytes.begin(), bytes.end(), all.end() - static_cast<std::ptrdiff_t>(bytes.size()));
  return IpAddress{all};
}

bool IpAddress::is_v4() const noexcept { return begins_with(bytes_, kMapped); }

bool IpAddress::is_this_machine() const noexcept {
  constexpr std::uint8_t kLoopbackNet = 127;
  const std::uint8_t* const v4 = bytes_.data() + kMapped.size();
  const bool no_v4 = std::all_of(v4, v4 + kV4Bytes, [](std::uint8_t byte) { return byte == 0; });
  if (is_v4()) return v4[0] == kLoopbackNet || no_v4;
  const bool is_one = v4[0] == 0 && v4[1] == 0 && v4[2] == 0 && v4[3] == 1;
  return begins_with(bytes_, kCompatible) && (no_v4 || is_one);
}

std::optional<IpAddress> IpAddress::embedded_v4() const {
  const std::span<const std::uint8_t> bytes{bytes_};
  if (begins_with(bytes_, k6To4)) return from_network(bytes.subspan(k6To4.size(), kV4Bytes));
  const bool is_compatible = begins_with(bytes_, kCompatible) && !is_this_machine();
  if (begins_with(bytes_, kNat64) || is_compatible) return from_network(bytes.last(kV4Bytes));
  return std::nullopt;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = is_v4();
  ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes_.data() + (v4 ? kMapped.size() : 0), text.data(),
              text.size());
  return text.data();
}

Result<AddressBlock> AddressBlock::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto first = IpAddress::parse(text.substr(0, slash));
  if (!first || text.find('%') != text.npos) {
    return bad_block(text, "is no block of addresses; write one as 10.0.0.0/8 or fe80::/10");
  }
  const bool written_as_v4 = text.find(':') == text.npos;
  const unsigned offset = written_as_v4 ? kV4Offset : 0;
  const unsigned longest = kV6Bits - offset;
  unsigned length = longest;
  if (slash != text.npos) {
    const char* const end = text.data() + text.size();
    const auto [parsed, failure] = std::from_chars(text.data() + slash + 1, end, length);
    if (failure != std::errc{} || parsed != end || length > longest) {
      return bad_block(text,
                       "has no length from 0 to " + std::to_string(longest) + " after its '/'");
    }
  }
  const unsigned bits = offset + length;
  if (first->is_v4() && bits < kV4Offset) {
    return bad_block(text, "is more than IPv4 as IPv6 has it; write a block of IPv4 as 10.0.0.0/8");
  }
  const auto begin = IpAddress::from_network(only_first(first->bytes(), bits));
  if (begin != *first) {
    return bad_block(text, "has more bits than its length says; write " +
                               AddressBlock{begin, bits}.text() + " or a greater length");
  }
  return AddressBlock{*first, bits};
}

bool AddressBlock::contains(const IpAddress& address) const noexcept {
  return address.is_v4() == first_.is_v4() && same_bits(address.bytes(), first_.bytes(), bits_);
}

std::string AddressBlock::text() const {
  return first_.text() + "/" + std::to_string(bits_ - (first_.is_v4() ? kV4Offset : 0));
}

}  // namespace bulkhead

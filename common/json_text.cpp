#include "common/json_text.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

#include "common/utf8.hpp"

namespace bulkhead {

namespace {

constexpr double kLargest = 1e12;
constexpr std::array<std::int64_t, 7> kPowerOfTen{1, 10, 100, 1000, 10'000, 100'000, 1'000'000};

bool is_plain(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4U];
  out += kHex[byte & 0x0FU];
}

template <class Integer>
void append_integer(std::string& out, Integer value) {
  std::array<char, 24> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  assert(error == std::errc{});
  out.append(digits.data(), end);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto special = std::find_if_not(text.begin(), text.end(), is_plain);
    const auto plain = static_cast<std::size_t>(special - text.begin());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t length = utf8_length(text);
    if (length > 1) {
      out.append(text.substr(0, length));
    } else if (length == 1) {
      append_escaped(out, text.front());
    } else {
      out += "\xEF\xBF\xBD";
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

void append_json_integer(std::string& out, std::int64_t value) { append_integer(out, value); }

void append_json_unsigned(std::string& out, std::uint64_t value) { append_integer(out, value); }

void append_json_number(std::string& out, double value, int decimals) {
  assert(decimals >= 0 && decimals < static_cast<int>(kPowerOfTen.size()));
  if (!std::isfinite(value)) value = 0;
  const std::int64_t scale = kPowerOfTen[static_cast<std::size_t>(decimals)];
  const double clamped = std::clamp(value, -kLargest, kLargest);
  const std::int64_t scaled = std::llround(clamped * static_cast<double>(scale));
  if (scaled < 0) out += '-';
  const std::int64_t magnitude = std::abs(scaled);
  append_integer(out, magnitude / scale);

  std::int64_t fraction = magnitude % scale;
  if (fraction == 0) return;
  std::array<char, 8> digits{};
  auto length = static_cast<std::size_t>(decimals);
  for (std::size_t i = length; i-- > 0; fraction /= 10) {
    digits[i] = static_cast<char>('0' + fraction % 10);
  }
  while (digits[length - 1] == '0') --length;
  out += '.';
  out.append(digits.data(), length);
}

}  // namespace bulkhead

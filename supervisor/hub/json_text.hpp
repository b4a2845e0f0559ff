#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::supervisor {

/// JSON written by appending to one string, for the message that is written most often.
/// bench/fanout.cpp compares it with building a tree and dumping that.

/// Appends `text` as a quoted JSON string. Always valid: control characters are escaped, and a
/// byte that belongs to no UTF-8 character becomes U+FFFD, so a hostile label cannot break the
/// message of a whole frame.
void append_json_string(std::string& out, std::string_view text);

void append_json_integer(std::string& out, std::int64_t value);
void append_json_unsigned(std::string& out, std::uint64_t value);

/// Appends `value` rounded to `decimals` (0 to 6) without trailing zeros: 411, 0.91. JSON has no
/// NaN nor infinity: they become 0. Values past 1e12 are clamped to it.
void append_json_number(std::string& out, double value, int decimals);

}  // namespace bulkhead::supervisor

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead {

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

/// Writes the members of one object in order; knows only where commas go. The braces are the
/// caller's.
class JsonMembers {
 public:
  explicit JsonMembers(std::string& out) : out_{out} {}

  /// For a name that needs no escaping.
  std::string& key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += name;
    return out_ += "\":";
  }
  /// For a name that is not ours.
  std::string& foreign_key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    return out_ += ':';
  }
  void text(std::string_view name, std::string_view value) { append_json_string(key(name), value); }
  void number(std::string_view name, double value, int decimals) {
    append_json_number(key(name), value, decimals);
  }
  void count(std::string_view name, std::uint64_t value) { append_json_unsigned(key(name), value); }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace bulkhead

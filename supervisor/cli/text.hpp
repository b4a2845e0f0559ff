#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::cli {

/// "420ms", "45s", "3m12s", "2h05m", "3d04h"; a negative one is "0ms".
[[nodiscard]] std::string duration_text(std::int64_t milliseconds);

/// Milliseconds since 1970 of "2026-01-05T12:00:00.123456Z"; nothing where it is no such text.
[[nodiscard]] std::optional<std::int64_t> iso8601_ms(std::string_view text);

/// "12:00:00.123", the time of day (UTC) in such a text; the text itself where it is none.
[[nodiscard]] std::string time_of_day(std::string_view iso8601);

enum class Colour { None, Green, Yellow, Red, Dim };

/// `text` between the escape sequences of a terminal, or as it is where `wanted` is false.
[[nodiscard]] std::string coloured(std::string_view text, Colour colour, bool wanted);

/// The colour that tells an operator whether to act.
[[nodiscard]] Colour colour_of_state(std::string_view state);

/// Columns aligned by their widest cell, two spaces between them, the last one ragged. Widths count
/// characters; colours do not count.
class Table {
 public:
  struct Cell {
    std::string text;
    Colour colour = Colour::None;
    bool right = false;  // numbers
  };

  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text(bool colours) const;

 private:
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace bulkhead::cli

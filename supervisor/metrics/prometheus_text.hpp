#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "supervisor/metrics/figures.hpp"

namespace bulkhead::supervisor {

inline constexpr std::string_view kPrometheusContentType =
    "text/plain; version=0.0.4; charset=utf-8";

/// Writes the text exposition format, version 0.0.4: families with HELP and TYPE, samples with
/// escaped label values. One family is written whole before the next begins, as the format wants.
class PrometheusText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  void family(std::string_view name, std::string_view type, std::string_view help);
  /// `suffix` is empty, or "_sum", "_count", "_bucket" of the family begun last.
  void sample(std::string_view suffix, Labels labels, double value);
  /// The samples of one histogram: its buckets, sum and count. `labels` may be empty.
  void histogram(Labels labels, const DurationHistogram& histogram);

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void begin_sample(std::string_view suffix);
  void append_labels(Labels labels, std::string_view upper_bound);
  void append_value(double value);

  std::string family_;
  std::string text_;
};

/// All figures under the names of supervisor/metrics/README.md.
[[nodiscard]] std::string prometheus_text(const SupervisorFigures& figures);

}  // namespace bulkhead::supervisor

#include "supervisor/metrics/prometheus_text.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

namespace bulkhead::supervisor {

namespace {

std::string shortest(double value) {
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  assert(error == std::errc{});
  return {digits.data(), end};
}

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

}  // namespace

void PrometheusText::family(std::string_view name, std::string_view type, std::string_view help) {
  family_ = name;
  text_ += "# HELP " + family_ + ' ';
  text_ += help;
  text_ += "\n# TYPE " + family_ + ' ';
  text_ += type;
  text_ += '\n';
}

void PrometheusText::begin_sample(std::string_view suffix) {
  text_ += family_;
  text_ += suffix;
}

void PrometheusText::append_labels(Labels labels, std::string_view upper_bound) {
  if (labels.size() == 0 && upper_bound.empty()) return;
  char before = '{';
  const auto append = [&](std::string_view name, std::string_view value) {
    text_ += before;
    before = ',';
    text_ += name;
    text_ += "=\"";
    append_escaped(text_, value);
    text_ += '"';
  };
  for (const auto& [name, value] : labels) append(name, value);
  if (!upper_bound.empty()) append("le", upper_bound);
  text_ += '}';
}

void PrometheusText::append_value(double value) {
  assert(std::isfinite(value));
  text_ += ' ';
  text_ += shortest(value);
  text_ += '\n';
}

void PrometheusText::sample(std::string_view suffix, Labels labels, double value) {
  begin_sample(suffix);
  append_labels(labels, {});
  append_value(value);
}

void PrometheusText::histogram(Labels labels, const DurationHistogram& histogram) {
  const auto counts = histogram.cumulative();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    begin_sample("_bucket");
    append_labels(labels, i < DurationHistogram::kBounds.size()
                              ? shortest(DurationHistogram::kBounds[i])
                              : "+Inf");
    append_value(static_cast<double>(counts[i]));
  }
  sample("_sum", labels, histogram.sum_seconds());
  sample("_count", labels, static_cast<double>(counts.back()));
}

}  // namespace bulkhead::supervisor

#include "common/gst_categories.hpp"

#include <algorithm>

#include "common/limits.hpp"

namespace bulkhead {

namespace {

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '*';
  });
}

}  // namespace

Result<std::vector<GstCategory>> parse_gst_categories(std::string_view text) {
  std::vector<GstCategory> categories;
  const Error wrong{ErrorCode::InvalidParams,
                    "give 1 to " + std::to_string(limits::kGstDebugCategories) +
                        R"( categories with a level of 1 to 7, like "rtspsrc:6,rtspconnection:5")",
                    "categories"};
  while (true) {
    const std::string_view one = text.substr(0, text.find(','));
    const std::size_t colon = one.find(':');
    const bool is_good = one.size() <= limits::kGstDebugCategoryBytes && colon + 2 == one.size() &&
                         is_name(one.substr(0, colon)) && one[colon + 1] >= '1' &&
                         one[colon + 1] <= '7';
    if (!is_good || categories.size() == limits::kGstDebugCategories) return wrong;
    categories.push_back({std::string{one.substr(0, colon)}, one[colon + 1] - '0'});
    if (one.size() == text.size()) return categories;
    text.remove_prefix(one.size() + 1);
  }
}

}  // namespace bulkhead

#include "supervisor/control/query_pairs.hpp"

#include <algorithm>

#include "common/percent_encoding.hpp"

namespace bulkhead::supervisor {

Result<QueryPairs> query_pairs(std::string_view query) {
  QueryPairs pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto key = percent_decoded(pair.substr(0, equals));
    auto value = percent_decoded(equals == std::string_view::npos ? std::string_view{}
                                                                  : pair.substr(equals + 1));
    if (!key || !value) {
      return Error{ErrorCode::InvalidParams, "the query is not percent-encoded", "query"};
    }
    pairs.emplace_back(*std::move(key), *std::move(value));
  }
  return pairs;
}

std::string_view query_of(std::string_view target) noexcept {
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

}  // namespace bulkhead::supervisor

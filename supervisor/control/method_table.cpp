#include "supervisor/control/method_table.hpp"

#include <cassert>
#include <utility>

namespace bulkhead::supervisor {

void MethodTable::add(std::string name, Method method) {
  [[maybe_unused]] const auto [entry, is_new] =
      methods_.emplace(std::move(name), std::move(method));
  assert(is_new);
}

const MethodTable::Method* MethodTable::find(const std::string& name) const {
  const auto found = methods_.find(name);
  return found == methods_.end() ? nullptr : &found->second;
}

std::vector<std::string> MethodTable::names() const {
  std::vector<std::string> names;
  for (const auto& [name, method] : methods_) names.push_back(name);
  return names;
}

}  // namespace bulkhead::supervisor

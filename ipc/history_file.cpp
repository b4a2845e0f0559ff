#include "ipc/history_file.hpp"

namespace bulkhead::ipc {

namespace {

constexpr std::uint32_t kFnvBasis = 2'166'136'261;
constexpr std::uint32_t kFnvPrime = 16'777'619;

constexpr std::uint32_t with(std::uint32_t hash, unsigned char byte) noexcept {
  return (hash ^ byte) * kFnvPrime;
}

}  // namespace

std::uint32_t history_key(HistoryTerm term, std::string_view first,
                          std::string_view second) noexcept {
  std::uint32_t hash = with(kFnvBasis, static_cast<unsigned char>(term));
  for (const char c : first) hash = with(hash, static_cast<unsigned char>(c));
  hash = with(hash, 0);
  for (const char c : second) hash = with(hash, static_cast<unsigned char>(c));
  return hash;
}

std::filesystem::path history_folder(const std::filesystem::path& history_dir,
                                     const SubscriptionId& session) {
  return history_dir / session.file_stem();
}

}  // namespace bulkhead::ipc

#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace bulkhead::cli {

// Lenient reading of what a supervisor answered: one that is newer or older than this program must
// still be shown. An absent member, or one of another type, reads as empty. Texts are made fit for
// a terminal, for they may come from a camera.

[[nodiscard]] const nlohmann::json& member_of(const nlohmann::json& object, std::string_view key);
[[nodiscard]] std::string text_of(const nlohmann::json& object, std::string_view key);
[[nodiscard]] double number_of(const nlohmann::json& object, std::string_view key);
[[nodiscard]] std::int64_t count_of(const nlohmann::json& object, std::string_view key);
[[nodiscard]] bool flag_of(const nlohmann::json& object, std::string_view key);

}  // namespace bulkhead::cli

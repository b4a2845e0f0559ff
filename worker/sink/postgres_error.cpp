#include "worker/sink/postgres_error.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "worker/sink/place_error.hpp"

namespace bulkhead::worker {

namespace {

struct KnownState {
  std::string_view begins;  // of the SQLSTATE; the first that fits counts
  ErrorCode code;
  std::string_view remedy;
};

constexpr std::array kKnownStates{
    KnownState{"28", ErrorCode::AuthFailed, "correct user and password, or its pg_hba.conf"},
    KnownState{"3D000", ErrorCode::NotFound, "create the database, or correct its name"},
    KnownState{"42501", ErrorCode::PermissionDenied, "grant its role the right"},
    KnownState{"21", ErrorCode::InvalidParams, "the record cannot be kept"},
    KnownState{"22", ErrorCode::InvalidParams, "the record cannot be kept"},
    KnownState{"23", ErrorCode::InvalidParams, "the record cannot be kept"},
    KnownState{"54", ErrorCode::InvalidParams, "the record cannot be kept"},
    KnownState{"53100", ErrorCode::LimitReached, "make room on its disk"},
    KnownState{"53300", ErrorCode::LimitReached, "raise its max_connections"},
    KnownState{"53", ErrorCode::LimitReached, "give it more room"},
    KnownState{"57014", ErrorCode::Timeout, "something holds it up"},
    KnownState{"55P03", ErrorCode::Timeout, "another has locked it"},
    KnownState{"25006", ErrorCode::Unavailable, "it only reads; give the address of the primary"},
    KnownState{"40", ErrorCode::Unavailable, "others wrote the same"},
    KnownState{"57P", ErrorCode::Unavailable, "it stops or starts"},
    KnownState{"08", ErrorCode::Unavailable, "the connection is gone"},
    KnownState{"42", ErrorCode::Unavailable,
               "its schema is not as Bulkhead made it; restore or drop it"},
    KnownState{"3F", ErrorCode::Unavailable,
               "its schema is not as Bulkhead made it; restore or drop it"},
};

// Of a table that Bulkhead has not made.
constexpr std::array kTableStates{
    KnownState{"42P01", ErrorCode::NotFound, "create the table, or correct `table`"},
    KnownState{"3F000", ErrorCode::NotFound, "create the schema, or correct `table`"},
    KnownState{"42703", ErrorCode::NotFound, "add the column, or correct `key` and `fields`"},
    KnownState{"42P10", ErrorCode::NotFound,
               "give the table a unique constraint on exactly the columns of `key`"},
};

const KnownState* state_in(std::span<const KnownState> states, std::string_view sqlstate) {
  const auto known = std::ranges::find_if(
      states, [&](const KnownState& entry) { return sqlstate.starts_with(entry.begins); });
  return known == states.end() ? nullptr : &*known;
}

Error refusal(ErrorCode code, std::string_view text, std::string_view remedy) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return {code,
          "PostgreSQL: " + printable_text(text, limits::kReasonBytes) + "; " + std::string{remedy},
          {}};
}

}  // namespace

Error postgres_error(std::string_view sqlstate, std::string_view text) {
  const KnownState* known = state_in(kKnownStates, sqlstate);
  if (known != nullptr) return refusal(known->code, text, known->remedy);
  return refusal(sqlstate.empty() ? ErrorCode::ConnectFailed : ErrorCode::Unavailable, text,
                 "look at the server and the network");
}

Error postgres_write_error(std::string_view sqlstate, std::string_view text) {
  Error error = postgres_error(sqlstate, text);
  return error.code == ErrorCode::InvalidParams ? error : without_blame(std::move(error));
}

Error table_error(std::string_view sqlstate, std::string_view text) {
  const KnownState* known = state_in(kTableStates, sqlstate);
  if (known == nullptr) return postgres_error(sqlstate, text);
  return refusal(known->code, std::string{sqlstate} + ": " + std::string{text}, known->remedy);
}

Error table_write_error(std::string_view sqlstate, std::string_view text) {
  Error error = table_error(sqlstate, text);
  return error.code == ErrorCode::InvalidParams ? error : without_blame(std::move(error));
}

std::string_view sqlstate_in(std::string_view message) noexcept {
  constexpr std::size_t kLength = 5;
  const auto is_of_sqlstate = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
  };
  for (std::size_t at = 0; (at = message.find(":  ", at)) != message.npos; at += 3) {
    const std::string_view state = message.substr(at + 3, kLength);
    if (state.size() == kLength && message.substr(at + 3 + kLength).starts_with(": ") &&
        std::all_of(state.begin(), state.end(), is_of_sqlstate)) {
      return state;
    }
  }
  return {};
}

}  // namespace bulkhead::worker

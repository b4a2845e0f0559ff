#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "supervisor/process/worker_cgroups.hpp"
#include "supervisor/session/carried_session.hpp"

namespace bulkhead::supervisor {

/// All that a supervisor leaves to the program that replaces it in the same process (README.md of
/// supervisor/, "An upgrade without a gap"). Plain values: descriptors are numbers here, which stay
/// open over the exec and belong to who takes them up.
struct Inheritance {
  int listener_fd = -1;
  int lock_fd = -1;
  Generation last_generation = 0;  // of a session that is no more
  std::uint32_t upgrades_total = 0;
  std::string fixed;                            // settings that only a restart can change
  std::optional<WorkerCgroups::State> cgroups;  // none: workers have no groups
  std::vector<CarriedSession> sessions;
  nlohmann::json history = nlohmann::json::array();  // Hub::carried

  /// Every descriptor it names.
  [[nodiscard]] std::vector<int> descriptors() const;

  /// The number of workers that go on.
  [[nodiscard]] std::size_t workers() const;
};

/// As sealed memory, in CBOR (RFC 8949).
[[nodiscard]] Result<UniqueFd> bequeath(const Inheritance& inheritance);

/// VersionMismatch where a supervisor of a kind that we do not know wrote it, or where its workers
/// speak another layout of shared memory; Corrupt, with what is missing or wrong. Does not touch
/// the descriptors, so a dry run can ask it.
[[nodiscard]] Result<Inheritance> read_inheritance(int descriptor);

}  // namespace bulkhead::supervisor

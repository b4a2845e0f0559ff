#include "supervisor/upgrade/inheritance.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "ipc/layout_version.hpp"
#include "supervisor/upgrade/sealed_memory.hpp"

namespace bulkhead::supervisor {

namespace {

using nlohmann::json;

/// Of what is written here and in the files it calls. A program that can read an older one says so
/// here.
constexpr std::uint32_t kFormat = 4;

Error mismatch(const std::string& what, std::uint64_t theirs, std::uint64_t ours) {
  return {ErrorCode::VersionMismatch,
          what + " is " + std::to_string(theirs) + ", that of the next program " +
              std::to_string(ours) + "; restart the supervisor instead",
          {}};
}

json cgroups_json(const WorkerCgroups::State& cgroups) {
  return {{"enforcement", static_cast<unsigned>(cgroups.hierarchy.enforcement)},
          {"memory", cgroups.hierarchy.memory.string()},
          {"pids", cgroups.hierarchy.pids.string()},
          {"lastNumber", cgroups.last_number}};
}

WorkerCgroups::State cgroups_from(const json& cgroups) {
  const bool second =
      cgroups.at("enforcement") == static_cast<unsigned>(MemoryEnforcement::Cgroup2);
  return {
      .hierarchy = {.enforcement = second ? MemoryEnforcement::Cgroup2 : MemoryEnforcement::Cgroup1,
                    .memory = cgroups.at("memory").get<std::string>(),
                    .pids = cgroups.at("pids").get<std::string>()},
      .last_number = cgroups.at("lastNumber")};
}

Result<Inheritance> inheritance_from(json& document) {
  if (document.at("format") != kFormat) {
    return mismatch("the format of the handover", document.at("format"), kFormat);
  }
  if (document.at("layout") != ipc::kLayoutVersion) {
    return mismatch("the layout of its workers' shared memory", document.at("layout"),
                    ipc::kLayoutVersion);
  }
  Inheritance read{.listener_fd = document.at("listenerFd"),
                   .lock_fd = document.at("lockFd"),
                   .last_generation = document.at("lastGeneration"),
                   .upgrades_total = document.at("upgrades"),
                   .fixed = document.at("fixed"),
                   .cgroups = {},
                   .sessions = {},
                   .history = std::move(document.at("history"))};
  if (document.contains("cgroups")) read.cgroups = cgroups_from(document.at("cgroups"));
  for (const json& session : document.at("sessions")) {
    auto carried = carried_session_from(session);
    if (!carried) return carried.error();
    read.sessions.push_back(std::move(*carried));
  }
  return read;
}

}  // namespace

std::vector<int> Inheritance::descriptors() const {
  std::vector<int> all{listener_fd, lock_fd};
  for (const CarriedSession& session : sessions) {
    if (!session.worker) continue;
    const WorkerLink::Carried& link = session.worker->link;
    all.insert(all.end(), {link.process.exit_fd, link.segment_fd, link.control_fd,
                           link.command_doorbell_fd, link.result_doorbell_fd});
  }
  return all;
}

std::size_t Inheritance::workers() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      sessions, [](const CarriedSession& session) { return session.worker.has_value(); }));
}

Result<UniqueFd> bequeath(const Inheritance& inheritance) {
  json sessions = json::array();
  for (const CarriedSession& session : inheritance.sessions) sessions.push_back(to_json(session));
  json document{{"format", kFormat},
                {"layout", ipc::kLayoutVersion},
                {"listenerFd", inheritance.listener_fd},
                {"lockFd", inheritance.lock_fd},
                {"lastGeneration", inheritance.last_generation},
                {"upgrades", inheritance.upgrades_total},
                {"fixed", inheritance.fixed},
                {"sessions", std::move(sessions)},
                {"history", inheritance.history}};
  if (inheritance.cgroups) document["cgroups"] = cgroups_json(*inheritance.cgroups);
  return seal(json::to_cbor(document));
}

Result<Inheritance> read_inheritance(int descriptor) {
  const auto bytes = read_sealed(descriptor);
  if (!bytes) return bytes.error();
  try {
    json document = json::from_cbor(*bytes);
    return inheritance_from(document);
  } catch (const json::exception& unreadable) {
    return Error{ErrorCode::Corrupt,
                 std::string{"what is handed over cannot be read: "} + unreadable.what(),
                 {}};
  }
}

}  // namespace bulkhead::supervisor

#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/ids.hpp"
#include "common/result.hpp"
#include "common/session_spec.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::supervisor {

/// The persistent sessions on disk, so that they come back after the supervisor's end however it
/// ended. Two SQLite files in the state directory: `registry.db`, which anybody may be shown, and
/// `secrets.db` with the addresses and credentials of cameras. Both are their owner's alone.
///
/// A change is one transaction, synced before it is answered: a crash or a power cut loses at most
/// a change that nobody was told of. Secrets are written before the row that names them, and
/// unnamed ones are taken away at the next start, so that no row ever has another's.
///
/// Used by the supervisor's loop. Changes are carried out in order on a thread of its own, for a
/// disk may block; answers come back on the loop. As many wait as sessions change at once.
class Registry {
 public:
  struct Loaded {
    std::vector<SessionSpec> sessions;  // by falling priority, then by name
    std::vector<std::string> problems;  // sentences for the log: what could not be read
  };

  /// Opens both files or makes them. Failed changes are said in `log`, which may be null. One that
  /// is damaged is set aside under another name and said so by `load`: a supervisor without its
  /// past is better than none. Io where the folder does not take files.
  static Result<std::unique_ptr<Registry>> open(boost::asio::io_context& loop,
                                                const std::filesystem::path& state_dir,
                                                std::shared_ptr<spdlog::logger> log);
  ~Registry();  // what was asked for before is still written
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// At start, before any change. A session that cannot be read is left in the file.
  [[nodiscard]] Loaded load();

  /// At start, once: no worker of an earlier supervisor had a higher generation than this, so that
  /// `(session, generation, sequence)` names a result for ever. `if_unknown` where the file knows
  /// of none or cannot be read.
  [[nodiscard]] Generation begin_generations(Generation if_unknown);

  /// Whenever a worker gets its generation. They are reserved on disk some ahead.
  void use_generation(Generation generation);

  /// Keeps the session under its name. Io where the disk did not take it: whether the change holds
  /// is then known at the next start.
  void put(const SessionSpec& spec, std::function<void(Result<>)> done);

  /// Waits until the disk has taken all that was asked for; false: not in time. For the last turn
  /// of the loop before the program is replaced.
  [[nodiscard]] bool flush(std::chrono::milliseconds limit);

  /// False: there was none of this name. Io as above.
  void erase(const SubscriptionId& id, std::function<void(Result<bool>)> done);

  /// Erases all sessions but these, also those that could not be brought back; their names. Io as
  /// above: some may be gone, the others come back at the next start.
  void erase_others(const std::set<SubscriptionId>& kept,
                    std::function<void(Result<std::vector<std::string>>)> done);

 private:
  struct Parts;
  explicit Registry(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace bulkhead::supervisor

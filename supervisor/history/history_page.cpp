#include "supervisor/history/history_page.hpp"
#include "common/sink_limits.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "supervisor/history/history_reader.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;

constexpr auto kPauseBeforeRetry = std::chrono::milliseconds{10};

/// The names of folders that hold a history. In order, so that a query asked again looks the same
/// way.
std::vector<std::string> folders_in(const fs::path& history_dir) {
  std::vector<std::string> names;
  std::error_code failed;
  fs::directory_iterator entries{history_dir, failed};
  while (!failed && entries != fs::directory_iterator{} && names.size() < limits::kHistoryFolders) {
    if (entries->is_directory(failed) && !entries->is_symlink(failed)) {
      names.push_back(entries->path().filename().string());
    }
    entries.increment(failed);
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Pages that are just being moved, or a worker that comes and goes, are waited for.
template <class Attempt>
auto with_retries(std::int64_t until_ns, const Attempt& attempt) {
  auto outcome = attempt();
  while (!outcome && outcome.error().code == ErrorCode::Unavailable && monotonic_ns() < until_ns) {
    std::this_thread::sleep_for(kPauseBeforeRetry);
    outcome = attempt();
  }
  return outcome;
}

class PageReader {
 public:
  PageReader(const fs::path& history_dir, const HistoryQuery& query, std::int64_t until_ns)
      : history_dir_{history_dir}, query_{query}, until_ns_{until_ns} {}

  HistoryPage read() {
    query_.sessions.empty() ? read_all() : read_named();
    finish();
    return std::move(page_);
  }

 private:
  void read_named() {
    std::size_t left = query_.sessions.size();
    for (const SubscriptionId& session : query_.sessions) {
      const std::int64_t until_ns = share_of(left--);
      const fs::path file = ipc::history_folder(history_dir_, session) / ipc::kHistoryFileName;
      const auto scan = with_retries(until_ns, [&]() -> Result<HistoryScan> {
        auto reader = HistoryReader::open(file, until_ns);
        if (!reader) return reader.error();
        // Two names may share a folder: this one has none then.
        if (reader->session() != session) {
          return Error{ErrorCode::NotFound, "there is no history of this session", {}};
        }
        return reader->scan(query_, budget(until_ns));
      });
      if (scan) add(*scan);
      if (!scan) page_.unread.push_back({.session = session, .error = scan.error()});
    }
  }

  /// Whose a history is stands in it alone. One that does not even tell that is told by the name of
  /// its folder, which may be another's than the session's, to whom that name is within the scope.
  void read_all() {
    const std::vector<std::string> folders = folders_in(history_dir_);
    std::size_t left = folders.size();
    for (const std::string& folder : folders) {
      const std::int64_t until_ns = share_of(left--);
      std::optional<SubscriptionId> session;
      const auto scan = with_retries(until_ns, [&]() -> Result<HistoryScan> {
        session.reset();
        auto reader = HistoryReader::open(history_dir_ / folder / ipc::kHistoryFileName, until_ns);
        if (!reader) return reader.error();
        const SubscriptionId& named = reader->session();
        if (named.file_stem() != folder || !query_.scope.covers(named)) return HistoryScan{};
        session = named;
        return reader->scan(query_, budget(until_ns));
      });
      if (scan) add(*scan);
      if (!scan) add_unread(session, folder, scan.error());
    }
  }

  void add_unread(std::optional<SubscriptionId> session, const std::string& folder,
                  const Error& error) {
    if (!session && error.code != ErrorCode::NotFound) {
      const auto named = SubscriptionId::parse(folder);
      if (named && query_.scope.covers(*named)) session = *named;
    }
    if (session) page_.unread.push_back({.session = *session, .error = error});
  }

  [[nodiscard]] std::int64_t share_of(std::size_t files_left) const {
    const std::int64_t now = monotonic_ns();
    const std::int64_t left = std::max<std::int64_t>(0, until_ns_ - now);
    return now + left / static_cast<std::int64_t>(files_left);
  }

  [[nodiscard]] HistoryBudget budget(std::int64_t until_ns) const {
    return {.results = query_.limit, .until_ns = until_ns};
  }

  [[nodiscard]] bool comes_first(const HistoryResult& one, const HistoryResult& other) const {
    return query_.is_before(one.position, other.position);
  }

  /// At most a page is held, however many files there are.
  void add(const HistoryScan& scan) {
    page_.skipped += scan.skipped;
    std::vector<HistoryResult> merged;
    merged.reserve(page_.results.size() + scan.results.size());
    std::merge(std::make_move_iterator(page_.results.begin()),
               std::make_move_iterator(page_.results.end()), scan.results.begin(),
               scan.results.end(), std::back_inserter(merged),
               [&](const auto& one, const auto& other) { return comes_first(one, other); });
    page_.results = std::move(merged);
    if (scan.stopped_at) end_at(*scan.stopped_at);
    cut();
  }

  void end_at(const HistoryPosition& position) {
    if (!page_.next || query_.is_before(position, *page_.next)) page_.next = position;
  }

  void cut() {
    std::vector<HistoryResult>& results = page_.results;
    std::size_t count = 0;
    std::size_t bytes = 0;
    while (count < results.size() && count < query_.limit &&
           (count == 0 || bytes + results[count].json.size() <= limits::kHistoryPageBytes)) {
      bytes += results[count++].json.size();
    }
    if (count < results.size()) end_at(results[count - 1].position);
    results.resize(count);
  }

  void finish() {
    if (!page_.next) return;
    std::erase_if(page_.results, [&](const HistoryResult& result) {
      return query_.is_before(*page_.next, result.position);
    });
  }

  const fs::path& history_dir_;
  const HistoryQuery& query_;
  const std::int64_t until_ns_;
  HistoryPage page_;
};

}  // namespace

HistoryPage read_history_page(const fs::path& history_dir, const HistoryQuery& query,
                              std::int64_t until_ns) {
  return PageReader{history_dir, query, until_ns}.read();
}

}  // namespace bulkhead::supervisor

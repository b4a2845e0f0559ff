#include "supervisor/session/log_tail.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "common/limits.hpp"
#include "common/redaction.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::supervisor {

std::vector<std::string> last_log_lines(const std::string& file) {
  // O_NONBLOCK: a FIFO in the file's place must not stop the loop.
  const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const off_t from = std::max<off_t>(0, status.st_size - off_t{limits::kExitLogBytes});
  std::string text(limits::kExitLogBytes, '\0');
  const ssize_t got = ::pread(fd.get(), text.data(), text.size(), from);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);

  std::string_view rest{text};
  if (from > 0) rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
  std::vector<std::string> lines;
  while (!rest.empty() && lines.size() < limits::kExitLogLines) {
    if (rest.back() == '\n') rest.remove_suffix(1);
    const std::size_t start = rest.rfind('\n') + 1;  // npos + 1 is 0: the first line
    lines.push_back(printable_text(rest.substr(start), limits::kReasonBytes));
    rest = rest.substr(0, start);
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

}  // namespace bulkhead::supervisor

#include "worker/fetch/zip_archive.hpp"

#include <sys/stat.h>

#include <array>
#include <set>
#include <utility>

#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead::worker {

namespace {

struct CloseEntry {
  void operator()(zip_file_t* entry) const noexcept { ::zip_fclose(entry); }
};

Error bad_bundle(const std::string& message) {
  return {ErrorCode::ModelInvalid, "the bundle " + message, {}};
}

std::string in_quotes(std::string_view name) {
  return '"' + printable_text(name, limits::kNameChars) + '"';
}

/// The type that Unix notes in the upper half; 0 where another system packed it.
mode_t type_of(zip_t* archive, std::uint64_t index) {
  zip_uint8_t system = 0;
  zip_uint32_t attributes = 0;
  if (::zip_file_get_external_attributes(archive, index, 0, &system, &attributes) != 0) return 0;
  constexpr unsigned kUnixBits = 16;
  return static_cast<mode_t>(attributes >> kUnixBits) & S_IFMT;
}

}  // namespace

Result<ZipArchive> ZipArchive::open(int file, const BundleLimits& limits) {
  ZipArchive archive;
  int error = 0;
  archive.archive_.reset(::zip_fdopen(file, ZIP_CHECKCONS, &error));
  if (!archive.archive_) {
    zip_error_t text;
    ::zip_error_init_with_code(&text, error);
    const std::string why = ::zip_error_strerror(&text);
    ::zip_error_fini(&text);
    return bad_bundle("is no sound zip file: " + why);
  }
  if (auto judged = archive.judge(limits); !judged) return judged.error();
  return archive;
}

Result<> ZipArchive::judge(const BundleLimits& limits) {
  const auto count = static_cast<std::uint64_t>(::zip_get_num_entries(archive_.get(), 0));
  if (count > limits.entries) {
    return Error{ErrorCode::LimitReached,
                 "the bundle has " + std::to_string(count) + " entries; at most " +
                     std::to_string(limits.entries) + " are allowed",
                 {}};
  }
  std::set<std::string> names;
  std::uint64_t left = limits.unpacked_bytes;
  for (std::uint64_t index = 0; index < count; ++index) {
    std::string name;
    const auto entry = judge_entry(index, limits, name);
    if (!entry) return entry.error();
    if (entry->bytes > left) {
      return Error{ErrorCode::LimitReached,
                   "the bundle holds more than " + std::to_string(limits.unpacked_bytes) +
                       " bytes unpacked, which is the most",
                   {}};
    }
    left -= entry->bytes;
    const bool is_folder = name.ends_with('/');
    if (is_folder) name.pop_back();
    if (!names.insert(name).second) return bad_bundle("names " + in_quotes(name) + " twice");
    if (!is_folder) entries_.emplace(std::move(name), *entry);
  }
  return {};
}

Result<ZipArchive::Entry> ZipArchive::judge_entry(std::uint64_t index, const BundleLimits& limits,
                                                  std::string& name) {
  zip_stat_t found;
  ::zip_stat_init(&found);
  constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE |
                                   ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  if (::zip_stat_index(archive_.get(), index, ZIP_FL_ENC_RAW, &found) != 0 ||
      (found.valid & kNeeded) != kNeeded) {
    return bad_bundle("has an entry that does not say what it is");
  }
  name = found.name;
  const bool is_folder = name.ends_with('/');
  const std::string_view place{name.data(), name.size() - (is_folder ? 1 : 0)};
  if (!is_safe_entry_name(place)) {
    return bad_bundle("has an entry that would not stay in its folder, " + in_quotes(name) +
                      "; name entries relative to it, in plain letters");
  }
  const mode_t type = type_of(archive_.get(), index);
  if (type != 0 && type != (is_folder ? S_IFDIR : S_IFREG)) {
    return bad_bundle("has an entry that is neither a file nor a folder, " + in_quotes(name) +
                      "; pack files, not links");
  }
  if (found.encryption_method != ZIP_EM_NONE) {
    return bad_bundle("has an encrypted entry, " + in_quotes(name) +
                      "; pack it without a password");
  }
  if (found.comp_method != ZIP_CM_STORE && found.comp_method != ZIP_CM_DEFLATE) {
    return bad_bundle("packs " + in_quotes(name) + " in an unusual way; use deflate");
  }
  if (found.size > limits.ratio_bytes && found.size / limits.ratio > found.comp_size) {
    return Error{ErrorCode::LimitReached,
                 "the bundle's " + in_quotes(name) + " would grow more than " +
                     std::to_string(limits.ratio) + " times, as no model does",
                 {}};
  }
  return Entry{.index = index, .bytes = found.size};
}

Result<> ZipArchive::read(const std::string& name,
                          const std::function<Result<>(std::span<const char>)>& take) {
  const auto known = entries_.find(name);
  if (known == entries_.end()) return bad_bundle("has no file " + in_quotes(name));
  const std::unique_ptr<zip_file_t, CloseEntry> entry{
      ::zip_fopen_index(archive_.get(), known->second.index, 0)};
  if (!entry) return bad_bundle("cannot be read at " + in_quotes(name));
  std::array<char, 65536> piece{};
  std::uint64_t left = known->second.bytes;
  for (;;) {
    // One read past its end, which checks its checksum.
    const zip_int64_t got = ::zip_fread(entry.get(), piece.data(), piece.size());
    if (got < 0 || static_cast<std::uint64_t>(got) > left) break;
    if (got == 0 && left == 0) return {};
    if (got == 0) break;
    left -= static_cast<std::uint64_t>(got);
    if (auto taken = take({piece.data(), static_cast<std::size_t>(got)}); !taken) return taken;
  }
  return bad_bundle("is damaged at " + in_quotes(name));
}

Result<std::string> ZipArchive::text(const std::string& name, std::uint64_t max_bytes) {
  const auto known = entries_.find(name);
  if (known != entries_.end() && known->second.bytes > max_bytes) {
    return Error{ErrorCode::LimitReached,
                 "the bundle's " + in_quotes(name) + " holds more than " +
                     std::to_string(max_bytes) + " bytes",
                 {}};
  }
  std::string text;
  auto read_all = read(name, [&](std::span<const char> piece) -> Result<> {
    text.append(piece.data(), piece.size());
    return {};
  });
  if (!read_all) return read_all.error();
  return text;
}

}  // namespace bulkhead::worker

#include "worker/model/model_file.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/limits.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::worker {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDigits = "0123456789abcdef";

Error invalid(const fs::path& path, const std::string& message) {
  return {ErrorCode::ModelInvalid, path.string() + " " + message, {}};
}

/// The kernel itself follows the path, so no link can be swapped between a check and the opening.
Result<UniqueFd> open_inside(const fs::path& folder, const fs::path& name) {
  const UniqueFd root{::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!root) {
    return errno_error(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io,
                       "cannot open the folder " + folder.string());
  }
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a FIFO must not hold us up
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  UniqueFd file{
      static_cast<int>(::syscall(SYS_openat2, root.get(), name.c_str(), &how, sizeof(how)))};
  if (file) return file;
  if (errno == EXDEV || errno == ELOOP) {
    return invalid(folder / name, "leads out of its folder; put the file itself there");
  }
  return errno_error(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io,
                     "cannot open the model " + (folder / name).string());
}

Result<std::size_t> checked_size(int file, const fs::path& path) {
  struct stat status {};
  if (::fstat(file, &status) != 0)
    return errno_error(ErrorCode::Io, "cannot read " + path.string());
  if (!S_ISREG(status.st_mode)) return invalid(path, "is no regular file");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > limits::kModelFileBytes) {
    return invalid(path, "holds " + std::to_string(size) + " bytes, more than the " +
                             std::to_string(limits::kModelFileBytes) + " that a model may have");
  }
  return size;
}

Result<void> read_whole(int file, std::span<std::byte> into, const fs::path& path) {
  while (!into.empty()) {
    const ssize_t got = ::read(file, into.data(), into.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(ErrorCode::Io, "cannot read " + path.string());
    if (got == 0) return Error{ErrorCode::Io, path.string() + " shrank while it was read", {}};
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace

std::string sha256_hex(std::span<const std::byte> bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    return {};  // no memory; equals no digest, so whatever compares it refuses
  }
  std::string text;
  text.reserve(std::size_t{2} * size);
  std::for_each_n(digest.begin(), size, [&](unsigned char byte) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  });
  return text;
}

Result<ModelFile> ModelFile::open_beneath(const fs::path& folder, const fs::path& name) {
  const auto file = open_inside(folder, name);
  if (!file) return file.error();
  ModelFile model;
  model.path_ = folder / name;
  const auto size = checked_size(file->get(), model.path_);
  if (!size) return size.error();

  model.size_ = *size;
  model.bytes_ = std::make_unique_for_overwrite<std::byte[]>(*size);
  const auto read = read_whole(file->get(), {model.bytes_.get(), *size}, model.path_);
  if (!read) return read.error();
  model.sha256_ = sha256_hex(model.bytes());

  auto signature = read_onnx_signature(model.bytes());
  if (!signature) return invalid(model.path_, signature.error().message);
  if (signature->external_weights) {
    return invalid(model.path_,
                   "keeps its weights in other files, which is not supported; save it again as "
                   "one file (onnx.save without save_as_external_data)");
  }
  model.signature_ = std::move(*signature);
  return model;
}

Result<ModelFile> ModelFile::open(const fs::path& file) {
  return open_beneath(file.has_parent_path() ? file.parent_path() : fs::path{"."}, file.filename());
}

}  // namespace bulkhead::worker

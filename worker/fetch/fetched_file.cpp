#include "worker/fetch/fetched_file.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "worker/fetch/download.hpp"
#include "worker/model/model_file.hpp"
#include "worker/model/onnx_signature.hpp"

namespace bulkhead::worker {

namespace {

Error no_model(const std::string& message) {
  return {ErrorCode::ModelInvalid, "what was fetched " + message, {}};
}

Result<ipc::FetchAnswer> judge(const ipc::FetchJob& job, int file) {
  const auto mapped = FetchedFile::map(file, job.max_bytes);
  if (!mapped) return mapped.error();
  ipc::FetchAnswer answer{.bytes = mapped->bytes().size(), .sha256 = sha256_hex(mapped->bytes())};
  if (answer.sha256 != job.url->sha256) {
    return no_model("has sha256 " + answer.sha256 + ", the address says " + job.url->sha256 +
                    "; look which of the two is meant");
  }
  if (job.kind == ipc::FetchJob::Kind::Model) {
    if (auto checked = check_model(mapped->bytes()); !checked) return checked.error();
  }
  if (::fsync(file) != 0) return errno_error(ErrorCode::Io, "cannot keep what was fetched");
  return answer;
}

}  // namespace

Result<FetchedFile> FetchedFile::map(int file, std::uint64_t max_bytes) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return errno_error(ErrorCode::Io, "cannot read a fetched file");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > max_bytes) {
    return Error{ErrorCode::LimitReached,
                 "the file holds " + std::to_string(size) + " bytes, more than the " +
                     std::to_string(max_bytes) + " that are allowed",
                 {}};
  }
  if (size == 0) return FetchedFile{{}};
  void* const start = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (start == MAP_FAILED) return errno_error(ErrorCode::Io, "cannot map a fetched file");
  return FetchedFile{{static_cast<const std::byte*>(start), size}};
}

FetchedFile::FetchedFile(FetchedFile&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}

FetchedFile::~FetchedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Result<> check_model(std::span<const std::byte> bytes) {
  const auto signature = read_onnx_signature(bytes);
  if (!signature) return no_model(signature.error().message);
  if (signature->external_weights) {
    return no_model("keeps its weights in other files; save it as one file");
  }
  if (signature->inputs.empty() || signature->outputs.empty()) {
    return no_model("declares no input or no output");
  }
  return {};
}

ipc::FetchAnswer fetch_file(const ipc::FetchJob& job, int file) {
  if (auto done = download(job, file); !done) return {.error = done.error()};
  auto answer = judge(job, file);
  if (answer) return *answer;
  ipc::FetchAnswer failed{.error = answer.error()};
  if (answer.error().code == ErrorCode::ModelInvalid && ::ftruncate(file, 0) != 0) {
    failed.error = errno_error(ErrorCode::Io, "cannot empty the file of a wrong model");
  }
  return failed;
}

}  // namespace bulkhead::worker

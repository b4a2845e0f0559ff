#pragma once

#include <cstddef>
#include <span>

#include "common/result.hpp"
#include "ipc/fetch_job.hpp"

namespace bulkhead::worker {

/// A file that nobody else writes, mapped to be read. Its descriptor may be closed.
class FetchedFile {
 public:
  /// LimitReached past `max_bytes`; Io.
  static Result<FetchedFile> map(int file, std::uint64_t max_bytes);

  FetchedFile(FetchedFile&& other) noexcept;
  FetchedFile& operator=(FetchedFile&&) = delete;
  ~FetchedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  explicit FetchedFile(std::span<const std::byte> bytes) noexcept : bytes_{bytes} {}

  std::span<const std::byte> bytes_;
};

/// Whether bytes are a model that an engine may be given: one ONNX file, whole in itself, with
/// something to put in and something that comes out. ModelInvalid says what is wrong.
[[nodiscard]] Result<> check_model(std::span<const std::byte> bytes);

/// Does a job of Kind::Model or Kind::Archive: downloads, then holds the content against the pin.
/// What is not what was asked for is emptied, so that nobody resumes it.
[[nodiscard]] ipc::FetchAnswer fetch_file(const ipc::FetchJob& job, int file);

}  // namespace bulkhead::worker

#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "supervisor/access/token_file.hpp"

namespace bulkhead::supervisor {

/// All tokens: in memory, and in a file of the state directory (write_tokens). Owned by the
/// supervisor, used by its loop; the file is written on a thread of its own, one change after the
/// other, and `done` is called in the loop once the change is on disk.
///
/// A token is 256 random bits, told once to who made it; only its SHA-256 is kept, so that neither
/// the file nor a core dump of the program can be used to log in. At limits::kTokens a new one is
/// refused, at limits::kTokenChanges a further change that would wait for the disk, each with
/// LimitReached. Expired tokens stay in the list until they are revoked.
class TokenStore {
 public:
  struct Made {
    Token token;
    std::string secret;
  };

  /// Reads the file. Corrupt, Io: it cannot be used; whoever starts without it locks everybody out.
  static Result<std::unique_ptr<TokenStore>> open(boost::asio::io_context& loop,
                                                  std::filesystem::path file);
  ~TokenStore();

  /// A new token, but for its digest, number and time. It counts once `done` has it. AlreadyExists,
  /// LimitReached, Io.
  void add(Token wanted, const std::function<void(Result<Made>)>& done);

  /// It counts no more from now on, and `ended` is told at once. NotFound. Io: it counts in the
  /// next program again.
  void revoke(const std::string& name, const std::function<void(Result<void>)>& done);

  /// Called with the number of each token that is revoked.
  void set_on_ended(std::function<void(TokenNumber)> ended) { ended_ = std::move(ended); }

  /// The token with this secret that counts now; null: none.
  [[nodiscard]] const Token* find(std::string_view secret) const noexcept;
  [[nodiscard]] bool counts(TokenNumber number) const noexcept;
  [[nodiscard]] std::vector<TokenNumber> expired() const;

  [[nodiscard]] const std::vector<Token>& list() const noexcept { return tokens_; }

 private:
  TokenStore(boost::asio::io_context& loop, std::filesystem::path file, std::vector<Token> tokens);

  void change(std::function<void()> apply, const std::function<void(Error)>& refuse);
  void write(std::function<void(Result<void>)> written);
  void begin_change();
  void next_change();
  void begin_add(Token token, const std::function<void(Result<Made>)>& done);
  void begin_revoke(const std::string& name, const std::function<void(Result<void>)>& done);

  boost::asio::io_context& loop_;
  std::filesystem::path file_;
  std::vector<Token> tokens_;  // by time of making
  TokenNumber last_number_ = 0;
  std::function<void(TokenNumber)> ended_;
  std::deque<std::function<void()>> changes_;  // the first is being written
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  // for posted calls
  boost::asio::thread_pool disk_{1};
};

}  // namespace bulkhead::supervisor

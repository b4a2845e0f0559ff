#include "supervisor/access/token_store.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::string_view kTokenPrefix = "bulkhead_";  // tells a scanner for leaks what it found

std::int64_t now_s() { return wall_ns() / kNsPerSecond; }

bool is_expired(const Token& token) { return token.expires_s && *token.expires_s <= now_s(); }

}  // namespace

Result<std::unique_ptr<TokenStore>> TokenStore::open(boost::asio::io_context& loop,
                                                     std::filesystem::path file) {
  auto tokens = read_tokens(file);
  if (!tokens) return tokens.error();
  return std::unique_ptr<TokenStore>{new TokenStore{loop, std::move(file), *std::move(tokens)}};
}

TokenStore::TokenStore(boost::asio::io_context& loop, std::filesystem::path file,
                       std::vector<Token> tokens)
    : loop_{loop}, file_{std::move(file)}, tokens_{std::move(tokens)} {
  for (Token& token : tokens_) token.number = ++last_number_;
}

TokenStore::~TokenStore() { disk_.join(); }

const Token* TokenStore::find(std::string_view secret) const noexcept {
  const SecretDigest digest = digest_of(secret);
  const Token* found = nullptr;
  // All are compared, so that the time tells nothing of the place.
  for (const Token& token : tokens_) {
    if (is_same(token.digest, digest)) found = &token;
  }
  return found != nullptr && !is_expired(*found) ? found : nullptr;
}

bool TokenStore::counts(TokenNumber number) const noexcept {
  return std::any_of(tokens_.begin(), tokens_.end(), [&](const Token& token) {
    return token.number == number && !is_expired(token);
  });
}

std::vector<TokenNumber> TokenStore::expired() const {
  std::vector<TokenNumber> numbers;
  for (const Token& token : tokens_) {
    if (is_expired(token)) numbers.push_back(token.number);
  }
  return numbers;
}

void TokenStore::add(Token wanted, const std::function<void(Result<Made>)>& done) {
  change([this, wanted = std::move(wanted), done] { begin_add(wanted, done); }, done);
}

void TokenStore::revoke(const std::string& name, const std::function<void(Result<void>)>& done) {
  change([this, name, done] { begin_revoke(name, done); }, done);
}

void TokenStore::change(std::function<void()> apply, const std::function<void(Error)>& refuse) {
  if (changes_.size() >= limits::kTokenChanges) {
    return refuse({ErrorCode::LimitReached, "too many changes wait for the disk", {}});
  }
  changes_.push_back(std::move(apply));
  if (changes_.size() == 1) begin_change();
}

void TokenStore::next_change() {
  changes_.pop_front();
  if (!changes_.empty()) begin_change();
}

void TokenStore::begin_change() {
  // A copy: one that is refused makes room for the next before it returns.
  const auto apply = changes_.front();
  apply();
}

void TokenStore::begin_add(Token token, const std::function<void(Result<Made>)>& done) {
  const auto refuse = [&](Error error) {
    done(std::move(error));
    next_change();
  };
  const bool is_taken = std::any_of(tokens_.begin(), tokens_.end(),
                                    [&](const Token& other) { return other.name == token.name; });
  if (is_taken) {
    return refuse({ErrorCode::AlreadyExists,
                   "there is a token \"" + token.name + "\"; revoke it, or choose another name",
                   "params.name"});
  }
  if (tokens_.size() >= limits::kTokens) {
    return refuse({ErrorCode::LimitReached,
                   "there are " + std::to_string(tokens_.size()) + " tokens; revoke one",
                   {}});
  }
  auto secret = make_secret(kTokenPrefix);
  if (!secret) return refuse(secret.error());
  token.digest = digest_of(*secret);
  token.number = ++last_number_;
  token.created_s = now_s();
  tokens_.push_back(token);
  write([this, done,
         made = Made{std::move(token), *std::move(secret)}](const Result<void>& written) {
    if (written) return done(made);
    std::erase_if(tokens_, [&](const Token& other) { return other.number == made.token.number; });
    done(written.error());
  });
}

void TokenStore::begin_revoke(const std::string& name,
                              const std::function<void(Result<void>)>& done) {
  const auto found = std::find_if(tokens_.begin(), tokens_.end(),
                                  [&](const Token& token) { return token.name == name; });
  if (found == tokens_.end()) {
    done(Error{ErrorCode::NotFound, "there is no token \"" + name + "\"", "params.name"});
    return next_change();
  }
  const TokenNumber number = found->number;
  tokens_.erase(found);
  if (ended_) ended_(number);
  write(done);
}

void TokenStore::write(std::function<void(Result<void>)> written) {
  // The loop has work until the outcome is there. `written` goes back to it and leaves no copy
  // here: it may hold the last of a connection, which must end on the loop.
  boost::asio::post(
      disk_, [this, file = file_, tokens = tokens_, written = std::move(written),
              work = boost::asio::make_work_guard(loop_), alive = std::weak_ptr{alive_}]() mutable {
        Result<void> outcome = write_tokens(file, tokens);
        boost::asio::post(loop_, [this, outcome = std::move(outcome), written = std::move(written),
                                  alive = std::move(alive)] {
          if (alive.expired()) return;
          written(outcome);
          next_change();
        });
      });
}

}  // namespace bulkhead::supervisor

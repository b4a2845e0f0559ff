#include "supervisor/access/token_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/text_file.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

namespace fs = std::filesystem;

class TokenStoreTest : public ::testing::Test {
 protected:
  TokenStoreTest() { reopen(); }

  void reopen() {
    store_.reset();
    store_ = TokenStore::open(loop_, file_).value();
  }

  template <class Outcome>
  void run_until(const std::optional<Outcome>& outcome) {
    loop_.restart();
    while (!outcome && loop_.run_one() > 0) {
    }
  }

  Result<TokenStore::Made> add(const std::string& name,
                               std::optional<std::int64_t> expires_s = {}) {
    std::optional<Result<TokenStore::Made>> outcome;
    Token wanted{.name = name,
                 .role = Role::Operator,
                 .scope = AccessScope::parse({"hall-*"}).value(),
                 .expires_s = expires_s};
    store_->add(std::move(wanted), [&](auto made) { outcome = std::move(made); });
    run_until(outcome);
    return *outcome;
  }

  Result<void> revoke(const std::string& name) {
    std::optional<Result<void>> outcome;
    store_->revoke(name, [&](auto done) { outcome = std::move(done); });
    run_until(outcome);
    return *outcome;
  }

  std::string text() const { return read_text_file(file_, 1 << 20).value(); }

  test::TempDir folder_;
  fs::path file_ = folder_.path() / "tokens.json";
  boost::asio::io_context loop_;
  std::unique_ptr<TokenStore> store_;
};

TEST_F(TokenStoreTest, ATokenIsFoundByItsSecretAlsoByTheNextProgram) {
  const auto made = add("ci");
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->secret.starts_with("bulkhead_"));
  EXPECT_EQ(made->secret.size(), 9U + 43U);
  ASSERT_NE(store_->find(made->secret), nullptr);
  reopen();
  const Token* found = store_->find(made->secret);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, "ci");
  EXPECT_EQ(found->role, Role::Operator);
  EXPECT_EQ(found->scope.patterns(), std::vector<std::string>{"hall-*"});
  EXPECT_EQ(store_->find(made->secret + "x"), nullptr);
  EXPECT_EQ(store_->find(""), nullptr);
}

TEST_F(TokenStoreTest, TheFileIsItsOwnersAloneAndHoldsNoSecret) {
  const auto made = add("ci");
  ASSERT_TRUE(made);
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(text().find(made->secret), std::string::npos);
  EXPECT_EQ(text().find(made->secret.substr(9)), std::string::npos);
  EXPECT_NE(text().find(hex_of(digest_of(made->secret))), std::string::npos);
}

TEST_F(TokenStoreTest, ARevokedTokenCountsNoMoreAndItsEndIsTold) {
  const auto made = add("ci");
  ASSERT_TRUE(made);
  TokenNumber ended = 0;
  store_->set_on_ended([&](TokenNumber number) { ended = number; });
  ASSERT_TRUE(revoke("ci"));
  EXPECT_EQ(ended, made->token.number);
  EXPECT_EQ(store_->find(made->secret), nullptr);
  EXPECT_FALSE(store_->counts(made->token.number));
  EXPECT_EQ(revoke("ci").error().code, ErrorCode::NotFound);
  reopen();
  EXPECT_EQ(store_->find(made->secret), nullptr);
}

TEST_F(TokenStoreTest, AnExpiredTokenCountsNoMore) {
  const std::int64_t now_s = wall_ns() / kNsPerSecond;
  const auto past = add("past", now_s - 1);
  const auto future = add("future", now_s + 1000);
  EXPECT_EQ(store_->find(past->secret), nullptr);
  EXPECT_FALSE(store_->counts(past->token.number));
  EXPECT_EQ(store_->expired(), std::vector<TokenNumber>{past->token.number});
  EXPECT_NE(store_->find(future->secret), nullptr);
}

TEST_F(TokenStoreTest, TwoOfOneNameAreRefused) {
  ASSERT_TRUE(add("ci"));
  EXPECT_EQ(add("ci").error().code, ErrorCode::AlreadyExists);
  EXPECT_EQ(store_->list().size(), 1U);
}

TEST_F(TokenStoreTest, TheLimitOfTokensHoldsAtItAndPastIt) {
  std::vector<Token> many;
  for (std::size_t i = 0; i + 1 < limits::kTokens; ++i) {
    many.push_back({.name = "t" + std::to_string(i), .digest = digest_of(std::to_string(i))});
  }
  ASSERT_TRUE(write_tokens(file_, many));
  reopen();
  EXPECT_TRUE(add("last"));
  EXPECT_EQ(add("more").error().code, ErrorCode::LimitReached);
}

TEST_F(TokenStoreTest, ChangesThatWaitForTheDiskAreBounded) {
  std::size_t refused = 0;
  std::optional<int> done;
  for (std::size_t i = 0; i <= limits::kTokenChanges; ++i) {
    store_->revoke("nobody", [](auto) {});  // needs no disk, so none of these waits
  }
  for (std::size_t i = 0; i <= limits::kTokenChanges; ++i) {
    store_->add({.name = "t" + std::to_string(i)}, [&, i](const auto& made) {
      if (!made) refused += made.error().code == ErrorCode::LimitReached ? 1 : 0;
      if (i + 1 == limits::kTokenChanges) done = 1;
    });
  }
  EXPECT_EQ(refused, 1U);
  run_until(done);
  EXPECT_EQ(store_->list().size(), limits::kTokenChanges);
}

TEST_F(TokenStoreTest, ATokenThatCannotBeKeptIsNone) {
  fs::create_directory(file_.string() + ".next");
  std::ofstream{file_.string() + ".next/x"};
  const auto made = add("ci");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::Io);
  EXPECT_TRUE(store_->list().empty());
}

TEST_F(TokenStoreTest, AFileThatOthersCanWriteOrThatIsDamagedIsRefused) {
  ASSERT_TRUE(add("ci"));
  ASSERT_EQ(::chmod(file_.c_str(), 0620), 0);
  EXPECT_EQ(read_tokens(file_).error().code, ErrorCode::Corrupt);
  ASSERT_EQ(::chmod(file_.c_str(), 0600), 0);
  EXPECT_TRUE(read_tokens(file_));
  for (const auto* broken : {"", "{", "[]", R"({"v":2,"tokens":[]})", R"({"v":1,"tokens":{}})",
                             R"({"v":1,"tokens":[{"name":"x"}]})"}) {
    std::ofstream{file_} << broken;
    EXPECT_EQ(read_tokens(file_).error().code, ErrorCode::Corrupt) << broken;
  }
}

TEST(Secret, NoTwoAreTheSameAndADigestGoesThereAndBack) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(make_secret("").value());
  EXPECT_EQ(seen.size(), 100U);
  const SecretDigest digest = digest_of("abc");
  EXPECT_EQ(hex_of(digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_from_hex(hex_of(digest)), digest);
  EXPECT_FALSE(is_same(digest, digest_of("abd")));
  EXPECT_EQ(digest_from_hex("zz"), std::nullopt);
}

}  // namespace
}  // namespace bulkhead::supervisor

#include "supervisor/access/authenticator.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::supervisor {
namespace {

constexpr std::int64_t kPauseNs = std::chrono::nanoseconds{limits::kLoginPause}.count();
constexpr std::int64_t kTicketNs = std::chrono::nanoseconds{limits::kTicketTime}.count();

class AuthenticatorTest : public ::testing::Test {
 protected:
  AuthenticatorTest() {
    std::optional<Result<TokenStore::Made>> made;
    store_->add({.name = "ci", .role = Role::Operator}, [&](auto done) { made = std::move(done); });
    while (!made) loop_.run_one();
    secret_ = (*made)->secret;
  }

  static Credentials from(const std::string& address) {
    return {.address = address, .is_loopback = address == "127.0.0.1"};
  }
  static Credentials with_token(const std::string& address, const std::string& token) {
    Credentials shown = from(address);
    shown.token = token;
    return shown;
  }
  static Credentials with_ticket(const std::string& address, const std::string& ticket) {
    Credentials shown = from(address);
    shown.ticket = ticket;
    return shown;
  }

  test::TempDir folder_;
  boost::asio::io_context loop_;
  std::unique_ptr<TokenStore> store_ =
      TokenStore::open(loop_, folder_.path() / "tokens.json").value();
  std::string secret_;
  AuditLog audit_{nullptr};
  Authenticator open_{{}, store_.get(), audit_};
  Authenticator strict_{{.loopback_needs_token = true}, store_.get(), audit_};
};

TEST_F(AuthenticatorTest, WithoutCredentialsOnlyThisMachineIsKnownAndOnlyWhereThatIsOpen) {
  EXPECT_EQ((*open_.identify(from("127.0.0.1"), 0))->role, Role::Admin);
  EXPECT_EQ(open_.identify(from("192.0.2.1"), 0).error().status, 401U);
  EXPECT_EQ(strict_.identify(from("127.0.0.1"), 0).error().status, 401U);
}

TEST_F(AuthenticatorTest, ATokenGivesItsNameRoleAndAddress) {
  const auto known = open_.identify(with_token("192.0.2.1", secret_), 0);
  ASSERT_TRUE(known);
  EXPECT_EQ((*known)->name, "ci");
  EXPECT_EQ((*known)->role, Role::Operator);
  EXPECT_EQ((*known)->address, "192.0.2.1");
}

TEST_F(AuthenticatorTest, WrongCredentialsAreRefusedAlsoFromThisMachineAndNotRepeated) {
  const auto refused = open_.identify(with_token("127.0.0.1", "S3cret-guess"), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 401U);
  EXPECT_EQ(refused.error().reason.find("S3cret"), std::string::npos);
  EXPECT_FALSE(open_.identify(with_ticket("127.0.0.1", "nope"), 0));
}

TEST_F(AuthenticatorTest, TooManyRefusalsFromOneAddressStopAllThatShowsCredentialsFromThere) {
  for (int i = 0; i < limits::kLoginBurst; ++i) {
    EXPECT_EQ(open_.identify(with_token("192.0.2.1", "x"), 0).error().status, 401U) << i;
  }
  const auto limited = open_.identify(with_token("192.0.2.1", secret_), 0);
  ASSERT_FALSE(limited);
  EXPECT_EQ(limited.error().status, 429U);
  EXPECT_EQ(limited.error().retry_after_s, 6);
  EXPECT_TRUE(open_.identify(with_token("192.0.2.2", secret_), 0)) << "another address";
  EXPECT_TRUE(open_.identify(with_token("192.0.2.1", secret_), kPauseNs)) << "one pause later";
}

TEST_F(AuthenticatorTest, WhoShowsNothingDoesNotKeepOthersOfItsAddressOut) {
  for (int i = 0; i < 2 * limits::kLoginBurst; ++i) {
    EXPECT_EQ(strict_.identify(from("127.0.0.1"), 0).error().status, 401U);
  }
  EXPECT_TRUE(strict_.identify(with_token("127.0.0.1", secret_), 0));
}

TEST_F(AuthenticatorTest, ATicketIsTheIdentityThatAskedForItOnceAndForAShortTime) {
  const auto who = *open_.identify(with_token("192.0.2.1", secret_), 0);
  const std::string first = open_.issue_ticket(*who, 0).value();
  const auto known = open_.identify(with_ticket("192.0.2.9", first), kTicketNs - 1);
  ASSERT_TRUE(known);
  EXPECT_EQ((*known)->name, "ci");
  EXPECT_EQ((*known)->token, who->token);
  EXPECT_EQ((*known)->address, "192.0.2.9");
  EXPECT_FALSE(open_.identify(with_ticket("192.0.2.9", first), kTicketNs - 1)) << "used";
  const std::string second = open_.issue_ticket(*who, 0).value();
  EXPECT_FALSE(open_.identify(with_ticket("192.0.2.9", second), kTicketNs)) << "expired";
}

TEST_F(AuthenticatorTest, ATicketOfARevokedTokenIsNone) {
  const auto who = *open_.identify(with_token("192.0.2.1", secret_), 0);
  const std::string ticket = open_.issue_ticket(*who, 0).value();
  store_->revoke("ci", [](auto) {});
  EXPECT_FALSE(open_.identify(with_ticket("192.0.2.1", ticket), 0));
}

TEST(Tickets, TheLimitsOfOneAndOfAllHoldAtThemAndPastThem) {
  Tickets tickets;
  const auto issue = [&](const std::string& name) {
    return tickets.issue({.name = name}, 0).has_value();
  };
  for (std::size_t i = 0; i < limits::kTicketsPerIdentity; ++i) EXPECT_TRUE(issue("a"));
  EXPECT_FALSE(issue("a"));
  for (std::size_t i = tickets.size(); i < limits::kTickets; ++i) {
    EXPECT_TRUE(issue("b" + std::to_string(i)));
  }
  EXPECT_FALSE(issue("c"));
  EXPECT_TRUE(tickets.issue({.name = "c"}, kTicketNs).has_value()) << "the old ones expired";
  EXPECT_EQ(tickets.size(), 1U);
}

TEST(LoginLimiter, AWholeNetworkOfIpv6IsOneAndIpv4AddressesAreEach) {
  LoginLimiter limiter;
  for (int i = 0; i < limits::kLoginBurst; ++i) {
    limiter.failed("2001:db8::" + std::to_string(i + 1), 0);
    limiter.failed("192.0.2." + std::to_string(i + 1), 0);
  }
  EXPECT_GT(limiter.wait_s("2001:db8::ffff", 0), 0);
  EXPECT_EQ(limiter.wait_s("2001:db8:0:1::1", 0), 0);
  EXPECT_EQ(limiter.wait_s("192.0.2.1", 0), 0);
}

TEST(LoginLimiter, ItsTableIsBoundedAndTheWorstStayInIt) {
  LoginLimiter limiter;
  for (int i = 0; i < limits::kLoginBurst; ++i) limiter.failed("192.0.2.1", 0);
  for (std::size_t i = 0; i < limits::kLoginAddresses + 10; ++i) {
    limiter.failed("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 0);
    ASSERT_LE(limiter.size(), limits::kLoginAddresses);
  }
  EXPECT_EQ(limiter.size(), limits::kLoginAddresses);
  EXPECT_GT(limiter.wait_s("192.0.2.1", 0), 0);
}

}  // namespace
}  // namespace bulkhead::supervisor

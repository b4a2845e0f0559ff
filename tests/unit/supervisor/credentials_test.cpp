#include "supervisor/control/credentials.hpp"

#include <gtest/gtest.h>

#include "common/limits.hpp"

namespace bulkhead::supervisor {
namespace {

namespace http = boost::beast::http;

http::fields with(http::field name, const std::string& value) {
  http::fields fields;
  fields.insert(name, value);
  return fields;
}

TEST(Credentials, ATokenIsReadFromTheHeaderWhateverTheCaseOfItsScheme) {
  EXPECT_EQ(read_credentials(with(http::field::authorization, "Bearer abc"), "/ws")->token, "abc");
  EXPECT_EQ(read_credentials(with(http::field::authorization, "bEARER  abc "), "/")->token, "abc");
  EXPECT_EQ(read_credentials({}, "/ws")->token, std::nullopt);
}

TEST(Credentials, OtherSchemesAndTextsTooLongForATokenAreRefused) {
  for (const auto* value : {"Basic YTpi", "abc", "Bearer", ""}) {
    const auto shown = read_credentials(with(http::field::authorization, value), "/ws");
    ASSERT_FALSE(shown) << value;
    EXPECT_EQ(shown.error().status, 401U);
  }
  const std::string most(limits::kCredentialHeaderBytes, 'a');
  EXPECT_TRUE(read_credentials(with(http::field::authorization, "Bearer " + most), "/"));
  EXPECT_FALSE(read_credentials(with(http::field::authorization, "Bearer " + most + "a"), "/"));
}

TEST(Credentials, NoneMayStandInTheQueryHoweverItsNameIsWritten) {
  for (const auto* target : {"/ws?token=S3cret", "/ws?a=1&access_token=S3cret", "/ws?Ticket=S3cret",
                             "/ws?tok%65n=S3cret", "/ws?authorization", "/x?bearer=S3cret"}) {
    const auto shown = read_credentials({}, target);
    ASSERT_FALSE(shown) << target;
    EXPECT_EQ(shown.error().status, 400U);
    EXPECT_EQ(shown.error().reason.find("S3cret"), std::string::npos);
  }
  EXPECT_TRUE(read_credentials({}, "/ws?x=token&tokens=1"));
}

TEST(Credentials, ATicketStandsAmongTheProtocolsBesideTheRealOne) {
  const auto name = http::field::sec_websocket_protocol;
  const auto fields = with(name, "bulkhead.v1, bulkhead.ticket.abc");
  EXPECT_EQ(read_credentials(fields, "/ws")->ticket, "abc");
  EXPECT_TRUE(offers_protocol(fields));
  EXPECT_FALSE(offers_protocol(with(name, "bulkhead.v2")));
  EXPECT_EQ(read_credentials(with(name, "bulkhead.ticket.abc"), "/ws").error().status, 400U);
  EXPECT_EQ(read_credentials(with(name, "bulkhead.v1,bulkhead.ticket.a,bulkhead.ticket.b"), "/ws")
                .error()
                .status,
            400U);
}

TEST(Credentials, TwoAreTooMany) {
  auto fields = with(http::field::authorization, "Bearer a");
  fields.insert(http::field::authorization, "Bearer b");
  EXPECT_EQ(read_credentials(fields, "/ws").error().status, 400U);
  auto both = with(http::field::authorization, "Bearer a");
  both.insert(http::field::sec_websocket_protocol, "bulkhead.v1, bulkhead.ticket.b");
  EXPECT_EQ(read_credentials(both, "/ws").error().status, 400U);
}

}  // namespace
}  // namespace bulkhead::supervisor

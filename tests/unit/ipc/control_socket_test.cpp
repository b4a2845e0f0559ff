#include "ipc/control_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <utility>

#include "common/limits.hpp"
#include "ipc/layout_version.hpp"
#include "tests/support/hang_limit.hpp"

namespace bulkhead::ipc {
namespace {

using std::chrono::milliseconds;

using test::kHangLimit;

class ControlSocketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pair = ControlSocket::create_pair();
    ASSERT_TRUE(pair);
    supervisor_.emplace(std::move(pair->first));
    worker_.emplace(std::move(pair->second));
  }
  void send_raw(const std::string& packet) {
    ASSERT_EQ(::send(worker_->fd(), packet.data(), packet.size(), 0),
              static_cast<ssize_t>(packet.size()));
  }

  std::optional<ControlSocket> supervisor_;
  std::optional<ControlSocket> worker_;
};

TEST_F(ControlSocketTest, CarriesTheHelloToTheSupervisor) {
  const auto nothing_yet = supervisor_->try_receive_hello();
  ASSERT_TRUE(nothing_yet);
  EXPECT_FALSE(nothing_yet->has_value());
  ASSERT_TRUE(worker_->send_hello({.layout_version = kLayoutVersion, .pid = 4711}));
  const auto hello = supervisor_->try_receive_hello();
  ASSERT_TRUE(hello && *hello);
  EXPECT_EQ((*hello)->layout_version, kLayoutVersion);
  EXPECT_EQ((*hello)->pid, 4711);
}

TEST_F(ControlSocketTest, CarriesAStartMessageOfTheLargestSize) {
  const std::string json(limits::kControlMessageBytes, 'j');
  ASSERT_TRUE(supervisor_->send_start(json));
  const auto got = worker_->receive_start();
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(*got, json);
}

TEST_F(ControlSocketTest, RefusesToSendALongerStartMessage) {
  const auto sent = supervisor_->send_start(std::string(limits::kControlMessageBytes + 1, 'j'));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::LimitReached);
}

TEST_F(ControlSocketTest, TellsBothEndsThatThePeerIsGone) {
  worker_.reset();
  EXPECT_EQ(supervisor_->try_receive_hello().error().code, ErrorCode::Unavailable);
  EXPECT_EQ(supervisor_->send_start("{}").error().code, ErrorCode::Unavailable);

  SetUp();
  supervisor_.reset();
  EXPECT_EQ(worker_->receive_start().error().code, ErrorCode::Unavailable);
  EXPECT_EQ(worker_->send_hello({}).error().code, ErrorCode::Unavailable);
}

TEST_F(ControlSocketTest, TellsThatAPeerDiedWithoutReadingWhatWasSent) {
  ASSERT_TRUE(supervisor_->send_start("{}"));
  worker_.reset();
  EXPECT_EQ(supervisor_->try_receive_hello().error().code, ErrorCode::Unavailable);
}

TEST_F(ControlSocketTest, CallsAnyOtherFirstMessageAProtocolError) {
  for (const std::string& packet :
       {std::string{"x"}, std::string(11, 'x'), std::string(12, 'x'), std::string(100'000, 'x')}) {
    send_raw(packet);
    EXPECT_EQ(supervisor_->try_receive_hello().error().code, ErrorCode::ProtocolError)
        << packet.size();
  }
}

TEST_F(ControlSocketTest, NeverBlocksTheSupervisorOnAWorkerThatDoesNotRead) {
  const std::string json(limits::kControlMessageBytes, 'j');
  Result<void> sent;
  for (int i = 0; i < 100 && sent; ++i) sent = supervisor_->send_start(json);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::Unavailable);
}

TEST_F(ControlSocketTest, IsNotInheritedByAccident) {
  EXPECT_NE(::fcntl(supervisor_->fd(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(worker_->fd(), F_GETFD) & FD_CLOEXEC, 0);
}

}  // namespace
}  // namespace bulkhead::ipc

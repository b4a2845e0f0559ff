// What actions do in a real Redis server.

#include "worker/sink/redis_action.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "tests/support/action_records.hpp"
#include "tests/support/redis_client.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/temp_dir.hpp"

namespace bulkhead::worker {
namespace {

using test::car;
using test::detection_record;
using test::event_record;
using Texts = std::vector<std::string>;

RecordTemplate text(const std::string& text) { return RecordTemplate::parse(text).value(); }

class RedisActionTest : public ::testing::Test {
 protected:
  RedisActionTest() { std::signal(SIGPIPE, SIG_IGN); }  // as in a worker

  [[nodiscard]] RedisPublishSpec publish(const std::string& message) const {
    RedisPublishSpec spec;
    spec.account.port = server_.port();
    spec.channel = text("cars:{session}");
    spec.message = text(message);
    return spec;
  }
  [[nodiscard]] RedisSaveImageSpec save_image() const {
    RedisSaveImageSpec spec;
    spec.account.port = server_.port();
    spec.key = text("inference:{session}:{timestamp_ms}");
    spec.expire_seconds = 300;
    return spec;
  }
  static void write(Sink& sink, const std::vector<SinkRecord>& batch) {
    const auto written = sink.write(batch);
    ASSERT_TRUE(written) << written.error().message;
  }
  static void open(Sink& sink) {
    const auto opened = sink.open();
    ASSERT_TRUE(opened) << opened.error().message;
  }

  test::RedisServer server_;
};

/// Who is subscribed to the channel of the tests.
class Listener {
 public:
  explicit Listener(std::uint16_t port) : client_{port} {
    client_.call({"SUBSCRIBE", "cars:display-001;cam-001"});
  }

  Texts next(std::size_t count) {
    Texts messages;
    for (std::size_t i = 0; i < count; ++i) {
      const RedisReply reply = client_.next_message();
      messages.emplace_back(reply->element[2]->str, reply->element[2]->len);
    }
    return messages;
  }

 private:
  test::RedisClient client_;
};

TEST_F(RedisActionTest, EachObjectThatIsMeantIsToldInOrderOnItsChannel) {
  RedisPublishSpec spec = publish("{sequence} {track} {attribute.brand}");
  spec.when = {.labels = {"car"}, .attributes = {"brand"}};
  Object person = car(9, "none");
  person.label_id = 0;
  RedisPublish sink{spec};
  open(sink);
  Listener listener{server_.port()};
  write(sink, {detection_record(1, {car(7, "VW"), person, car(8, "Audi")}), event_record(2),
               detection_record(3, {car(7)}), detection_record(4, {car(7, "VW")})});
  EXPECT_EQ(listener.next(3), (Texts{"1 7 VW", "1 8 Audi", "4 7 VW"}));
}

TEST_F(RedisActionTest, AMessageMayBeAnObjectWhoseValuesKeepTheirTypes) {
  RedisPublishSpec spec = publish("");
  spec.message = TemplateFields{{"zone", text("{zone}")},
                                {"confidence", text("{confidence}")},
                                {"text", text("{label} at {zone}")},
                                {"brand", text("{attribute.brand}")}};
  RedisPublish sink{spec};
  open(sink);
  Listener listener{server_.port()};
  write(sink, {event_record(1)});
  EXPECT_EQ(listener.next(1),
            Texts{R"({"brand":null,"confidence":0.75,"text":"car at gate","zone":"gate"})"});
}

TEST_F(RedisActionTest, ATrackThatEndsIsToldOnceWithWhatIsKnownOfIt) {
  RedisPublishSpec spec = publish("{track} {attribute.brand} {attribute.color}");
  spec.when = {.kinds = {"track.end"}, .attributes = {"brand", "color"}};
  RedisPublish sink{spec};
  open(sink);
  Listener listener{server_.port()};
  const auto ended = [](const Object& object) {
    ipc::Event event;
    event.kind = EventKind::TrackEnd;
    event.object = object;
    return event;
  };
  write(sink, {detection_record(1, {car(7, "VW", "red")}), event_record(2, ended(car(6, "VW"))),
               detection_record(3, {car(7, "VW", "red")}),
               event_record(4, ended(car(7, "VW", "red"))), event_record(5, ended(car(8)))});
  write(sink, {event_record(6, ended(car(9, "Audi", "blue")))});
  EXPECT_EQ(listener.next(2), (Texts{"7 VW red", "9 Audi blue"}));
}

TEST_F(RedisActionTest, NoLabelIsReadAsAnythingButAText) {
  RedisPublish sink{publish("{attribute.brand}")};
  open(sink);
  test::RedisClient client{server_.port()};
  client.call({"SET", "cars", "here"});
  Listener listener{server_.port()};
  std::vector<Object> objects;
  for (const std::string& hostile : test::hostile_texts()) objects.push_back(car(1, hostile));
  write(sink, {detection_record(1, objects)});
  EXPECT_EQ(listener.next(objects.size()), test::hostile_texts());
  EXPECT_EQ(client.text({"GET", "cars"}), "here");
}

TEST_F(RedisActionTest, WhatATemplateCannotMakeIsTheRecordsFaultAndItsNeighboursAreTold) {
  std::string longest(limits::kRenderedBytes + 1, 'a');
  RedisPublish sink{publish("{sequence}{attribute.brand}")};
  open(sink);
  Listener listener{server_.port()};
  const auto refused = sink.write(std::vector{detection_record(1, {car(7, longest)})});
  ASSERT_FALSE(refused);
  EXPECT_EQ(persistence_of(refused.error().code), Persistence::Permanent);
  write(sink, {detection_record(2, {car(7, "VW")})});  // on the same connection
  EXPECT_EQ(listener.next(1), Texts{"2VW"});
}

TEST_F(RedisActionTest, WhatIsMoreThanOneTransactionIsToldInOrder) {
  const std::string brand(limits::kRenderedBytes - 10, 'a');
  const std::size_t count = 2 * limits::kActionBytes / limits::kRenderedBytes + 3;
  RedisPublish sink{publish("{track} {attribute.brand}")};
  open(sink);
  Listener listener{server_.port()};
  std::vector<SinkRecord> batch;
  for (std::uint32_t i = 0; i < count; ++i) {
    batch.push_back(detection_record(i + 1, {car(i + 1, brand)}));
  }
  write(sink, batch);
  Texts numbers = listener.next(count);
  for (std::size_t i = 0; i < count; ++i)
    EXPECT_EQ(numbers[i], std::to_string(i + 1) + " " + brand);
}

TEST_F(RedisActionTest, AServerThatWasAwayIsToldInOrderWhatCameMeanwhileAndAfter) {
  RedisPublish sink{publish("{sequence}")};
  open(sink);
  write(sink, {event_record(1)});
  server_.kill();
  const auto away = sink.write(std::vector{event_record(2)});
  ASSERT_FALSE(away);
  EXPECT_EQ(persistence_of(away.error().code), Persistence::Transient) << away.error().message;
  EXPECT_FALSE(sink.open());
  server_.start();
  Listener listener{server_.port()};
  open(sink);
  write(sink, {event_record(2), event_record(3)});
  write(sink, {event_record(4)});
  EXPECT_EQ(listener.next(3), (Texts{"2", "3", "4"}));
}

TEST_F(RedisActionTest, ARightThatIsMissingIsNoFaultOfARecord) {
  const test::RedisServer server{"user reader on >pass ~* &* +ping +multi +exec"};
  RedisPublishSpec spec = publish("{sequence}");
  spec.account.port = server.port();
  spec.account.user = "reader";
  spec.account.password = "pass";
  RedisPublish sink{spec};
  open(sink);
  const auto refused = sink.write(std::vector{event_record(1)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
  EXPECT_NE(refused.error().message.find("NOPERM"), std::string::npos) << refused.error().message;
}

class RedisSaveImageTest : public RedisActionTest {
 protected:
  void keep(ipc::SnapshotKind kind, const std::string& jpeg) {
    const std::filesystem::path folder{ipc::kSnapshotFolder};
    std::filesystem::create_directories(dir_.path() / folder);
    dir_.write(folder / ipc::snapshot_file_name(test::kRecordTimeNs, kind), jpeg);
  }
  static SinkRecord shown(Sequence sequence, EventKind kind = EventKind::ZoneEnter) {
    ipc::Event event;
    event.kind = kind;
    event.has_snapshot = true;
    return event_record(sequence, event);
  }
  static std::string key_of(const SinkRecord& record) {
    return "inference:display-001;cam-001:" + std::to_string(record.time_ns / kNsPerMs);
  }

  test::TempDir dir_;
};

constexpr const char* kPlain = "\xff\xd8\xff the frame";
constexpr const char* kBoxed = "\xff\xd8\xff with boxes";

TEST_F(RedisSaveImageTest, ThePictureOfAnEventIsKeptUnderItsKeyForItsTime) {
  keep(ipc::SnapshotKind::AsSent, kPlain);
  RedisSaveImage sink{save_image(), EventPictures{dir_.path()}};
  open(sink);
  // Neither the frame nor an event without a picture is one of these.
  write(sink, {detection_record(1, {car(7)}), event_record(2), shown(3)});
  test::RedisClient client{server_.port()};
  EXPECT_EQ(client.text({"GET", key_of(shown(3))}), kPlain);
  EXPECT_EQ(client.text({"DBSIZE"}), "1");
  const int left = std::stoi(client.text({"TTL", key_of(shown(3))}));
  EXPECT_GT(left, 290);
  EXPECT_LE(left, 300);
  write(sink, {shown(3)});  // sent again, it is the same
  EXPECT_EQ(client.text({"DBSIZE"}), "1");
}

TEST_F(RedisSaveImageTest, TheOneWithBoxesIsKeptWhereThatIsAskedFor) {
  keep(ipc::SnapshotKind::AsSent, kPlain);
  keep(ipc::SnapshotKind::WithBoxes, kBoxed);
  RedisSaveImageSpec spec = save_image();
  spec.has_boxes = true;
  RedisSaveImage sink{spec, EventPictures{dir_.path()}};
  open(sink);
  write(sink, {shown(3)});
  EXPECT_EQ(test::RedisClient{server_.port()}.text({"GET", key_of(shown(3))}), kBoxed);
}

TEST_F(RedisSaveImageTest, APictureThatIsGoneIsTheRecordsFaultAndIsSaid) {
  RedisSaveImage sink{save_image(), EventPictures{dir_.path()}};
  open(sink);
  const auto refused = sink.write(std::vector{shown(3)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::NotFound);
  EXPECT_NE(refused.error().message.find("is not there"), std::string::npos);
  keep(ipc::SnapshotKind::AsSent, kPlain);
  write(sink, {shown(4)});  // on the same connection
}

TEST_F(RedisSaveImageTest, OfACountNothingCanBeCutOutAndItIsPassedOver) {
  keep(ipc::SnapshotKind::AsSent, kPlain);
  RedisSaveImageSpec spec = save_image();
  spec.is_of_object = true;
  RedisSaveImage sink{spec, EventPictures{dir_.path()}};
  open(sink);
  write(sink, {shown(3, EventKind::ZoneCount)});
  EXPECT_EQ(test::RedisClient{server_.port()}.text({"DBSIZE"}), "0");
}

}  // namespace
}  // namespace bulkhead::worker

#include "supervisor/cli/session_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "supervisor/cli/availability_options.hpp"
#include "supervisor/cli/event_text.hpp"
#include "supervisor/cli/text.hpp"

namespace bulkhead::cli {
namespace {

using nlohmann::json;

constexpr const char* kLive = R"({
  "subscriptionIdentifier": "d1;gate", "state": "LIVE", "desired": "RUNNING",
  "since": "2026-01-05T12:00:00.000000Z", "reason": "NONE", "reasonText": "", "generation": 3,
  "worker": {"pid": 4711, "startedAt": "2026-01-05T11:59:58.000000Z"},
  "confinement": {"landlock": 5, "tcpPorts": [554, 53], "systemCallFilter": true, "uid": 998,
                  "missing": ["a gap", "another"]},
  "rtspUrl": "rtsp://192.0.2.7:554/s1", "transport": "tcp", "availability": "intermittent", "pipeline": {"name": "people"},
  "model": {"name": "yolo11n", "family": "yolov8", "engine": "onnxruntime", "inputWidth": 416,
            "inputHeight": 416, "sha256": "f5fcf896be5ce290b0484ee8"},
  "counters": {"fps": 9.96, "framesReceivedTotal": 1200, "framesInferredTotal": 1180,
               "framesDroppedTotal": 20, "reconnectsTotal": 1, "lastFrameAgeMs": 42,
               "sourceWidth": 768, "sourceHeight": 576},
  "restarts": {"total": 2, "byReason": {"WORKER_DIED": 2}},
  "lastExits": [{"generation": 2, "at": "2026-01-05T11:59:57.000000Z", "uptimeMs": 192000,
                 "exitCode": null, "signal": 9, "reason": "WORKER_DIED", "text": "killed",
                 "peakRssBytes": 157286400, "lastLogLines": ["line before", "the end"]}],
  "logFile": "/s/logs/detector_worker_camera_d1_gate.log"})";

constexpr const char* kOffline = R"({
  "subscriptionIdentifier": "yard", "state": "OFFLINE", "availability": "always", "since": "2026-01-05T11:00:00Z",
  "reason": "CONNECT_FAILED", "reasonText": "connection refused", "generation": 1, "worker": null,
  "model": null, "counters": {"fps": 0, "lastFrameAgeMs": null},
  "restarts": {"total": 0, "byReason": {}}, "lastExits": []})";

std::int64_t now() { return *iso8601_ms("2026-01-05T12:03:12Z"); }

TEST(SessionsTableTest, EachCameraIsALineWithItsReasonInSight) {
  const json result{{"sessions", {json::parse(kLive), json::parse(kOffline)}}};
  EXPECT_EQ(sessions_table(result, now(), false),
            "ID       STATE    SINCE   FPS   PID  GEN  RESTARTS  AVAILABILITY  REASON\n"
            "d1;gate  LIVE     3m12s  10.0  4711    3         2  intermittent  -\n"
            "yard     OFFLINE  1h03m     -     -    1         0  always        CONNECT_FAILED: "
            "connection "
            "refused\n");
}

TEST(CanaryTextTest, SaysHowItFaresAndLeavesOutWhatIsNotKnown) {
  const json loading = json::parse(R"({"model": "a.onnx", "state": "LOADING", "reason": "NONE",
    "since": "2026-01-05T12:03:00Z", "reasonText": "fetching model", "agreement": null,
    "costRatio": null, "frames": 0, "framesWithObjects": 0, "framesSkipped": 0})");
  EXPECT_EQ(canary_text(loading, now()), "LOADING for 12s: a.onnx; fetching model");
  json failed = loading;
  failed.update({{"state", "FAILED"},
                 {"reason", "WORKER_DIED"},
                 {"reasonText", "its worker died"},
                 {"agreement", 0.934},
                 {"costRatio", 1.8},
                 {"frames", 50},
                 {"framesWithObjects", 41},
                 {"framesSkipped", 2}});
  EXPECT_EQ(canary_text(failed, now()),
            "FAILED for 12s: a.onnx, agreement 0.93 in 41 of 50 frames (2 skipped), cost ratio "
            "1.80; WORKER_DIED: its worker died");
}

TEST(AppliedTextTest, EachCameraOfADeclaredListIsALineLikeADiffAndTheSumsAreBelow) {
  const json result = json::parse(R"({"applied": true, "sessions": [
    {"subscriptionIdentifier": "door", "change": "unchanged"},
    {"subscriptionIdentifier": "gate", "change": "added", "kept": false},
    {"subscriptionIdentifier": "yard", "change": "reconfigured", "how": "hot", "kept": true},
    {"change": "refused", "error": {"code": "INVALID_PARAMS", "message": "params.x: no"}},
    {"subscriptionIdentifier": "old", "change": "removed"}]})");
  EXPECT_EQ(applied_text(result, false),
            "+  gate  added, not on disk\n"
            "~  yard  reconfigured (hot)\n"
            "-  old   removed\n"
            "!  ?     INVALID_PARAMS: params.x: no\n"
            "=  door  unchanged\n"
            "1 added, 1 reconfigured, 1 removed, 1 refused, 1 unchanged\n");
  EXPECT_EQ(refused_entries(result), 1U);
  EXPECT_EQ(applied_text(json::parse(R"({"applied": true, "sessions": []})"), false),
            "no sessions\n");
}

TEST(SessionsTableTest, WithoutCamerasItSaysHowToAddOne) {
  EXPECT_NE(sessions_table({{"sessions", json::array()}}, now(), false).find("bulkhead add"),
            std::string::npos);
}

TEST(SessionsTableTest, AnAnswerOfAnotherVersionIsStillShown) {
  const json odd{{"sessions", {{{"subscriptionIdentifier", 7}, {"state", nullptr}}, json(), 3}}};
  EXPECT_NE(sessions_table(odd, now(), false).find("RESTARTS"), std::string::npos);
  EXPECT_FALSE(sessions_table(json(), now(), false).empty());
}

TEST(SessionsTableTest, TextOfACameraCannotCommandTheTerminal) {
  json session = json::parse(kOffline);
  session["reasonText"] = "\033[2J\nfake line";
  const std::string text = sessions_table({{"sessions", {session}}}, now(), false);
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(SessionDetailsTest, EverythingAnOperatorAsksForIsThere) {
  const std::string text = session_details(json::parse(kLive), now(), false);
  for (const char* fact :
       {"LIVE for 3m12s", "availability  intermittent", "rtsp://192.0.2.7:554/s1", "people",
        "yolo11n (yolov8, 416x416", "pid 4711, up 3m14s",
        "Landlock 5, TCP to 554, 53 only, system calls filtered, uid 998; missing: a gap; another",
        "768x576, 10.0 frames/s", "42ms ago", "received 1200, inferred 1180", "2 (WORKER_DIED 2)",
        "generation 2, after 3m12s: signal 9, WORKER_DIED: killed (at most 150 MiB)", "line before",
        "the end", "detector_worker_camera_d1_gate.log"}) {
    EXPECT_NE(text.find(fact), std::string::npos) << fact << "\n" << text;
  }
}

TEST(SessionDetailsTest, WithoutWorkerModelOrFrameItSaysSo) {
  const std::string text = session_details(json::parse(kOffline), now(), false);
  EXPECT_NE(text.find("last frame    none yet"), std::string::npos) << text;
  EXPECT_NE(text.find("model         -"), std::string::npos) << text;
}

TEST(SessionDetailsTest, WhenItIsWatchedIsShownAsItIsTyped) {
  const std::vector<std::string> typed{"mon,fri 08:00-18:00", "22:00-06:00"};
  json session = json::parse(kOffline);
  session["schedule"] = schedule_json(typed);
  session["nextStart"] = "2026-01-09T08:00:00.000000Z";
  EXPECT_EQ(session["schedule"][0]["days"], json({"mon", "fri"}));
  EXPECT_EQ(session["schedule"][1], json({{"from", "22:00"}, {"to", "06:00"}}));
  const std::string text = session_details(session, now(), false);
  for (const char* fact : {"mon,fri 08:00-18:00; 22:00-06:00", "2026-01-09T08:00:00"}) {
    EXPECT_NE(text.find(fact), std::string::npos) << fact << "\n" << text;
  }
}

TEST(SessionDetailsTest, AScheduleThatMakesNoSenseIsPassedOnForTheSupervisorToRefuse) {
  EXPECT_EQ(schedule_json({"nonsense"}), json::array({{{"from", "nonsense"}, {"to", ""}}}));
  EXPECT_EQ(schedule_json({""}), json::array({{{"from", ""}, {"to", ""}}}));
  EXPECT_EQ(schedule_json({"mon, 8-9"})[0]["days"], json({"mon", ""}));
  EXPECT_EQ(schedule_text(json({1, nullptr, {{"days", 3}}})), "-; -; -");
}

TEST(ReconfiguredLineTest, WhatBecomesOfTheWorkerIsSaid) {
  EXPECT_EQ(reconfigured_line("gate", json::parse(R"({"how": "hot", "applied": true})")),
            "gate reconfigured (hot): its worker goes on with it\n");
  EXPECT_EQ(reconfigured_line("gate", json::parse(R"({"how": "hot", "applied": false})")),
            "gate reconfigured (hot): its worker did not answer, the next one will have it\n");
  EXPECT_EQ(reconfigured_line("gate", json::parse(R"({"how": "overlap"})")),
            "gate reconfigured (overlap): its next worker starts beside the present one\n");
  EXPECT_EQ(reconfigured_line("gate", json::parse(R"({"how": "replace"})")),
            "gate reconfigured (replace): its next worker follows the present one\n");
}

TEST(ContextLineTest, WhoseResultsAreIsSaidAndWhetherTheWorkerKnows) {
  EXPECT_EQ(context_line(json::parse(R"({"subscriptionIdentifier": "gate", "context": "shop-17",
                                         "stage": "paid", "applied": true})")),
            "gate has the context shop-17 (paid): its worker goes on with it\n");
  EXPECT_EQ(context_line(json::parse(R"({"subscriptionIdentifier": "gate", "context": null,
                                         "stage": null, "applied": false})")),
            "gate has no context: its worker did not answer, the next one will have it\n");
  EXPECT_EQ(context_line(json::parse(R"({"subscriptionIdentifier": "gate", "context": "a"})")),
            "gate has the context a\n")
      << "of session.get";
}

TEST(EventLineTest, WhoseADetectionIsAndThatItIsToldAgainStandBesideIt) {
  const json detection = json::parse(R"({"method": "detection", "params": {"session": "gate",
    "frameId": 3, "ageMs": 9000, "context": "shop-17", "stage": "paid", "patchOf": 2,
    "objects": [{"label": "car", "confidence": 0.9, "bbox": {}}]}})");
  EXPECT_TRUE(event_line(detection, false)
                  .ends_with("frame 3, 9000 ms old, again  car 0.90 [0,0 0x0]  for shop-17 (paid)"))
      << event_line(detection, false);
}

TEST(RestartLineTest, GapAndLossAreNamed) {
  EXPECT_EQ(restart_line("gate", json::parse(R"({"mode": "replace", "generation": 4, "gapMs": 812,
                                                "lostFrames": 9, "duplicateFrames": 0})")),
            "gate restarted (replace): generation 4, gap 812ms, 9 frames lost, 0 twice\n");
}

TEST(SystemTextTest, TotalsAreShown) {
  const std::string text = system_text(json::parse(
      R"({"version": "0.1.0", "host": "nvr", "uptimeS": 192.5, "connections": 2, "streams": 1,
          "sessions": {"total": 14, "live": 12, "max": 20}, "loop": {"maxStallMs": 3.25}})"));
  for (const char* fact : {"0.1.0 on nvr", "3m12s", "12 live of 14 (at most 20)", "2 connected"}) {
    EXPECT_NE(text.find(fact), std::string::npos) << fact << "\n" << text;
  }
}

TEST(EventLineTest, ADetectionShowsWhatWasSeenWhereAndHowSurely) {
  const json detection = json::parse(R"({"method": "detection", "params": {
    "session": "gate", "tsCapture": "2026-01-05T12:00:00.123456Z", "frameId": 5127, "ageMs": 41.7,
    "objects": [{"label": "car", "confidence": 0.914, "bbox": {"x": 411.4, "y": 220, "w": 310.5,
                 "h": 180}}, {"label": "person", "trackId": 12, "confidence": 0.5, "bbox": {}}]}})");
  EXPECT_EQ(event_line(detection, false),
            "12:00:00.123  gate  frame 5127, 42 ms old  car 0.91 [411,220 311x180]  "
            "person #12 0.50 [0,0 0x0]");
}

TEST(EventLineTest, WhatAStageSaysOfAnObjectStandsBehindIt) {
  const json detection = json::parse(R"({"method": "detection", "params": {"session": "gate",
    "objects": [{"label": "car", "trackId": 3, "confidence": 0.9, "bbox": {},
                 "attributes": {"colour": {"label": "red", "confidence": 0.7},
                                "plate\u001b": {"label": "AB 123"}}}]}})");
  EXPECT_TRUE(event_line(detection, false)
                  .ends_with("car #3 0.90 [0,0 0x0]  colour=red  plate\\x1b=AB 123"))
      << event_line(detection, false);
}

TEST(EventLineTest, WhatAStageSaysOfAnEventsObjectStandsBehindIt) {
  const json event = json::parse(R"({"method": "event", "params": {"session": "gate",
    "kind": "zone.leave", "zone": "yard", "label": "car", "trackId": 3, "dwellMs": 1500,
    "reason": "track_ended", "context": "shop-17",
    "attributes": {"colour": {"label": "red", "confidence": 0.7}}}})");
  EXPECT_TRUE(event_line(event, false)
                  .ends_with("gate  yard: car #3 leaves after 1.5 s (track_ended)  colour=red  "
                             "for shop-17"))
      << event_line(event, false);
}

TEST(EventLineTest, AnEmptyFrameSaysNothing) {
  const json detection{{"method", "detection"}, {"params", {{"session", "gate"}}}};
  EXPECT_NE(event_line(detection, false).find("nothing"), std::string::npos);
}

TEST(EventLineTest, AChangeOfStateShowsBothStatesAndTheReason) {
  const json change = json::parse(R"({"method": "session.state", "params": {
    "session": "gate", "from": "LIVE", "to": "BACKING_OFF", "since": "2026-01-05T12:00:01.5Z",
    "reason": "WORKER_DIED", "reasonText": "killed by signal 9"}})");
  EXPECT_EQ(event_line(change, false),
            "12:00:01.500  gate  LIVE -> BACKING_OFF  WORKER_DIED: killed by signal 9");
}

TEST(EventLineTest, AnAlertShowsWhetherItBeginsOrEnds) {
  json alert = json::parse(R"({"method": "system.alert", "params": {"session": "gate",
    "kind": "DARK_PICTURE", "active": true, "since": "2026-01-05T12:00:01.5Z",
    "text": "the lens is covered"}})");
  EXPECT_EQ(event_line(alert, false),
            "12:00:01.500  gate  alert DARK_PICTURE: the lens is covered");
  alert["params"]["active"] = false;
  EXPECT_NE(event_line(alert, false).find("DARK_PICTURE ended:"), std::string::npos);

  const json status = json::parse(R"({"method": "stream.status", "params":
      {"from": "CONNECTED", "to": "BACKPRESSURE", "reason": "its outbox fills"}})");
  EXPECT_EQ(event_line(status, false), "stream BACKPRESSURE  its outbox fills");
}

TEST(EventLineTest, AGapShowsWhatWasLost) {
  const json gap = json::parse(R"({"method": "stream.gap", "params": {"session": "gate",
    "class": "IMPORTANT", "fromSequence": 5, "toSequence": 16, "count": 12,
    "reason": "LIMIT_REACHED"}})");
  EXPECT_EQ(event_line(gap, false),
            "gap  gate  12 IMPORTANT messages lost, sequence 5 to 16, LIMIT_REACHED");
}

TEST(EventLineTest, AMethodOfALaterVersionIsLeftOut) {
  EXPECT_EQ(event_line({{"method", "weather"}, {"params", {}}}, false), "");
}

}  // namespace
}  // namespace bulkhead::cli

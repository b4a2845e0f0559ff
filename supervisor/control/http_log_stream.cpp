#include "supervisor/control/http_log_stream.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <string>
#include <utility>

#include "common/limits.hpp"
#include "supervisor/control/control_context.hpp"

namespace bulkhead::supervisor {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

/// What is no line of the log begins with '#', which no line of ours does.
std::string text_of(const LogBatch& batch) {
  std::string text;
  if (batch.is_cut) text += "# there may be more than what is searched and kept\n";
  if (batch.lost > 0) text += "# " + std::to_string(batch.lost) + " lines lost, reading is slow\n";
  for (const std::string& line : batch.lines) text += line + '\n';
  if (batch.file == LogFileState::There) text += "# the file is there again\n";
  if (batch.file == LogFileState::Missing) text += "# the file is missing\n";
  if (batch.file == LogFileState::Refused) text += "# what has the file's name is no log of ours\n";
  return text;
}

class HttpLogStream : public std::enable_shared_from_this<HttpLogStream> {
 public:
  HttpLogStream(Connections::Place place, const std::shared_ptr<ControlContext>& context)
      : place_{std::move(place)},
        connections_{context->connections},
        write_time_{context->limits.write_time} {}

  /// Lines may be there before; nothing is written yet.
  std::optional<Error> open(const std::shared_ptr<LogFolder>& folder, LogRequest request) {
    auto tail = LogTail::start(folder, std::move(request), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->write_next();
    });
    if (!tail) return tail.error();
    tail_ = *std::move(tail);
    return std::nullopt;
  }

  void start(TransportStream stream) {
    stream_.emplace(std::move(stream));
    const auto end = [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->finish();
    };
    place_.set_ending({.close = [end](Connections::Farewell) { end(); },
                       .abandon = end,
                       .revoke = [end](std::string_view) { end(); }});
    header_.version(11);
    header_.result(http::status::ok);
    header_.set(http::field::server, "bulkhead");
    header_.set(http::field::cache_control, "no-store");
    header_.set("X-Content-Type-Options", "nosniff");
    header_.set(http::field::content_type,
                beast::string_view{kLogContentType.data(), kLogContentType.size()});
    header_.keep_alive(false);
    header_.chunked(true);
    is_writing_ = true;
    stream_->tcp().expires_never();
    watch_client();
    stream_->tcp().expires_after(write_time_);
    http::async_write_header(
        *stream_, serializer_,
        beast::bind_front_handler(&HttpLogStream::on_written, shared_from_this()));
  }

  [[nodiscard]] Connections::Place& place() noexcept { return place_; }

 private:
  /// It has nothing more to say: what it sends is read away, so that its end is seen. There is
  /// always a read on its way, begun without a limit, so that the limits of writes are not its own:
  /// silence is right.
  void watch_client() {
    stream_->async_read_some(asio::buffer(scratch_),
                             [self = shared_from_this()](beast::error_code error, auto) {
                               if (error) return self->finish();
                               self->watch_client();
                             });
  }

  void write_next() {
    if (is_writing_ || is_finished_ || !stream_ || tail_->empty()) return;
    text_ = text_of(tail_->take(limits::kLogMessageBytes));
    if (text_.empty()) return;
    is_writing_ = true;
    stream_->tcp().expires_after(write_time_);
    asio::async_write(*stream_, http::make_chunk(asio::const_buffer(text_.data(), text_.size())),
                      beast::bind_front_handler(&HttpLogStream::on_written, shared_from_this()));
  }

  void on_written(beast::error_code error, std::size_t bytes) {
    is_writing_ = false;
    if (error == beast::error::timeout) ++connections_->evicted_total["write_timeout"];
    if (error || is_finished_) return finish();
    stream_->tcp().expires_never();
    connections_->bytes_sent_total += bytes;
    write_next();
  }

  void finish() {
    if (std::exchange(is_finished_, true)) return;
    tail_->stop();
    stream_->close();
  }

  Connections::Place place_;
  std::shared_ptr<Connections> connections_;
  std::chrono::milliseconds write_time_;
  std::optional<TransportStream> stream_;
  std::shared_ptr<LogTail> tail_;
  http::response<http::empty_body> header_;
  http::response_serializer<http::empty_body> serializer_{header_};
  std::string text_;
  std::array<char, 512> scratch_{};
  bool is_writing_ = false;
  bool is_finished_ = false;
};

/// Holds on to a tail that does not follow until it has told everything.
struct Collected {
  std::shared_ptr<LogTail> tail;
  std::string text;
};

}  // namespace

void collect_log(const std::shared_ptr<LogFolder>& folder, LogRequest request,
                 const std::function<void(HttpReply)>& done) {
  const auto all = std::make_shared<Collected>();
  const auto take = [all, done] {
    LogBatch batch;
    while (!batch.is_end) {
      batch = all->tail->take(limits::kLogMessageBytes);
      if (batch.file == LogFileState::Missing) {
        done(http_error(404, {ErrorCode::NotFound, "this log has no file yet", {}}));
        return all->tail.reset();
      }
      if (batch.file == LogFileState::Refused) {
        done(http_error(
            503, {ErrorCode::Unavailable, "what has the name of this log is no log of ours", {}}));
        return all->tail.reset();
      }
      all->text += text_of(batch);
    }
    all->tail.reset();
    done({.status = 200,
          .content_type = std::string{kLogContentType},
          .body = std::move(all->text)});
  };
  auto tail = LogTail::start(folder, std::move(request), take);
  if (!tail) return done(http_error(http_status_of(tail.error().code), tail.error()));
  all->tail = *std::move(tail);
}

std::optional<Error> start_http_log_stream(TransportStream& stream,
                                           std::optional<Connections::Place>& place,
                                           const std::shared_ptr<ControlContext>& context,
                                           LogRequest request) {
  const auto log = std::make_shared<HttpLogStream>(std::move(*place), context);
  if (auto refused = log->open(context->services.logs, std::move(request))) {
    *place = std::move(log->place());
    return refused;
  }
  place.reset();
  log->start(std::move(stream));
  return std::nullopt;
}

}  // namespace bulkhead::supervisor

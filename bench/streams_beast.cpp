#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <cstdio>
#include <deque>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "common/clock.hpp"

// The rival of bench/streams.py that is closest to us: Beast as its examples use it, a queue
// without bound for each client and a write for each message.

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using Text = std::shared_ptr<const std::string>;

class Client : public std::enable_shared_from_this<Client> {
 public:
  Client(tcp::socket socket, std::set<std::shared_ptr<Client>>& all)
      : ws_{std::move(socket)}, all_{all} {}

  void start() {
    ws_.async_accept([self = shared_from_this()](beast::error_code error) {
      if (error) return;
      self->ws_.text(true);
      self->all_.insert(self);
      self->read();
    });
  }

  void send(const Text& text) {
    queue_.push_back(text);
    if (queue_.size() == 1) write();
  }

 private:
  void read() {
    ws_.async_read(buffer_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return self->all_.erase(self), void();
      self->buffer_.consume(self->buffer_.size());
      self->read();
    });
  }

  void write() {
    ws_.async_write(asio::buffer(*queue_.front()),
                    [self = shared_from_this()](beast::error_code error, std::size_t) {
                      if (error) return self->all_.erase(self), void();
                      self->queue_.pop_front();
                      if (!self->queue_.empty()) self->write();
                    });
  }

  websocket::stream<beast::tcp_stream> ws_;
  std::set<std::shared_ptr<Client>>& all_;
  beast::flat_buffer buffer_;
  std::deque<Text> queue_;
};

class Broadcaster {
 public:
  explicit Broadcaster(std::string sample)
      : sample_{std::move(sample)}, stamp_{sample_.find(R"("tsCapture":")") + 13} {
    accept();
    std::cout << "port " << acceptor_.local_endpoint().port() << std::endl;
    read_line();
    loop_.run();
  }

 private:
  void accept() {
    acceptor_.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (error) return;
      std::make_shared<Client>(std::move(socket), clients_)->start();
      accept();
    });
  }

  void read_line() {
    asio::async_read_until(input_, text_, '\n', [this](beast::error_code error, std::size_t) {
      if (error) return loop_.stop();
      std::istream words{&text_};
      std::string verb;
      words >> verb >> per_second_;
      words.ignore(1);
      std::cout << "ok" << std::endl;
      due_ = 0;
      last_ns_ = bulkhead::monotonic_ns();
      if (!ticking_) tick();
      read_line();
    });
  }

  void tick() {
    ticking_ = true;
    timer_.expires_after(std::chrono::milliseconds{1});
    timer_.async_wait([this](beast::error_code error) {
      if (error) return;
      const std::int64_t now_ns = bulkhead::monotonic_ns();
      due_ += per_second_ * static_cast<double>(now_ns - last_ns_) / 1e9;
      last_ns_ = now_ns;
      for (; due_ >= 1; --due_) publish();
      tick();
    });
  }

  void publish() {
    std::string text = sample_;
    text.replace(stamp_, 27, bulkhead::iso8601_utc(bulkhead::wall_ns()));
    const auto shared = std::make_shared<const std::string>(std::move(text));
    for (const auto& client : clients_) client->send(shared);
  }

  const std::string sample_;
  const std::size_t stamp_;
  asio::io_context loop_{1};
  std::set<std::shared_ptr<Client>> clients_;
  tcp::acceptor acceptor_{loop_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  asio::posix::stream_descriptor input_{loop_, ::dup(0)};
  asio::streambuf text_;
  asio::steady_timer timer_{loop_};
  double per_second_ = 0;
  double due_ = 0;
  std::int64_t last_ns_ = 0;
  bool ticking_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  Broadcaster{argv[1]};
}

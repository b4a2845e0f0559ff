// A real RTSP camera made of clips, on loopback: for the quickstart and for the tests.

#include <gio/gio.h>
#include <glib-unix.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <sysexits.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "deploy/camera_clip.hpp"
#include "deploy/camera_mounts.hpp"

namespace bulkhead::deploy {

namespace {

constexpr const char* kAddress = "127.0.0.1";
constexpr const char* kRole = "viewer";

struct Options {
  std::uint16_t port = 8554;
  std::vector<std::string> clips;  // "/path=file[,file…]"
  std::vector<std::string> jpeg_paths;
  std::vector<std::string> sound_paths;
  std::string user;
  std::string password_file;
  double fps = 0;
  unsigned max_sessions = 0;
  bool with_sound = false;
  bool until_stdin_ends = false;
};

struct Mount {
  std::string path;
  std::vector<std::string> files;
};

Result<Mount> parse_mount(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || text.front() != '/') {
    return Error{ErrorCode::InvalidParams, "--mount takes /path=clip, not " + text, {}};
  }
  Mount mount{text.substr(0, equals), {}};
  std::size_t begin = equals + 1;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    mount.files.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return mount;
}

Result<Playlist> load_playlist(const Mount& mount, double fps) {
  Playlist playlist;
  for (const std::string& file : mount.files) {
    Result<CameraClip> clip = load_clip(file, fps);
    if (!clip) return std::move(clip).error();
    playlist.push_back(std::move(*clip));
    if (playlist.back().codec != playlist.front().codec) {
      return Error{ErrorCode::InvalidParams, mount.path + " mixes H.264 and H.265", {}};
    }
  }
  return playlist;
}

Result<std::string> first_line(const std::string& file) {
  std::ifstream in{file};
  std::string line;
  if (!std::getline(in, line)) {
    return Error{ErrorCode::InvalidParams, file + " holds no password", {}};
  }
  return line;
}

// Only who has the role may see that a path exists at all.
void require_password(GstRTSPServer* server, const std::string& user, const std::string& password) {
  GstRTSPAuth* auth = gst_rtsp_auth_new();
  gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
  GstRTSPToken* token =
      gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, kRole, nullptr);
  gst_rtsp_auth_add_digest(auth, user.c_str(), password.c_str(), token);
  gst_rtsp_token_unref(token);
  gst_rtsp_server_set_auth(server, auth);
  g_object_unref(auth);
}

void add_mount(GstRTSPMountPoints* mounts, const std::string& path, GstRTSPMediaFactory* factory) {
  gst_rtsp_media_factory_add_role(factory, kRole, GST_RTSP_PERM_MEDIA_FACTORY_ACCESS,
                                  G_TYPE_BOOLEAN, TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT,
                                  G_TYPE_BOOLEAN, TRUE, nullptr);
  gst_rtsp_mount_points_add_factory(mounts, path.c_str(), factory);
}

Result<> configure(GstRTSPServer* server, const Options& options) {
  GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server);
  for (const std::string& text : options.clips) {
    const Result<Mount> mount = parse_mount(text);
    if (!mount) return mount.error();
    Result<Playlist> playlist = load_playlist(*mount, options.fps);
    if (!playlist) return std::move(playlist).error();
    add_mount(mounts, mount->path, clip_mount(std::move(*playlist), options.with_sound));
  }
  for (const std::string& path : options.jpeg_paths) add_mount(mounts, path, jpeg_mount());
  for (const std::string& path : options.sound_paths) add_mount(mounts, path, sound_mount());
  g_object_unref(mounts);
  if (options.max_sessions > 0) {
    GstRTSPSessionPool* sessions = gst_rtsp_server_get_session_pool(server);
    gst_rtsp_session_pool_set_max_sessions(sessions, options.max_sessions);
    g_object_unref(sessions);
  }
  if (!options.user.empty()) {
    const Result<std::string> password = first_line(options.password_file);
    if (!password) return password.error();
    require_password(server, options.user, *password);
  }
  return {};
}

gboolean quit(gpointer loop) {
  g_main_loop_quit(static_cast<GMainLoop*>(loop));
  return G_SOURCE_REMOVE;
}

gboolean on_stdin(gint fd, GIOCondition, gpointer loop) {
  char dropped[256];
  return ::read(fd, dropped, sizeof dropped) > 0 ? G_SOURCE_CONTINUE : quit(loop);
}

// A client that is gone without a word keeps its session only for a while.
gboolean forget_dead_sessions(gpointer server) {
  GstRTSPSessionPool* sessions = gst_rtsp_server_get_session_pool(GST_RTSP_SERVER(server));
  gst_rtsp_session_pool_cleanup(sessions);
  g_object_unref(sessions);
  return G_SOURCE_CONTINUE;
}

int serve(const Options& options) {
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  GstRTSPServer* server = gst_rtsp_server_new();
  gst_rtsp_server_set_address(server, kAddress);
  gst_rtsp_server_set_service(server, std::to_string(options.port).c_str());
  if (const Result<> configured = configure(server, options); !configured) {
    std::cerr << "bulkhead-demo-camera: " << configured.error().message << '\n';
    return EX_USAGE;
  }
  if (gst_rtsp_server_attach(server, nullptr) == 0) {
    std::cerr << "bulkhead-demo-camera: port " << options.port << " is taken\n";
    return EX_UNAVAILABLE;
  }
  constexpr guint kCleanupSeconds = 2;
  g_timeout_add_seconds(kCleanupSeconds, forget_dead_sessions, server);
  g_unix_signal_add(SIGTERM, quit, loop);
  g_unix_signal_add(SIGINT, quit, loop);
  if (options.until_stdin_ends) {
    g_unix_fd_add(STDIN_FILENO, static_cast<GIOCondition>(G_IO_IN | G_IO_HUP), on_stdin, loop);
  }
  std::cout << "ready rtsp://" << kAddress << ':' << gst_rtsp_server_get_bound_port(server) << "/\n"
            << std::flush;
  g_main_loop_run(loop);
  // Clients see their connection close; taking down each pipeline in order would gain nothing.
  std::cout << std::flush;
  ::_exit(EXIT_SUCCESS);
}

}  // namespace

}  // namespace bulkhead::deploy

int main(int argc, char** argv) {
  bulkhead::deploy::Options options;
  CLI::App app{
      "A real RTSP camera made of clips, on 127.0.0.1. Prints one line when it is ready:\n"
      "ready rtsp://127.0.0.1:PORT/"};
  app.add_option("--port", options.port, "0: any free one")->capture_default_str();
  app.add_option("--mount", options.clips,
                 "/path=clip[,clip…]: H.264 or H.265 in mp4, or an elementary stream; looped")
      ->allow_extra_args(false);
  app.add_option("--mount-mjpeg", options.jpeg_paths, "/path: a stream of JPEG pictures");
  app.add_option("--mount-sound", options.sound_paths, "/path: a stream without video");
  auto* user = app.add_option("--user", options.user, "ask for this user and a password");
  app.add_option("--password-file", options.password_file, "its first line is the password")
      ->needs(user);
  app.add_option("--fps", options.fps, "pictures a second, instead of the clips' own rate");
  app.add_option("--max-sessions", options.max_sessions, "refuse more clients than that");
  app.add_flag("--with-sound", options.with_sound, "add an audio stream to each clip");
  app.add_flag("--until-stdin-ends", options.until_stdin_ends, "stop at the end of stdin too");
  CLI11_PARSE(app, argc, argv);
  gst_init(nullptr, nullptr);
  return bulkhead::deploy::serve(options);
}

"""A web server over TLS for tests of fetching, with each way of misbehaving that one test needs, and
the smallest file that is an ONNX model by its outside."""

import contextlib
import hashlib
import http.server
import pathlib
import ssl
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import certificates  # noqa: E402


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class ModelServer:
    """Serves `files` ("/name": bytes). `behave` ("/name": function of the handler) answers instead.
    `asked` has a (path, Range header) for each request."""

    def __init__(self, folder, authority=None, is_tls=True, names="DNS:localhost,IP:127.0.0.1"):
        self.files = {}
        self.behave = {}
        self.asked = []
        self.released = threading.Event()  # ends what a server of a test holds back
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.asked.append((self.path, self.headers.get("Range")))
                behave = server.behave.get(self.path, server._serve)
                with contextlib.suppress(OSError):
                    behave(self)

            def log_message(self, *_):
                pass

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        scheme = "http"
        if is_tls:
            scheme = "https"
            self.authority = authority or certificates.Authority(folder)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.authority.vouch(f"models{self.port}", names))
            # The handshake is each connection's own thread's, which one that stalls holds up.
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True,
                                                    do_handshake_on_connect=False)
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def _serve(self, handler):
        content = self.files.get(handler.path)
        if content is None:
            return handler.send_error(404)
        offset = 0
        if wanted := handler.headers.get("Range"):
            offset = int(wanted.removeprefix("bytes=").removesuffix("-"))
        handler.send_response(206 if offset else 200)
        if offset:
            handler.send_header("Content-Range", f"bytes {offset}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - offset))
        handler.end_headers()
        handler.wfile.write(content[offset:])

    def cut_after(self, path, count):
        """The next request for `path` ends after `count` bytes, later ones do not."""
        def cut(handler):
            del self.behave[path]
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(self.files[path])))
            handler.end_headers()
            handler.wfile.write(self.files[path][:count])
            handler.close_connection = True
        self.behave[path] = cut

    def redirect(self, path, to):
        def answer(handler):
            handler.send_response(302)
            handler.send_header("Location", to)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        self.behave[path] = answer

    def pinned(self, path, of=None):
        """The address of a model that is meant by its content."""
        return f"{self.url}{path}#sha256={sha256(self.files[path]) if of is None else of}"

    def close(self):
        self.released.set()
        self._http.shutdown()
        self._http.server_close()


def _field(number, content):
    if isinstance(content, int):
        return bytes([number << 3]) + _varint(content)
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _tensor(name, shape):
    dims = b"".join(_field(1, _field(1, side)) for side in shape)
    kind = _field(1, 1) + _field(2, dims)
    return _field(1, name) + _field(2, _field(1, kind))


def onnx_outside(padding=0):
    """What an engine would refuse, but has the signature of a model: input, output, opset."""
    graph = (_field(2, b"g") + _field(11, _tensor(b"images", (1, 3, 64, 64))) +
             _field(12, _tensor(b"output0", (1, 84, 84))))
    model = _field(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _field(2, 17))
    return model + (_field(6, b"x" * padding) if padding else b"")


def onnx_hungry(megabytes, side=416):
    """A small file that an engine runs, with the shapes of a detector and a tensor of that size in
    between."""
    images = _tensor(b"images", (1, 3, side, side))
    boxes = (1, 84, sum((side // stride) ** 2 for stride in (8, 16, 32)))

    def step(kind, inputs, output):
        return _field(1, b"".join(_field(1, name) for name in inputs) + _field(2, output) +
                      _field(4, kind))

    def shape(name, sides):  # a weight of 64 bit integers
        return _field(5, _field(1, len(sides)) + _field(2, 7) + _field(8, name) +
                      _field(9, b"".join(side.to_bytes(8, "little") for side in sides)))
    # What depends on the input cannot be folded when it is loaded.
    graph = (step(b"ReduceMean", [b"images"], b"mean") +
             step(b"Expand", [b"mean", b"huge"], b"spread") +
             step(b"ReduceMean", [b"spread"], b"again") +
             step(b"Reshape", [b"again", b"one"], b"flat") +
             step(b"Expand", [b"flat", b"boxes"], b"output0") + _field(2, b"g") +
             shape(b"huge", [1, 1, 1, megabytes * 2**20 // 4]) + shape(b"one", [1, 1, 1]) +
             shape(b"boxes", boxes) + _field(11, images) + _field(12, _tensor(b"output0", boxes)))
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _field(2, 17))

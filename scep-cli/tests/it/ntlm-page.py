# The admin page of NDES, guarded by somebody else's NTLM (pyspnego): prints its port, serves one
# connection after the other.
import base64, os, sys, tempfile
from http.server import BaseHTTPRequestHandler, HTTPServer

accounts = tempfile.NamedTemporaryFile("w", suffix=".txt")
accounts.write("LAB:ndes-admin:secret\n")
accounts.flush()
os.environ["NTLM_USER_FILE"] = accounts.name
import spnego

PAGE = "<TITLE>Network Device Enrollment Service</TITLE><B> 0123456789ABCDEF </B>"
SCHEME = sys.argv[1]


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    context = None

    def answer(self, status, body=b"", offer=None):
        self.send_response(status)
        if offer:
            self.send_header("WWW-Authenticate", offer)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != SCHEME:
            return self.answer(401, offer=SCHEME)
        if self.context is None:
            self.context = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
        try:
            out = self.context.step(base64.b64decode(token))
        except spnego.exceptions.SpnegoError as error:
            print(error, file=sys.stderr)
            return self.answer(401, offer=SCHEME)
        if not self.context.complete:
            return self.answer(401, offer=f"{SCHEME} {base64.b64encode(out).decode()}")
        return self.answer(200, PAGE.encode("utf-16-le"))

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Page)
print(server.server_address[1], flush=True)
server.serve_forever()

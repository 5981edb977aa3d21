"""A small Git LFS server for the tests: uploads by the batch API, and strict about them.

lfs_server.py --port-file FILE --folder DIR --log FILE [--slow SECONDS] [--lie]
Name and password are mirror and s3cret. Each request is a line of the log. What does not have the hash and size it is named by is
refused; an object counts once it has been verified. --lie: says yes to every upload and keeps none."""
import argparse
import base64
import hashlib
import http.server
import json
import os
import time

p = argparse.ArgumentParser()
for name in ("--port-file", "--folder", "--log"):
    p.add_argument(name, required=True)
p.add_argument("--slow", type=float, default=0)
p.add_argument("--lie", action="store_true")
options = p.parse_args()
os.makedirs(options.folder, exist_ok=True)
LFS = "application/vnd.git-lfs+json"
GRANT = "Basic " + base64.b64encode(b"mirror:s3cret").decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, status):
        with open(options.log, "a") as f:
            f.write(f"{self.command} {self.path} {status}\n")

    def answer(self, status, value=None):
        body = json.dumps(value).encode() if value is not None else b""
        self.note(status)
        self.send_response(status)
        if status == 401:
            self.send_header("LFS-Authenticate", 'Basic realm="lfs"')
        self.send_header("Content-Type", LFS)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"]))

    def url(self, path):
        return f"http://{self.headers['Host']}{path}"

    def item(self, o):
        path = os.path.join(options.folder, o["oid"])
        if os.path.exists(path) and os.path.getsize(path) == o["size"]:
            return {"oid": o["oid"], "size": o["size"]}
        put = {"href": self.url("/put/" + o["oid"]), "header": {"X-Size": str(o["size"])}, "expires_in": 3600}
        return {"oid": o["oid"], "size": o["size"], "authenticated": True,
                "actions": {"upload": put, "verify": {"href": self.url("/verify")}}}

    def do_POST(self):
        body = self.body()
        if self.headers.get("Authorization") != GRANT:
            return self.answer(401, {"message": "who are you?"})
        q = json.loads(body)
        if self.path == "/verify":
            part, path = (os.path.join(options.folder, q["oid"] + end) for end in (".part", ""))
            if options.lie:
                return self.answer(200, {})
            if not os.path.exists(part) or os.path.getsize(part) != q["size"]:
                return self.answer(404, {"message": "it is not here"})
            os.rename(part, path)
            return self.answer(200, {})
        if not self.path.endswith("/objects/batch") or q["operation"] != "upload" or "basic" not in q["transfers"]:
            return self.answer(422, {"message": "what?"})
        assert self.headers["Accept"] == LFS and self.headers["Content-Type"] == LFS and len(q["objects"]) <= 100
        return self.answer(200, {"transfer": "basic", "objects": [self.item(o) for o in q["objects"]]})

    def do_PUT(self):
        if self.headers.get("Authorization") != GRANT:
            return self.answer(401)
        body, name = self.body(), self.path.rsplit("/", 1)[1]
        time.sleep(options.slow)
        if hashlib.sha256(body).hexdigest() != name or str(len(body)) != self.headers["X-Size"]:
            return self.answer(422, {"message": "these are other bytes"})
        if not options.lie:
            with open(os.path.join(options.folder, name + ".part"), "wb") as f:
                f.write(body)
        return self.answer(200, {})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(options.port_file + ".new", "w") as f:
    f.write(str(server.server_port))
os.rename(options.port_file + ".new", options.port_file)
server.serve_forever()
